"""What several groups share: the way to Deploy, the queue, the functions and the bastion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Arn, ArnComponents, Aws, Duration, Names, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct, DependencyGroup

from cdk_app.api import HintApi
from cdk_app.bastion import JUMP_USER, Bastion
from cdk_app.queue import HintQueue
from cdk_app.reconciler import RECONCILER_TIMEOUT, Reconciler
from cdk_app.seed import ConfigurationItem, Seed, ValueSource
from cdk_app.seeder import Seeder

if TYPE_CHECKING:
    from cdk_app.options import DeployServer, NewBastion

__all__ = ["DeployHub"]


class DeployHub(Construct):
    """Everything that Auto Scaling groups deployed to by one Deploy server can share.

    Parameters
    ----------
    deploy
        The Deploy server.
    bastion
        How its connections reach private instances.
    vpc
        Network of bastion and groups (- a new one over two Availability Zones with one NAT gateway).
    delay
        How long a hint rests, 0 to 15 minutes, so that a burst of events becomes one look (- 2 seconds).
    max_concurrency
        Groups reconciled at the same time, 2 to 1000.

    Attributes
    ----------
    vpc : aws_cdk.aws_ec2.IVpc
        The network.
    key_pair : aws_cdk.aws_ec2.KeyPair
        ED25519 key pair of bastion and instances; its private key is in SSM under ``/ec2/keypair/``.
    bastion : cdk_app.bastion.Bastion
        The bastion.
    api : aws_cdk.aws_apigateway.RestApi
        The API.
    queue, dead_letter_queue : aws_cdk.aws_sqs.Queue
        Hints, and those that could not be done.
    events_dead_letter_queue : aws_cdk.aws_sqs.Queue
        Events that the API did not take.
    reconciler : cdk_app.reconciler.Reconciler
        The function that does the work.
    seeder : cdk_app.seeder.Seeder
        Creates configuration items for the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deploy: DeployServer,
        bastion: NewBastion,
        vpc: ec2.IVpc | None = None,
        delay: Duration | None = None,
        max_concurrency: int = 5,
    ) -> None:
        super().__init__(scope, construct_id)
        self.id = Names.unique_resource_name(self, max_length=60, separator="-")
        self.groups_prefix = f"/deployed-auto-scaling-group/{self.id}/groups"
        self.vpc = vpc or _new_vpc(self)
        # The key never leaves AWS but for Deploy; ED25519 works with every combination of servers.
        self.key_pair = ec2.KeyPair(self, "KeyPair", type=ec2.KeyPairType.ED25519)
        self.group_subnets = self.vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.bastion = Bastion(
            self,
            "Bastion",
            vpc=self.vpc,
            key_pair=self.key_pair,
            target_subnets=self.group_subnets.subnets,
            options=bastion,
        )
        hints = HintQueue(
            self,
            "Hints",
            delay=Duration.seconds(2) if delay is None else delay,
            # A crash blocks the group for as long: little more than the longest run.
            visibility_timeout=RECONCILER_TIMEOUT.plus(Duration.minutes(1)),
        )
        self.queue = hints.queue
        self.dead_letter_queue = hints.dead_letter_queue
        self.events_dead_letter_queue = self._events_dead_letter_queue()
        events = HintApi(self, "Events", queue=self.queue)
        self.api = events.api
        self.reconciler = Reconciler(
            self,
            "Reconciler",
            deploy=deploy,
            queue=self.queue,
            groups_prefix=self.groups_prefix,
            max_concurrency=max_concurrency,
        )
        self.seeder = Seeder(
            self,
            "Seeder",
            deploy=deploy,
            records_prefix=f"/deployed-auto-scaling-group/{self.id}/records",
        )
        self.key_source = ValueSource(parameter=self.key_pair.private_key.parameter_name)
        self._grant_reads()
        self.region_directory = f"aws/{Aws.ACCOUNT_ID}/{Aws.REGION}"
        self.jumpstation = f"Infrastructure/{self.region_directory}/{self.id}-bastion"
        self.seed = Seed(
            self,
            "Seed",
            seeder=self.seeder,
            record="hub",
            items=[
                ConfigurationItem(
                    id=self.jumpstation,
                    type="overthere.SshJumpstation",
                    properties={
                        "os": "UNIX",
                        "address": self.bastion.address,
                        "port": "22",
                        "username": JUMP_USER,
                    },
                    secret_properties={"privateKey": self.key_source},
                )
            ],
        )
        self.in_operation = DependencyGroup(events, hints, self.reconciler, self.seed, self.bastion)
        """What must be there from a group's first instance to its last."""

    def _events_dead_letter_queue(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "EventsDeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        rules = Arn.format(
            ArnComponents(service="events", resource="rule", resource_name="*"), Stack.of(self)
        )
        # All rules of the account, not one statement a rule: the groups may be in other stacks.
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rules}},
            )
        )
        return queue

    def _grant_reads(self) -> None:
        stack = Stack.of(self)
        key = Arn.format(
            ArnComponents(
                service="ssm",
                resource="parameter",
                resource_name=f"ec2/keypair/{self.key_pair.key_pair_id}",
            ),
            stack,
        )
        groups = Arn.format(
            ArnComponents(
                service="ssm", resource="parameter", resource_name=f"{self.groups_prefix.lstrip('/')}/*"
            ),
            stack,
        )
        read = iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[key])
        self.seeder.role.add_to_principal_policy(read)
        self.reconciler.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[key, groups])
        )


def _new_vpc(scope: Construct) -> ec2.Vpc:
    return ec2.Vpc(
        scope,
        "Vpc",
        max_azs=2,
        nat_gateways=1,
        # Nothing of ours is in the default security group; emptying it would take a function of its own.
        restrict_default_security_group=False,
    )
