"""The AWS adapters against recorded answers: what they ask, and what they make of what comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from runtime.aws.groups import SIDE_BY_SIDE, Groups
from runtime.aws.ledger import Ledger, NoLedger
from runtime.aws.queue import Queue
from runtime.aws.registry import Registry
from runtime.aws.secrets import Secrets
from runtime.reconciliation.actions import Heartbeat, Release
from runtime.reconciliation.config import Hooks, SecretSource
from runtime.reconciliation.errors import Fatal, Skip
from runtime.reconciliation.memory import Breaker, Failure, Memory, OpenTask, Verified, Wait
from runtime.reconciliation.model import Instance, Machine
from runtime.seeding.errors import SeedError
from runtime.seeding.records import Records
from tests.runtime.twins.aws import TwinReport

NO_ACTION = "No active Lifecycle Action found with instance ID i-1"


def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    return boto3.client(  # type: ignore[call-overload] # not a literal here
        service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


OPERATIONS = {"complete": "complete_lifecycle_action", "prolong": "record_lifecycle_action_heartbeat"}
WAITS: dict[str, Callable[..., Any]] = {
    "complete": lambda i, *hooks: Release(i, "Pending:Wait", hooks or ("deploy",), "CONTINUE", "done"),
    "prolong": lambda i, *hooks: Heartbeat(i, hooks or ("deploy",)),
}


class Crowd:
    """An Auto Scaling client that answers only when so many calls are there at once.

    Attributes
    ----------
    most
        The most calls that were there at once.
    """

    def __init__(self, together: int, failing: str) -> None:
        self._together = threading.Barrier(together)
        self._failing = failing
        self._lock = threading.Lock()
        self._present = self.most = 0

    def complete_lifecycle_action(self, *, InstanceId: str, **_: str) -> None:  # noqa: N803 - boto3's name
        with self._lock:
            self._present += 1
            self.most = max(self.most, self._present)
        self._together.wait(10)
        with self._lock:
            self._present -= 1
        if InstanceId == self._failing:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "complete")

    record_lifecycle_action_heartbeat = complete_lifecycle_action


class Aws:
    """Stubbed clients by service name."""

    def __init__(self) -> None:
        self.clients = {
            name: client(name) for name in ("autoscaling", "ec2", "ssm", "secretsmanager", "dynamodb")
        }
        self.stubs = {name: Stubber(made) for name, made in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def __getitem__(self, name: str) -> Callable[[], Any]:
        return lambda: self.clients[name]

    def groups(self) -> Groups:
        return Groups(self.clients["autoscaling"], self.clients["ec2"])


@pytest.fixture
def aws() -> Aws:
    return Aws()


def group(*instances: tuple[str, str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    described = {
        "AutoScalingGroupName": "web",
        "MinSize": 0,
        "MaxSize": 9,
        "DesiredCapacity": 2,
        "DefaultCooldown": 1,
        "AvailabilityZones": ["eu-west-1a"],
        "HealthCheckType": "EC2",
        "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "Instances": [
            {
                "InstanceId": i,
                "LifecycleState": state,
                "AvailabilityZone": "eu-west-1a",
                "HealthStatus": "Healthy",
                "ProtectedFromScaleIn": False,
            }
            for i, state in instances
        ],
        **more,
    }
    return {"AutoScalingGroups": [described]}


class TestGroups:
    def test_a_group_comes_with_the_states_of_its_instances(self, aws: Aws) -> None:
        aws.stubs["autoscaling"].add_response(
            "describe_auto_scaling_groups", group(("i-1", "InService")), {"AutoScalingGroupNames": ["web"]}
        )
        found = aws.groups().describe("web")
        assert found is not None
        assert (found.name, found.desired, found.instances) == ("web", 2, (Instance("i-1", "InService"),))

    def test_a_missing_group_is_none(self, aws: Aws) -> None:
        aws.stubs["autoscaling"].add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})
        assert aws.groups().describe("web") is None

    def test_the_instances_of_a_warm_pool_are_found_on_every_page(self, aws: Aws) -> None:
        stub = aws.stubs["autoscaling"]
        pool = group(("i-1", "InService"), WarmPoolConfiguration={"MinSize": 1})
        stub.add_response("describe_auto_scaling_groups", pool)
        for number, token in ((2, {"NextToken": "more"}), (3, {})):
            warm = group((f"i-{number}", "Warmed:Stopped"))["AutoScalingGroups"][0]["Instances"]
            stub.add_response("describe_warm_pool", {"Instances": warm, **token})
        found = aws.groups().describe("web")
        assert found is not None
        assert {i.id: i.lifecycle for i in found.instances} == {
            "i-1": "InService",
            "i-2": "Warmed:Stopped",
            "i-3": "Warmed:Stopped",
        }

    def test_machines_are_asked_for_by_filter_in_portions(self, aws: Aws) -> None:
        ids = [f"i-{n:04}" for n in range(201)]
        for portion in (ids[:200], ids[200:]):
            aws.stubs["ec2"].add_response(
                "describe_instances",
                {
                    "Reservations": [
                        {
                            "Instances": [
                                {
                                    "InstanceId": portion[0],
                                    "PrivateIpAddress": "10.0.0.1",
                                    "PrivateDnsName": "ip-10-0-0-1.ec2.internal",
                                    "Ipv6Address": "2001:db8::1",
                                    "State": {"Name": "running"},
                                    "LaunchTime": datetime(2026, 1, 1, tzinfo=UTC),
                                }
                            ]
                        }
                    ]
                },
                {"Filters": [{"Name": "instance-id", "Values": portion}]},
            )
        launched = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        machine = Machine("10.0.0.1", "running", launched, "ip-10-0-0-1.ec2.internal", "2001:db8::1")
        assert aws.groups().machines(ids) == {ids[0]: machine, ids[200]: machine}

    def test_spot_instances_are_asked_about_once_more_and_ec2s_word_is_the_deadline(self, aws: Aws) -> None:
        ids = [f"i-{n}" for n in range(4)]
        found = [
            {"InstanceId": i, "State": {"Name": "running"}, "SpotInstanceRequestId": i.replace("i-", "sir-")}
            for i in ids[:3]
        ]
        found.append({"InstanceId": ids[3], "State": {"Name": "running"}})
        noticed = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
        aws.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": found}]})
        aws.stubs["ec2"].add_response(
            "describe_spot_instance_requests",
            {
                "SpotInstanceRequests": [
                    {
                        "SpotInstanceRequestId": "sir-0",
                        "InstanceId": "i-0",
                        "Status": {"Code": "instance-terminated-no-capacity", "UpdateTime": noticed},
                    },
                    {
                        "SpotInstanceRequestId": "sir-1",
                        "InstanceId": "i-9",
                        "Status": {"Code": "marked-for-termination", "UpdateTime": noticed},
                    },
                ]
            },
            {
                "Filters": [
                    {"Name": "spot-instance-request-id", "Values": ["sir-0", "sir-1", "sir-2"]},
                    {
                        "Name": "status-code",
                        "Values": [
                            "instance-terminated-by-price",
                            "instance-terminated-no-capacity",
                            "marked-for-termination",
                        ],
                    },
                ]
            },
        )
        machines = aws.groups().machines(ids)
        assert {i: (m.spot, m.interruption) for i, m in machines.items()} == {
            "i-0": (True, noticed.timestamp() + 120),
            "i-1": (True, None),
            "i-2": (True, None),
            "i-3": (False, None),
        }

    def test_the_groups_of_instances_are_asked_for_in_portions_of_fifty(self, aws: Aws) -> None:
        ids = [f"i-{n:03}" for n in range(51)]
        for portion in (ids[:50], ids[50:]):
            member = {
                "InstanceId": portion[0],
                "AutoScalingGroupName": "web",
                "AvailabilityZone": "eu-west-1a",
                "LifecycleState": "InService",
                "HealthStatus": "HEALTHY",
                "ProtectedFromScaleIn": False,
            }
            aws.stubs["autoscaling"].add_response(
                "describe_auto_scaling_instances",
                {"AutoScalingInstances": [member]},
                {"InstanceIds": portion, "MaxRecords": len(portion)},
            )
        assert aws.groups().names(ids) == {ids[0]: "web", ids[50]: "web"}

    @pytest.mark.parametrize("call", ["complete", "prolong"])
    def test_a_wait_that_is_over_is_told_apart_from_trouble(self, aws: Aws, call: str) -> None:
        stub = aws.stubs["autoscaling"]
        operation = OPERATIONS[call]
        stub.add_response(operation, {})
        stub.add_client_error(operation, "ValidationError", NO_ACTION)
        stub.add_client_error(operation, "Throttling", "Rate exceeded")
        method = getattr(aws.groups(), call)
        assert method("web", [WAITS[call]("i-1")]) == {"i-1": True}
        assert method("web", [WAITS[call]("i-1")]) == {"i-1": False}
        (trouble,) = method("web", [WAITS[call]("i-1")]).values()
        assert isinstance(trouble, ClientError)
        assert "Rate exceeded" in str(trouble)

    @pytest.mark.parametrize("call", ["complete", "prolong"])
    def test_the_hook_that_holds_an_instance_is_found(self, aws: Aws, call: str) -> None:
        stub = aws.stubs["autoscaling"]
        stub.add_client_error(OPERATIONS[call], "ValidationError", NO_ACTION)
        named = {"AutoScalingGroupName": "web", "LifecycleHookName": "undeploy", "InstanceId": "i-1"}
        result = {"LifecycleActionResult": "CONTINUE"} if call == "complete" else {}
        stub.add_response(OPERATIONS[call], {}, named | result)
        wait = WAITS[call]("i-1", "deploy", "undeploy")
        assert getattr(aws.groups(), call)("web", [wait]) == {"i-1": True}
        stub.assert_no_pending_responses()

    @pytest.mark.parametrize("call", ["complete", "prolong"])
    def test_many_waits_are_worked_off_side_by_side_and_one_error_loses_no_other(self, call: str) -> None:
        client = Crowd(SIDE_BY_SIDE, failing="i-13")
        groups = Groups(client, client)  # type: ignore[arg-type] # the one call that is made
        ids = [f"i-{n}" for n in range(3 * SIDE_BY_SIDE)]
        answers = getattr(groups, call)("web", [WAITS[call](i) for i in ids])
        assert list(answers) == ids
        assert isinstance(answers.pop("i-13"), ClientError)
        assert set(answers.values()) == {True}
        assert client.most == SIDE_BY_SIDE


class TestSecrets:
    def test_a_value_is_read_once_for_a_while_and_again_when_asked_freshly(self, aws: Aws) -> None:
        now = [0.0]
        for value in ("one", "two", "three"):
            aws.stubs["secretsmanager"].add_response(
                "get_secret_value", {"SecretString": json.dumps({"password": value})}
            )
        secrets = Secrets(aws["secretsmanager"], aws["ssm"], lambda: now[0])
        source = SecretSource(secret="deploy", field="password")
        assert [secrets.value(source), secrets.value(source)] == ["one", "one"]
        assert secrets.fields("deploy", fresh=True) == {"password": "two"}
        now[0] = 301.0
        assert secrets.value(source) == "three"

    def test_a_parameter_is_read_decrypted(self, aws: Aws) -> None:
        aws.stubs["ssm"].add_response(
            "get_parameter",
            {"Parameter": {"Value": "key"}},
            {"Name": "/ec2/keypair/key-1", "WithDecryption": True},
        )
        secrets = Secrets(aws["secretsmanager"], aws["ssm"])
        assert secrets.value(SecretSource(parameter="/ec2/keypair/key-1")) == "key"

    def test_a_secret_of_the_wrong_shape_is_named_without_its_value(self, aws: Aws) -> None:
        for text in ("hidden", '["hidden"]'):
            aws.stubs["secretsmanager"].add_response("get_secret_value", {"SecretString": text})
            with pytest.raises(Fatal) as caught:
                Secrets(aws["secretsmanager"], aws["ssm"]).fields("deploy")
            assert str(caught.value) == "secret deploy is not a JSON object"

    def test_a_secret_that_is_not_there_is_named(self, aws: Aws) -> None:
        aws.stubs["secretsmanager"].add_client_error(
            "get_secret_value",
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )
        with pytest.raises(Fatal) as caught:
            Secrets(aws["secretsmanager"], aws["ssm"]).fields("deploy")
        assert str(caught.value) == (
            "secret deploy cannot be read "
            "(ResourceNotFoundException: Secrets Manager can't find the specified secret.)"
        )

    def test_what_may_pass_is_no_reason_to_call_a_person(self, aws: Aws) -> None:
        aws.stubs["ssm"].add_client_error("get_parameter", "ThrottlingException", "Rate exceeded")
        with pytest.raises(ClientError, match="Rate exceeded"):
            Secrets(aws["secretsmanager"], aws["ssm"]).parameter("/ec2/keypair/key-1")


PARAMETER: dict[str, Any] = {
    "autoScalingGroup": "shop/web",
    "environment": "Environments/{group}",
    "infrastructure": "Infrastructure/aws/1/eu/{group}",
    "templates": ["Configuration/aws/1/eu/{group}"],
    "jumpstation": "Infrastructure/aws/1/eu/bastion",
    "secretProperties": {"privateKey": {"parameter": "/ec2/keypair/key-1"}},
    "hooks": {"launch": "deploy", "terminate": "undeploy", "timeout": 1800},
    "onFailure": "CONTINUE",
    "something": "of next year",
}


class TestRegistry:
    def group(self, aws: Aws, value: str) -> Registry:
        aws.stubs["ssm"].add_response(
            "get_parameter", {"Parameter": {"Value": value}}, {"Name": "/hub/groups/web"}
        )
        return Registry(aws["ssm"], "/hub/groups/")

    def test_a_parameter_becomes_a_configuration_with_the_groups_ci_name(self, aws: Aws) -> None:
        found = self.group(aws, json.dumps(PARAMETER)).group("web")
        assert found.environment == "Environments/shop_x002F_web"
        assert found.host_id("i-1") == "Infrastructure/aws/1/eu/shop_x002F_web/shop_x002F_web-i-1"
        assert found.templates == ("Configuration/aws/1/eu/shop_x002F_web",)
        assert found.hooks == Hooks("deploy", "undeploy", 1800)
        assert found.on_failure == "CONTINUE"

    @pytest.mark.parametrize("key", ["autoScalingGroup", "environment", "infrastructure", "templates"])
    def test_a_missing_key_is_named(self, aws: Aws, key: str) -> None:
        less = {name: value for name, value in PARAMETER.items() if name != key}
        with pytest.raises(Fatal, match=f"the parameter of group web lacks '{key}'"):
            self.group(aws, json.dumps(less)).group("web")

    @pytest.mark.parametrize("changes", [{"hooks": None}, {"hooks": {}}, {"jumpstation": None}])
    def test_hooks_and_jumpstation_may_be_absent(self, aws: Aws, changes: dict[str, Any]) -> None:
        found = self.group(aws, json.dumps(PARAMETER | changes)).group("web")
        assert None in (found.jumpstation, found.hooks.launch)

    def test_the_kind_of_address_is_one_of_three(self, aws: Aws) -> None:
        assert self.group(aws, json.dumps(PARAMETER)).group("web").address == "private-ipv4"
        for kind in ("private-dns", "ipv6"):
            assert self.group(aws, json.dumps(PARAMETER | {"address": kind})).group("web").address == kind
        with pytest.raises(Fatal, match="has address public, expected private-ipv4, private-dns or ipv6"):
            self.group(aws, json.dumps(PARAMETER | {"address": "public"})).group("web")

    @pytest.mark.parametrize(("value", "text"), [("{", "is not JSON"), ("[]", "not a JSON object")])
    def test_a_broken_parameter_is_named(self, aws: Aws, value: str, text: str) -> None:
        with pytest.raises(Fatal, match=text):
            self.group(aws, value).group("web")

    def test_an_unknown_group_is_skipped(self, aws: Aws) -> None:
        aws.stubs["ssm"].add_client_error("get_parameter", "ParameterNotFound")
        with pytest.raises(Skip):
            Registry(aws["ssm"], "/hub/groups").group("web")

    def test_the_names_of_all_groups_are_read_page_by_page_and_kept_for_a_minute(self, aws: Aws) -> None:
        now = [0.0]
        pages: list[tuple[dict[str, Any], dict[str, str]]] = [
            ({"web": json.dumps(PARAMETER), "broken": "{"}, {"NextToken": "more"}),
            ({"api": json.dumps(PARAMETER | {"autoScalingGroup": "api"})}, {}),
            ({}, {}),
        ]
        for parameters, token in pages:
            listed = [{"Name": f"/hub/groups/{key}", "Value": value} for key, value in parameters.items()]
            aws.stubs["ssm"].add_response(
                "get_parameters_by_path",
                {"Parameters": listed, **token},
                {"Path": "/hub/groups", **({"NextToken": "more"} if "api" in parameters else {})},
            )
        registry = Registry(aws["ssm"], "/hub/groups/", lambda: now[0])
        assert [registry.names(), registry.names()] == [{"web": "shop/web", "api": "api"}] * 2
        now[0] = 61.0
        assert registry.names() == {}

    def test_a_configuration_is_kept_for_a_minute(self, aws: Aws) -> None:
        now = [0.0]
        for environment in ("Environments/a", "Environments/b"):
            value = json.dumps(PARAMETER | {"environment": environment})
            aws.stubs["ssm"].add_response("get_parameter", {"Parameter": {"Value": value}})
        registry = Registry(aws["ssm"], "/hub/groups", lambda: now[0])
        assert [registry.group("web").environment, registry.group("web").environment] == [
            "Environments/a"
        ] * 2
        now[0] = 61.0
        assert registry.group("web").environment == "Environments/b"


class Table:
    """DynamoDB's part that the ledger uses."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.error: Exception | None = None
        self.unprocessed = 0
        self.refused: str | None = None

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's keywords
        if self.error:
            raise self.error
        key, kind = (asked["ExpressionAttributeValues"][name]["S"] for name in (":key", ":kind"))
        return {"Items": [item for (pk, sk), item in self.items.items() if pk == key and sk.startswith(kind)]}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's keyword
        if self.error:
            raise self.error
        ((table, requests),) = RequestItems.items()
        assert len(requests) <= 25
        late = requests[len(requests) - self.unprocessed :] if self.unprocessed else []
        self.unprocessed = 0
        for request in requests[: len(requests) - len(late)]:
            if "PutRequest" in request:
                item = request["PutRequest"]["Item"]
                if self.refused and item["sk"]["S"].startswith(self.refused):
                    late.append(request)
                    continue
                self.items[item["pk"]["S"], item["sk"]["S"]] = item
            else:
                key = request["DeleteRequest"]["Key"]
                del self.items[key["pk"]["S"], key["sk"]["S"]]
        return {"UnprocessedItems": {table: late} if late else {}}


MEMORY = Memory(
    observed=12.5,
    verified={"Environments/web/shop": Verified("Applications/shop/1.0", "t", {"i-1": 2})},
    failures={"Environments/web/shop": {"i-2": Failure("Applications/shop/1.0", 2, 99.0, "exit 1")}},
    breakers={"Environments/web/shop": Breaker("Applications/shop/1.0", 2)},
    undeploys={"i-3": 1},
    remembered={"Environments/web/search": "Applications/search/1.0"},
    tasks={
        "t1": OpenTask("Environments/web/shop", "Applications/shop/1.0", "t", {"i-1": 2}, ("i-1",), ("i-3",))
    },
    waits={"i-1": Wait("Pending:Wait", 2.0, 3.0)},
    completed={"i-1": "Pending:Wait"},
)


class TestLedger:
    def ledger(self, table: Table, report: TwinReport | None = None, at: float = 1000.0) -> Ledger:
        pauses: list[float] = []
        return Ledger(lambda: table, "ledger", lambda: at, report or TwinReport(), pauses.append)  # type: ignore[arg-type,return-value] # stands in for it

    def test_a_memory_comes_back_whole(self) -> None:
        table = Table()
        self.ledger(table).save("web", MEMORY)
        assert self.ledger(table).load("web") == MEMORY
        assert self.ledger(table).load("api") == Memory()

    def test_a_memory_larger_than_an_item_is_cut_and_shrinks_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("runtime.aws.ledger._PART_BYTES", 100)
        table = Table()
        ledger = self.ledger(table)
        ledger.save("web", MEMORY)
        assert len(table.items) > 2
        assert ledger.load("web") == MEMORY
        ledger.save("web", Memory())
        assert len(table.items) == 1
        assert ledger.load("web") == Memory()

    def test_stories_are_added_to_and_expire(self) -> None:
        table = Table()
        ledger, later = self.ledger(table), self.ledger(table, at=1001.0)
        ledger.save("web", MEMORY, [("i-1", "registered", "InService without a host")])
        later.save("web", MEMORY, [("i-1", "continue", "verified"), ("i-2", "removed", "gone")])
        assert later.load("web") == MEMORY
        story = [
            item["event"]["S"]
            for (_, sk), item in sorted(table.items.items())
            if sk.startswith("instance#i-1#")
        ]
        assert story == ["registered", "continue"]
        assert {item["expires"]["N"] for (_, sk), item in table.items.items() if "#i-1#" in sk} == {
            str(1000 + 30 * 86_400),
            str(1001 + 30 * 86_400),
        }

    def test_what_dynamodb_leaves_undone_is_sent_again(self) -> None:
        table = Table()
        table.unprocessed = 5
        self.ledger(table).save("web", MEMORY, [(f"i-{n}", "registered", "") for n in range(60)])
        assert len(table.items) == 61
        assert self.ledger(table).load("web") == MEMORY

    def test_what_dynamodb_never_takes_is_told_and_the_memory_is_kept(self) -> None:
        table, report = Table(), TwinReport()
        table.refused = "instance#i-40"
        self.ledger(table, report).save("web", MEMORY, [(f"i-{n}", "removed", "") for n in range(60)])
        assert self.ledger(table).load("web") == MEMORY
        assert len(table.items) == 60
        assert report.metrics == {"LedgerFailures": 1}
        ((_, told),) = report.lines
        assert told["reason"] == "1 of 25 items were not taken in 6 attempts"

    def test_a_ledger_out_of_reach_fails_nothing_and_says_so(self) -> None:
        table, report = Table(), TwinReport()
        table.error = ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Query")
        ledger = self.ledger(table, report)
        assert ledger.load("web") == Memory()
        ledger.save("web", MEMORY, [("i-1", "registered", "")])
        assert report.metrics == {"LedgerFailures": 2}

    def test_a_ledger_that_cannot_be_understood_is_an_empty_one(self) -> None:
        table, report = Table(), TwinReport()
        table.items["web", "memory#000"] = {
            "pk": {"S": "web"},
            "sk": {"S": "memory#000"},
            "data": {"B": b"?"},
        }
        assert self.ledger(table, report).load("web") == Memory()
        assert report.metrics == {"LedgerFailures": 1}

    def test_without_a_table_the_container_remembers(self) -> None:
        ledger = NoLedger()
        ledger.save("web", MEMORY)
        assert ledger.load("web") == MEMORY
        assert ledger.load("web") is not MEMORY


def test_a_hint_goes_to_its_group_and_no_two_are_the_same() -> None:
    sent: list[dict[str, Any]] = []

    class Sqs:
        def send_message(self, **message: Any) -> None:  # noqa: ANN401 - boto3's keywords
            sent.append(message)

    queue = Queue(Sqs, "https://queue")  # type: ignore[arg-type] # stands in for it
    queue.hint("web", "a task is running")
    queue.hint("web", "a task is running")
    assert {message["MessageGroupId"] for message in sent} == {"web"}
    assert len({message["MessageDeduplicationId"] for message in sent}) == 2
    assert json.loads(sent[0]["MessageBody"])["source"] == "reconciler"
    queue.hint("web", "taken back", source="aws.ec2", instances={"i-2", "i-1"})
    body = json.loads(sent[2]["MessageBody"])
    assert (body["source"], body["instances"]) == ("aws.ec2", ["i-1", "i-2"])


def test_records_are_written_read_and_forgotten(aws: Aws) -> None:
    stub = aws.stubs["ssm"]
    stub.add_client_error("get_parameter", "ParameterNotFound")
    stub.add_response("put_parameter", {})
    stub.add_response(
        "get_parameter",
        {"Parameter": {"Value": '{"Environments/web":"udm.Environment"}'}},
        {"Name": "/hub/records/web"},
    )
    stub.add_client_error("delete_parameter", "ParameterNotFound")
    records = Records(aws["ssm"], "/hub/records")
    assert records.read("web") == {}
    records.write("web", {"Environments/web": "udm.Environment"})
    assert records.read("web") == {"Environments/web": "udm.Environment"}
    records.delete("web")
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda records: records.read("web"), "get_parameter"),
        (lambda records: records.write("web", {"Environments/web": "udm.Environment"}), "put_parameter"),
        (lambda records: records.delete("web"), "delete_parameter"),
    ],
    ids=["read", "write", "delete"],
)
def test_a_record_that_cannot_be_used_is_named(
    aws: Aws, call: Callable[[Records], object], operation: str
) -> None:
    aws.stubs["ssm"].add_client_error(operation, "AccessDeniedException", "no")
    with pytest.raises(SeedError) as caught:
        call(Records(aws["ssm"], "/hub/records"))
    assert str(caught.value).startswith(
        "the record /hub/records/web of what is created cannot be used: "
        "An error occurred (AccessDeniedException)"
    )
