"""What several groups share: the way to Deploy, the queue, the functions and the bastion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Aws, Names
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, DependencyGroup, IDependable

from cdk_app.delivery import EndpointDelivery
from cdk_app.deploy_server import DeployServer
from cdk_app.endpoint_api import EndpointApi
from cdk_app.function import FunctionOptions
from cdk_app.function_network import FunctionNetwork
from cdk_app.group_names import TakenNames
from cdk_app.handling import Handling
from cdk_app.instance_access import InstanceAccess
from cdk_app.network import network, selected_subnets
from cdk_app.observability import Observability
from cdk_app.options import check_type
from cdk_app.queue import EventsDeadLetterQueue
from cdk_app.secret_access import secret_statements
from cdk_app.seed import Seed
from cdk_app.seeder import Seeder
from cdk_app.shared_items import shared_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Duration
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

    from cdk_app.api import HintApi
    from cdk_app.login import Login
    from cdk_app.reconciler import Reconciler
    from cdk_app.ssh_access import SshAccess

__all__ = ["DeployHub"]


@jsii.implements(ec2.IConnectable)
class DeployHub(Construct):
    """Everything that Auto Scaling groups deployed to by one Deploy server can share.

    Parameters
    ----------
    deploy
        The Deploy server.
    bastion
        How its SSH connections reach private instances: a bastion of our own, an existing jumpstation, or
        directly.
    vpc
        Network of bastion and groups (- a new one over two Availability Zones with one NAT gateway).
    vpc_cidr
        Range of the new network (- 10.20.0.0/16). Only without `vpc`.
    subnets
        Subnets of the groups, and of functions that run in the network (- the private ones with a way out).
    login
        How Deploy logs in to the instances (- with an ED25519 key pair made here, whose private key
        CloudFormation leaves in SSM under ``/ec2/keypair/``).
    delay
        How long a hint rests, 0 to 15 minutes, so that a burst of events becomes one look (- 2 seconds).
    max_concurrency
        Groups reconciled at the same time, 2 to 1000 (- 5).
    delivery
        How events get handled (- by a queue and a function of ours). With an `EndpointDelivery` they go
        straight into Deploy.
    alarm_topic
        Where alarms are sent (- nowhere, unless `alarm_emails` are given).
    alarm_emails
        Addresses that alarms are mailed to, by a topic made here. Only without `alarm_topic`.
    tracing
        Send traces of the functions and the API to X-Ray.

    Attributes
    ----------
    vpc : aws_cdk.aws_ec2.IVpc
        The network.
    group_subnets : aws_cdk.aws_ec2.SelectedSubnets
        Subnets of the groups.
    bastion : cdk_app.bastion.Bastion or None
        The bastion, if it is ours.
    jumpstation : str or None
        Id of the jumpstation in Deploy.
    key_pair : aws_cdk.aws_ec2.KeyPair or None
        The key pair, if it is ours.
    login : cdk_app.login.Login
        How Deploy logs in.
    api : aws_cdk.aws_apigateway.RestApi
        The API.
    queue, dead_letter_queue : aws_cdk.aws_sqs.Queue
        Hints, and those that could not be done. These, `ledger` and `reconciler` are of the handler delivery.
    events_dead_letter_queue : aws_cdk.aws_sqs.Queue
        Events that neither API nor queue took.
    ledger : aws_cdk.aws_dynamodb.Table
        What the reconciler remembers.
    reconciler : cdk_app.reconciler.Reconciler
        The function that does the work.
    seeder : cdk_app.seeder.Seeder
        Creates configuration items for the stack.
    seed : cdk_app.seed.Seed
        Those that the groups share.
    server, cloud : str
        Ids in Deploy of the connections to Deploy itself and to AWS; `cloud` is None without a key.
    observability : cdk_app.observability.Observability
        Alarms and dashboard.
    connections : aws_cdk.aws_ec2.Connections
        Of the functions, if they run in the network.

    Raises
    ------
    ValueError
        If options exclude each other, or a number is out of range.
    TypeError
        If `deploy`, `bastion` or `login` is something else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deploy: DeployServer,
        bastion: SshAccess,
        vpc: ec2.IVpc | None = None,
        vpc_cidr: str | None = None,
        subnets: ec2.SubnetSelection | None = None,
        login: Login | None = None,
        delay: Duration | None = None,
        max_concurrency: int | None = None,
        delivery: EndpointDelivery | None = None,
        alarm_topic: sns.ITopic | None = None,
        alarm_emails: Sequence[str] = (),
        tracing: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        check_type("deploy", deploy, DeployServer, "pass a DeployServer")
        check_type("delivery", delivery, EndpointDelivery | None, "leave it out for the queue")
        self.id = Names.unique_resource_name(self, max_length=60, separator="-")
        self.region_directory = f"aws/{Aws.ACCOUNT_ID}/{Aws.REGION}"
        self._prefix = f"/deployed-auto-scaling-group/{self.id}"
        self.groups_prefix = f"{self._prefix}/groups"
        self.taken_names = TakenNames()
        self.vpc = network(self, vpc, vpc_cidr)
        self.group_subnets = selected_subnets(self.vpc, subnets)
        self.access = self._access(login, bastion)
        self.login, self.key_pair = self.access.login, self.access.key_pair
        self.bastion, self.jumpstation = self.access.bastion, self.access.jumpstation
        self._dead_events = EventsDeadLetterQueue(self, "EventsDeadLetters")
        self.events_dead_letter_queue = self._dead_events.queue
        self._network = self._function_network(deploy) if deploy.private else None
        options = FunctionOptions(hub_id=self.id, deploy=deploy, network=self._network, tracing=tracing)
        self._handling: Handling | None = None
        self._events: HintApi | EndpointApi
        if delivery is None:
            self._handling = self._handle(options, delay, max_concurrency)
            self._events = self._handling.events
        else:
            delivery.check(deploy, delay, max_concurrency)
            self._events = EndpointApi(
                self, "Events", name=self.id, deploy=deploy, delivery=delivery, tracing=tracing
            )
        self.api = self._events.api
        self.seeder = Seeder(self, "Seeder", options=options, records_prefix=f"{self._prefix}/records")
        self._grant_reads(deploy)
        self.server = f"Configuration/{self.region_directory}/{self.id}-server"
        self.cloud = self._cloud(deploy, delivery)
        self.seed = self._seed(deploy)
        self.observability = Observability(
            self,
            "Observability",
            api=self.api,
            dead_events=self._dead_events,
            handling=self._handling,
            alarm_topic=alarm_topic,
            alarm_emails=alarm_emails,
        )
        deploy.warn(self)

    @property
    def queue(self) -> sqs.Queue:
        """Queue of hints."""
        return self._handled("queue").hints.queue

    @property
    def dead_letter_queue(self) -> sqs.Queue:
        """Queue of the hints that could not be done."""
        return self._handled("dead_letter_queue").hints.dead_letter_queue

    @property
    def ledger(self) -> dynamodb.Table:
        """What the reconciler remembers."""
        return self._handled("ledger").ledger.table

    @property
    def reconciler(self) -> Reconciler:
        """The function that does the work."""
        return self._handled("reconciler").reconciler

    @property
    def function_roles(self) -> list[iam.IRole]:
        """Roles of the functions that talk to Deploy."""
        handled = [self._handling.reconciler.role] if self._handling else []
        return [*handled, self.seeder.role]

    @property
    def by_endpoint(self) -> bool:
        """Whether events go straight into Deploy."""
        return self._handling is None

    def _handled(self, what: str) -> Handling:
        if self._handling is None:
            raise ValueError(
                f"{what} of the hub: got endpoint delivery, which has none, expected handler delivery; "
                "leave out delivery="
            )
        return self._handling

    @property
    def connections(self) -> ec2.Connections:
        """Connections of the functions.

        Raises
        ------
        ValueError
            If they run outside of the network.
        """
        if self._network is None:
            raise ValueError(
                "connections of the hub: got functions outside of the network, expected them inside; "
                "set private=True on the DeployServer, or use .bastion.security_group for SSH"
            )
        return self._network.security_group.connections

    @property
    def in_operation(self) -> IDependable:
        """What must be there from a group's first instance to its last."""
        parts: list[IDependable] = [
            self._events,
            self.seed,
            *(self._handling.parts if self._handling else ()),
        ]
        if self.bastion is not None:
            parts.append(self.bastion)
        return DependencyGroup(*parts)

    def metric(self, name: str, **options: str | Duration) -> cloudwatch.Metric:
        """Return a metric of the reconciler's own: `cdk_app.reconciler.Reconciler.metric`."""
        return self.reconciler.metric(name, **options)

    def metric_dead_hints(self) -> cloudwatch.Metric:
        """Return the number of hints that could not be done."""
        return self._handled("metric_dead_hints").hints.metric_dead_letters()

    def metric_dead_events(self) -> cloudwatch.Metric:
        """Return the number of events that were not taken."""
        return self._dead_events.metric_dead_letters()

    def metric_oldest_hint(self) -> cloudwatch.Metric:
        """Return the age in seconds of the hint that waits longest."""
        return self._handled("metric_oldest_hint").hints.metric_oldest()

    def _access(self, login: Login | None, ssh: SshAccess) -> InstanceAccess:
        return InstanceAccess.of(
            self,
            login=login,
            ssh=ssh,
            vpc=self.vpc,
            subnets=self.group_subnets.subnets,
            bastion_id=f"Infrastructure/{self.region_directory}/{self.id}-bastion",
        )

    def _function_network(self, deploy: DeployServer) -> FunctionNetwork:
        return FunctionNetwork(
            self, "FunctionNetwork", vpc=self.vpc, subnets=self.group_subnets, ports=deploy.ports
        )

    def _handle(
        self, options: FunctionOptions, delay: Duration | None, max_concurrency: int | None
    ) -> Handling:
        return Handling.of(
            self,
            options=options,
            groups_prefix=self.groups_prefix,
            dead_letter_queue=self.events_dead_letter_queue,
            delay=delay,
            max_concurrency=max_concurrency,
        )

    def _cloud(self, deploy: DeployServer, delivery: EndpointDelivery | None) -> str | None:
        if deploy.cloud_credentials is not None:
            return f"Infrastructure/{self.region_directory}/{self.id}-cloud"
        return delivery.cloud if delivery else None

    def _seed(self, deploy: DeployServer) -> Seed:
        items = shared_items(server=self.server, cloud=self.cloud, deploy=deploy, access=self.access)
        seed = Seed(self, "Seed", seeder=self.seeder, record="hub", items=items)
        # The directories that groups share belong to none of them.
        seed.add_directory(f"Infrastructure/{self.region_directory}")
        return seed

    def _grant_reads(self, deploy: DeployServer) -> None:
        for role in self.function_roles:
            for statement in self.login.read_statements():
                role.add_to_principal_policy(statement)
        if deploy.cloud_credentials is not None:
            for statement in secret_statements(deploy.cloud_credentials):
                self.seeder.role.add_to_principal_policy(statement)
