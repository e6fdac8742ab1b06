"""The stack of `app.py`: one group with a hub of its own, from settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_app.delivery import EndpointDelivery
from cdk_app.deploy_server import DeployServer
from cdk_app.group import DeployedAutoScalingGroup
from cdk_app.host_template import HostTemplate
from cdk_app.hub import DeployHub
from cdk_app.login import KeyFile, SecretField
from cdk_app.ssh_access import NewBastion

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_app.config import Config

__all__ = ["DeployedAutoScalingGroupStack"]


class DeployedAutoScalingGroupStack(Stack):
    """One deployed Auto Scaling group and all that it needs.

    Parameters
    ----------
    config
        Settings.
    env
        Account and region (- those of whoever deploys).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, env: Environment | None = None
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        credentials = secretsmanager.Secret.from_secret_name_v2(
            self, "DeployCredentials", config.deploy_secret_name
        )
        by_endpoint = config.delivery == "endpoint"
        properties = dict(config.template_properties)
        # A property of the hosts for Deploy, a way to log in for us.
        key_file = properties.pop("privateKeyFile", None)
        hub = DeployHub(
            self,
            "Hub",
            deploy=DeployServer(
                url=config.deploy_url,
                credentials=credentials,
                cloud_credentials=secretsmanager.Secret.from_secret_name_v2(
                    self, "CloudCredentials", config.cloud_secret_name
                )
                if config.cloud_secret_name
                else None,
                allow_plain_http=config.allow_plain_http,
            ),
            bastion=NewBastion(allowed_cidrs=config.bastion_allowed_cidrs),
            login=KeyFile(path=str(key_file)) if key_file else None,
            vpc=self._vpc(config),
            vpc_cidr=None if config.vpc_id else config.vpc_cidr,
            delay=None if by_endpoint else Duration.seconds(config.delay_seconds),
            delivery=EndpointDelivery(authorization=SecretField(secret=credentials, name="authorization"))
            if by_endpoint
            else None,
        )
        group = DeployedAutoScalingGroup(
            self,
            "Group",
            hub=hub,
            group_name=config.group_name,
            max_capacity=config.group_max_capacity,
            instance_type=ec2.InstanceType(config.instance_type),
            host_template=HostTemplate(properties=properties),
            reconcile_interval=None if by_endpoint else Duration.minutes(config.schedule_minutes),
        )
        outputs = {
            "ApiUrl": hub.api.url,
            "ApiId": hub.api.rest_api_id,
            "GroupName": group.group_name,
            "GroupKey": group.group_key,
            "BastionAddress": hub.bastion.address if hub.bastion else "",
            "EventsDeadLetterQueueUrl": hub.events_dead_letter_queue.queue_url,
            # What an engineer must know after a deployment: lacking permissions, items that were left out.
            "HubSeedRemarks": hub.seed.remarks,
            "GroupSeedRemarks": group.seed.remarks,
        }
        if not by_endpoint:
            outputs["QueueUrl"] = hub.queue.queue_url
            outputs["DeadLetterQueueUrl"] = hub.dead_letter_queue.queue_url
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _vpc(self, config: Config) -> ec2.IVpc | None:
        if config.vpc_id:
            return ec2.Vpc.from_lookup(self, "Vpc", vpc_id=config.vpc_id)
        return None
