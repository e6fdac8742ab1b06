"""How a group's events get where they are handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.options import refuse

if TYPE_CHECKING:
    from aws_cdk import Duration
    from aws_cdk import aws_apigateway as apigateway

    from cdk_app.deploy_server import DeployServer
    from cdk_app.login import SecretField

__all__ = ["EndpointDelivery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDelivery:
    """Events go straight into Deploy, to the endpoint of this package's plugin there: no function, no queue.

    Deploy must have the plugin, and a certificate that API Gateway trusts. There is no schedule and there are
    no lifecycle hooks then: ``docs/plugin.md`` lists what is lost.

    Parameters
    ----------
    authorization
        Field of a secret that holds the whole value of the ``Authorization`` header: ``Basic`` and the base64
        form of ``user:password``, or of ``:token``. CloudFormation puts it into the API when the stack is
        deployed; it is in no template.
    cloud
        Id of an existing ``aws.Cloud`` item in Deploy whose access key may describe instances (- the one made
        with `cloud_credentials` of the Deploy server).
    vpc_link
        Link into the network of a Deploy server that is private (- it is reached over the internet).
    """

    authorization: SecretField
    cloud: str | None = None
    vpc_link: apigateway.IVpcLink | None = None

    def check(self, deploy: DeployServer, delay: Duration | None, max_concurrency: int | None) -> None:
        """Refuse what does not go with this delivery.

        Parameters
        ----------
        deploy, delay, max_concurrency
            As the hub got them.

        Raises
        ------
        ValueError
            If there is an option of the queue, or not exactly one access key for the plugin.
        """
        refuse(
            {"delay": delay, "max_concurrency": max_concurrency},
            "together with endpoint delivery",
            "it is about the queue of the handler delivery",
        )
        if (self.cloud is None) == (deploy.cloud_credentials is None):
            found = "neither" if self.cloud is None else "both"
            raise ValueError(
                f"cloud of the endpoint delivery: got {found} an existing item and cloud_credentials of "
                "the Deploy server, expected one of them; the plugin asks AWS about instances with that "
                "access key"
            )
