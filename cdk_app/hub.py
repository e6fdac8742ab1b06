"""What several groups share: the way to Deploy, the queue, the functions and the bastion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jsii
from aws_cdk import Annotations, Arn, ArnComponents, Aws, Duration, Names, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup, IDependable

from cdk_app.acknowledgements import acknowledge_wild_card
from cdk_app.bastion import Bastion
from cdk_app.endpoint_api import EndpointApi
from cdk_app.function import METRICS_NAMESPACE
from cdk_app.function_network import FunctionNetwork
from cdk_app.handling import Handling
from cdk_app.login import KeyFile, StoredKey
from cdk_app.network import new_vpc
from cdk_app.observability import Observability
from cdk_app.queue import EventsDeadLetterQueue
from cdk_app.seed import Seed
from cdk_app.seeder import Seeder
from cdk_app.shared_items import (
    cloud_connection,
    cloud_connection_statements,
    deploy_connection,
    jumpstation,
)
from cdk_app.ssh_access import ExistingJumpstation, NewBastion, SshAccess, peers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

    from cdk_app.api import HintApi
    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_server import DeployServer
    from cdk_app.host_template import HostTemplate
    from cdk_app.login import Login
    from cdk_app.reconciler import Reconciler

__all__ = ["DeployHub"]

_VPC_CIDR = "10.20.0.0/16"


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
        Events that the API did not take.
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
        self.id = Names.unique_resource_name(self, max_length=60, separator="-")
        self.region_directory = f"aws/{Aws.ACCOUNT_ID}/{Aws.REGION}"
        self.groups_prefix = f"/deployed-auto-scaling-group/{self.id}/groups"
        self._groups: dict[str, str] = {}
        self.vpc = self._network(vpc, vpc_cidr)
        selection = subnets or ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.group_subnets = self.vpc.select_subnets(
            availability_zones=selection.availability_zones,
            one_per_az=selection.one_per_az,
            subnet_filters=selection.subnet_filters,
            subnet_group_name=selection.subnet_group_name,
            subnets=selection.subnets,
            subnet_type=selection.subnet_type,
        )
        self.key_pair: ec2.KeyPair | None = None
        self.login: Login
        if login is None or (isinstance(login, KeyFile) and login.key_pair is None):
            self.login = self._own_login(login)
        else:
            self.login = login
        self._access = bastion
        self.bastion = self._own_bastion(bastion) if isinstance(bastion, NewBastion) else None
        self.events_dead_letter_queue = EventsDeadLetterQueue(self, "EventsDeadLetters").queue
        self._function_network = (
            FunctionNetwork(
                self, "FunctionNetwork", vpc=self.vpc, subnets=self.group_subnets, ports=deploy.ports
            )
            if deploy.private
            else None
        )
        self._handling: Handling | None = None
        self._events: HintApi | EndpointApi
        if delivery is None:
            self._handling = Handling.of(
                self,
                deploy=deploy,
                delay=delay,
                max_concurrency=5 if max_concurrency is None else max_concurrency,
                network=self._function_network,
                tracing=tracing,
            )
            self._events = self._handling.events
        else:
            delivery.check(deploy, delay, max_concurrency)
            self._events = EndpointApi(self, "Events", deploy=deploy, delivery=delivery, tracing=tracing)
        self.api = self._events.api
        self.seeder = Seeder(
            self,
            "Seeder",
            deploy=deploy,
            records_prefix=f"/deployed-auto-scaling-group/{self.id}/records",
            service=f"{self.id}-seeder",
            network=self._function_network,
            tracing=tracing,
        )
        self._grant_reads()
        self.jumpstation = self._jumpstation_id()
        self.server = f"Configuration/{self.region_directory}/{self.id}-server"
        self.cloud = delivery.cloud if delivery else None
        self.seed = self._seed(deploy)
        if deploy.url.startswith("http://"):
            Annotations.of(self).add_warning_v2(
                "deployed-auto-scaling-group:plainHttp",
                "Deploy is reached by plain http: its credentials cross the network in the clear",
            )
        self.observability = Observability(
            self,
            "Observability",
            hub=self,
            alarm_topic=alarm_topic,
            alarm_emails=alarm_emails,
        )

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
        if self._function_network is None:
            raise ValueError(
                "connections of the hub: got functions outside of the network, expected them inside; "
                "set private=True on the DeployServer, or use .bastion.security_group for SSH"
            )
        return self._function_network.security_group.connections

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

    def admit_ssh(self, connections: ec2.Connections, template: HostTemplate) -> None:
        """Let the Deploy server's connections into instances.

        Parameters
        ----------
        connections
            Connections of the instances.
        template
            What their hosts in Deploy are like.

        Raises
        ------
        ValueError
            If our own bastion leads to no such host.
        """
        sources = peers(self._access, self.bastion.security_group if self.bastion else None, template)
        for security_group in connections.security_groups:
            for peer in sources:
                # A rule of the instances only: what the bastion may reach is settled by ranges.
                security_group.add_ingress_rule(peer, ec2.Port.tcp(template.port), "Deploy")

    def register(self, group_name: str, path: str) -> None:
        """Note a group's name.

        Raises
        ------
        ValueError
            If another group of this hub has it already.
        """
        if Token.is_unresolved(group_name):
            return
        if other := self._groups.get(group_name):
            raise ValueError(
                f"group_name: got {group_name!r} for {path}, which is the name of {other}, expected names "
                "that differ; both would have the same environment and hosts in Deploy"
            )
        self._groups[group_name] = path

    def metric(self, name: str, **options: str | Duration) -> cloudwatch.Metric:
        """Return a metric of the reconciler's own.

        Parameters
        ----------
        name
            Name of the metric, such as ``HostsRegistered``.
        **options
            As `aws_cdk.aws_cloudwatch.Metric` takes them (- the sum over five minutes).
        """
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": f"{self.id}-reconciler"},
            **{"statistic": "Sum", "period": Duration.minutes(5), **options},  # type: ignore[arg-type] # passed on
        )

    def metric_dead_hints(self) -> cloudwatch.Metric:
        """Return the number of hints that could not be done."""
        return self.dead_letter_queue.metric_approximate_number_of_messages_visible(statistic="Maximum")

    def metric_dead_events(self) -> cloudwatch.Metric:
        """Return the number of events that the API did not take."""
        return self.events_dead_letter_queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum"
        )

    def metric_oldest_hint(self) -> cloudwatch.Metric:
        """Return the age in seconds of the hint that waits longest."""
        return self.queue.metric_approximate_age_of_oldest_message(statistic="Maximum")

    def completed(self, login: Login | None) -> Login:
        """Return how Deploy logs in: the hub's way, or another with the hub's key pair where it has none."""
        if login is None:
            return self.login
        if isinstance(login, KeyFile) and login.key_pair is None:
            return replace(login, key_pair=self.login.key_pair)
        return login

    def _network(self, vpc: ec2.IVpc | None, cidr: str | None) -> ec2.IVpc:
        if vpc is not None and cidr is not None:
            raise ValueError(
                f"vpc_cidr: got {cidr!r} together with vpc, expected one of them; "
                "an existing network has its range"
            )
        return vpc or new_vpc(self, cidr or _VPC_CIDR)

    def _own_login(self, login: KeyFile | None) -> Login:
        # ED25519 works with every combination of server and host that Deploy is known to meet.
        self.key_pair = ec2.KeyPair(self, "KeyPair", type=ec2.KeyPairType.ED25519)
        if login is not None:
            return replace(login, key_pair=self.key_pair)
        return StoredKey(key_pair=self.key_pair, private_key=self.key_pair.private_key)

    def _own_bastion(self, options: NewBastion) -> Bastion:
        if self.login.key_pair is None or "credentials" in self.login.properties():
            raise ValueError(
                f"login of the hub: got {type(self.login).__name__}, expected StoredKey or KeyFile, for the "
                "bastion's user has the key pair's key; pass the other login to the groups"
            )
        return Bastion(
            self,
            "Bastion",
            vpc=self.vpc,
            key_pair=self.login.key_pair,
            target_subnets=self.group_subnets.subnets,
            options=options,
        )

    def _grant_reads(self) -> None:
        stack = Stack.of(self)
        groups = Arn.format(
            ArnComponents(
                service="ssm", resource="parameter", resource_name=f"{self.groups_prefix.lstrip('/')}/*"
            ),
            stack,
        )
        if self._handling is not None:
            role = self._handling.reconciler.role
            role.add_to_principal_policy(
                iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[groups])
            )
            acknowledge_wild_card(
                role, groups, "It stands for the groups of this one hub, which come and go."
            )
        for function_role in self.function_roles:
            for statement in self.login.read_statements():
                function_role.add_to_principal_policy(statement)

    def _jumpstation_id(self) -> str | None:
        match self._access:
            case NewBastion():
                return f"Infrastructure/{self.region_directory}/{self.id}-bastion"
            case ExistingJumpstation(ci_id=ci_id):
                return ci_id
            case _:
                return None

    def _seed(self, deploy: DeployServer) -> Seed:
        items = [deploy_connection(self.server, deploy)]
        if deploy.cloud_credentials is not None:
            self.cloud = f"Infrastructure/{self.region_directory}/{self.id}-cloud"
            items.append(cloud_connection(self.cloud, deploy.cloud_credentials))
            for statement in cloud_connection_statements(deploy.cloud_credentials):
                self.seeder.role.add_to_principal_policy(statement)
        if self.bastion is not None and self.jumpstation is not None:
            items.append(jumpstation(self.jumpstation, self.bastion.address, self.login))
        return Seed(self, "Seed", seeder=self.seeder, record="hub", items=items)
