"""The front door of the endpoint delivery: an API whose method calls the plugin's endpoint inside Deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from cdk_app.api import EVENT_SCHEMA, mapping_template, rest_api

if TYPE_CHECKING:
    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_server import DeployServer

__all__ = ["EndpointApi"]

_PATH = "/api/extension/aws/asg/event"

_PATTERNS = {"200": r"2\d{2}", "400": r"4(?!08|29)\d{2}", "503": None}
"""Method status by Deploy's status. EventBridge tries 503 again and dead-letters 400; what fits no pattern,
such as a proxy's redirect, may pass, so it is 503 too."""

_ANSWERS = {
    "200": "$input.json('$.entity')",
    # Not Deploy's own words: those of its web server are no JSON, and may tell what is nobody's business.
    "400": '{"message":"Deploy refused the event; GET /api/extension/aws/asg/status there may tell why"}',
    "503": '{"message":"not done yet, or Deploy is not available; try again"}',
}


class EndpointApi(Construct):
    """Regional REST API with IAM authorization: ``POST /events`` calls the plugin in Deploy.

    Answers: 200 the instance is in place, or gone; 400 refused (EventBridge then dead-letters the event); 503
    not done yet, or Deploy not available (EventBridge then brings it again).

    Parameters
    ----------
    name
        Its name.
    deploy
        The Deploy server.
    delivery
        How to log in there, and the way into its network.
    tracing
        Send traces to X-Ray.

    Attributes
    ----------
    api : aws_cdk.aws_apigateway.RestApi
        The API.

    Raises
    ------
    ValueError
        If the server is private and there is no link into its network.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        deploy: DeployServer,
        delivery: EndpointDelivery,
        tracing: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        if deploy.private and delivery.vpc_link is None:
            raise ValueError(
                "vpc_link of the endpoint delivery: got nothing for a private Deploy server, expected a link "
                "into its network; pass vpc_link="
            )
        self.api = rest_api(
            self,
            name=name,
            description="Events of Auto Scaling groups for Digital.ai Deploy",
            tracing=tracing,
            # Deploy has some 24 HTTP threads by default, and each event makes calls of its own there.
            rate_limit=5,
            burst_limit=10,
        )
        self.api.root.add_resource("events").add_method(
            "POST",
            self._integration(deploy, delivery),
            request_models={"application/json": self.api.add_model("Event", schema=EVENT_SCHEMA)},
            request_validator=apigateway.RequestValidator(
                self,
                "EventsValidator",
                rest_api=self.api,
                validate_request_body=True,
                validate_request_parameters=True,
            ),
            method_responses=[apigateway.MethodResponse(status_code=status) for status in _PATTERNS],
        )

    def _integration(self, deploy: DeployServer, delivery: EndpointDelivery) -> apigateway.HttpIntegration:
        field = delivery.authorization
        # A dynamic reference: CloudFormation reads the value when it makes the method.
        login = field.secret.secret_value_from_json(field.name).unsafe_unwrap()
        linked = delivery.vpc_link is not None
        return apigateway.HttpIntegration(
            f"{deploy.root}{_PATH}",
            http_method="POST",
            proxy=False,
            options=apigateway.IntegrationOptions(
                connection_type=apigateway.ConnectionType.VPC_LINK if linked else None,
                vpc_link=delivery.vpc_link,
                passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
                request_parameters={
                    "integration.request.header.Authorization": f"'{login}'",
                    "integration.request.header.Content-Type": "'application/json'",
                    "integration.request.header.Accept": "'application/json'",
                },
                request_templates={"application/json": mapping_template("endpoint")},
                integration_responses=[
                    apigateway.IntegrationResponse(
                        status_code=status,
                        selection_pattern=pattern,
                        response_templates={"application/json": _ANSWERS[status]},
                    )
                    for status, pattern in _PATTERNS.items()
                ],
            ),
        )
