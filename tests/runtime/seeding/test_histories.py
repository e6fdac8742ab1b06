"""Random histories of one stack: CloudFormation's calls, people's edits between them, faults at any call."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.deploy.client import DeployClient
from runtime.deploy.errors import DeployError, Forbidden, Refused, Unavailable, Unreachable
from runtime.seeding.errors import OutOfTimeError, SeedError
from runtime.seeding.model import SeedRequest, parse
from runtime.seeding.seeder import Seeder
from tests.runtime.twins.aws import TwinSecrets
from tests.runtime.twins.clock import TwinClock
from tests.runtime.twins.deploy import Twin
from tests.runtime.twins.deploy_repository import SECRETS
from tests.runtime.twins.records import TwinRecords

PEOPLES = "Infrastructure/people/h"
BASTIONS = [f"Infrastructure/aws/{name}" for name in ("bastion", "other")]
ENVIRONMENTS = ["Environments/web", "Environments/shop/web"]
TEMPLATE, HOSTS = "Configuration/aws/web", "Infrastructure/aws/web"
OURS = [*BASTIONS, *ENVIRONMENTS, TEMPLATE, HOSTS]

wishes = st.fixed_dictionaries(
    {
        "bastion": st.sampled_from(BASTIONS),
        "environment": st.sampled_from(ENVIRONMENTS),
        "address": st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        "tags": st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True).map(sorted),
        "template": st.booleans(),
    }
)


def properties(wish: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the custom resource."""
    items = [
        {"id": HOSTS, "type": "core.Directory"},
        {
            "id": wish["bastion"],
            "type": "overthere.SshJumpstation",
            "properties": {"address": wish["address"], "port": "22"},
            "secretProperties": {"privateKey": {"parameter": "/ec2/keypair/key-1"}},
        },
        {"id": wish["environment"], "type": "udm.Environment"},
    ]
    if wish["template"]:
        items.append(
            {
                "id": TEMPLATE,
                "type": "aws.asg.ec2SshHostTemplate",
                "properties": {"jumpstation": wish["bastion"], "tags": wish["tags"]},
            }
        )
    return {"Name": "web", "Group": "web", "Hosts": HOSTS, "Items": items}


_STATUS: dict[type[BaseException], int] = {Forbidden: 403, Refused: 400, Unavailable: 503}


class Fault:
    """A trouble at the n-th call, before or after it took effect, once or from then on."""

    def __init__(self, at: int, phase: str, kind: type[BaseException], *, lasting: bool) -> None:
        self.at, self.phase, self.kind, self.lasting = at, phase, kind, lasting
        self.calls = 0

    def __call__(self, method: str, path: str, phase: str) -> None:
        if phase == "before":
            self.calls += 1
        due = self.calls >= self.at if self.lasting else self.calls == self.at
        if not due or phase != self.phase:
            return
        if self.kind is OutOfTimeError:
            self.at = 10**9  # the time is over once in an invocation
            raise OutOfTimeError
        assert issubclass(self.kind, DeployError)
        raise self.kind(method, path, _STATUS.get(self.kind), "trouble")


lost = st.builds(
    Fault,
    st.integers(1, 40),
    st.sampled_from(["before", "after"]),
    st.sampled_from([Unreachable, Unavailable, OutOfTimeError]),
    lasting=st.booleans(),
)
refused = st.builds(
    Fault, st.integers(1, 40), st.just("before"), st.sampled_from([Refused, Forbidden]), lasting=st.booleans()
)
faults = st.none() | lost | refused


class Histories(RuleBasedStateMachine):
    """One stack, one Deploy server, people."""

    def __init__(self) -> None:
        super().__init__()
        self.twin = Twin(clock=TwinClock(), knows_masks=False)
        self.records = TwinRecords()
        self.wish: dict[str, Any] | None = None
        self.numbers = itertools.count()
        self.peoples: dict[str, dict[str, Any]] = {}
        """What people have set, by CI: it stays as it is for as long as the CI is there."""
        self.own: set[str] = set()
        """CIs that people have made, or made theirs by another name."""
        self.put(PEOPLES, "overthere.SshHost")
        self.made: set[str] = set()
        """What the seeder has created and nobody has taken away since."""

    # --- CloudFormation ---

    @precondition(lambda self: self.wish is None)
    @rule(wish=wishes, fault=faults, again=st.booleans())
    def create(self, wish: dict[str, Any], fault: Fault | None, again: bool) -> None:
        if self.apply(wish, fault):
            self.wish = wish
            if again:
                self.apply(wish, None)

    @precondition(lambda self: self.wish is not None)
    @rule(wish=wishes, fault=faults)
    def update(self, wish: dict[str, Any], fault: Fault | None) -> None:
        if self.apply(wish, fault):
            self.wish = wish
        elif self.wish is not None:
            self.apply(self.wish, None)  # CloudFormation takes the update back

    @precondition(lambda self: self.wish is not None)
    @rule(fault=faults)
    def delete(self, fault: Fault | None) -> None:
        assert self.wish is not None
        request = parse(properties(self.wish))
        with Watch(self, fault):
            report = self.seeder().remove(request)
        left = {text.partition(" (")[0] for text in report.retained}
        assert self.records.read("web").keys() <= left, "what stays is named"
        self.wish = None

    # --- people ---

    @precondition(lambda self: self.there())
    @rule(data=st.data(), secret=st.booleans())
    def person_edits(self, data: st.DataObject, secret: bool) -> None:
        ci_id = data.draw(st.sampled_from(self.there()))
        item = self.twin.items[ci_id]
        name = {"udm.Environment": "tags", "core.Directory": ""}.get(item["type"], "username")
        if secret and name == "username":
            name = "password"
        if not name:
            return
        value: Any = f"hers {next(self.numbers)}"
        self.set(ci_id, name, [value] if name == "tags" else value)

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def person_changes_what_is_ours(self, data: st.DataObject) -> None:
        ci_id = data.draw(st.sampled_from(self.there()))
        if "address" in self.twin.items[ci_id]:
            self.twin.items[ci_id] = self.twin._stored(self.twin.items[ci_id] | {"address": "10.9.9.9"})

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def person_deletes(self, data: st.DataObject) -> None:
        ci_id = data.draw(st.sampled_from(self.there()))
        if self.referrers(ci_id) or any(i.startswith(f"{ci_id}/") for i in self.twin.items):
            return
        self.twin._delete(ci_id)
        self.gone(ci_id)

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def person_renames(self, data: st.DataObject) -> None:
        ci_id = data.draw(st.sampled_from(self.there()))
        if any(i.startswith(f"{ci_id}/") for i in self.twin.items):
            return
        name = f"{ci_id.rpartition('/')[0]}/renamed-{next(self.numbers)}"
        self.twin.items[name] = {**self.twin.items.pop(ci_id), "id": name}
        for other, item in self.twin.items.items():
            if item.get("jumpstation") == ci_id:
                item["jumpstation"] = name
                if "jumpstation" in self.peoples.get(other, {}):
                    self.peoples[other]["jumpstation"] = name
        self.peoples[name] = self.peoples.get(ci_id, {})
        self.own.add(name)
        self.gone(ci_id)

    @rule(ci_id=st.sampled_from(OURS), kind=st.sampled_from(["overthere.SshHost", "core.Directory"]))
    def person_takes_the_place(self, ci_id: str, kind: str) -> None:
        if ci_id in self.twin.items or kind == self.type_of(ci_id):
            return
        self.put(ci_id, kind)

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def person_uses(self, data: st.DataObject) -> None:
        """Refer to one of ours, or put something below it."""
        ci_id = data.draw(st.sampled_from(self.there()))
        kind = self.twin.items[ci_id]["type"]
        if kind == "overthere.SshJumpstation":
            self.set(PEOPLES, "jumpstation", ci_id)
        elif kind == "udm.Environment":
            self.set(ci_id, "members", [PEOPLES])
        elif kind == "core.Directory":
            self.put(f"{ci_id}/hers-{next(self.numbers)}", "overthere.SshHost")

    @rule()
    def person_uses_no_more(self) -> None:
        for ci_id, values in self.peoples.items():
            if "members" in values:
                self.set(ci_id, "members", [])
        if "jumpstation" in self.peoples.get(PEOPLES, {}):
            self.set(PEOPLES, "jumpstation", None)

    @invariant()
    def record_has_all_that_we_made_and_is_there(self) -> None:
        assert self.made & self.twin.items.keys() <= self.records.read("web").keys()

    @invariant()
    def what_people_made_and_set_is_as_they_left_it(self) -> None:
        assert self.own <= self.twin.items.keys()
        for ci_id, values in self.peoples.items():
            item = self.twin.items[ci_id]
            assert {key: item.get(key) for key in values} == values

    # --- how it is done ---

    def seeder(self) -> Seeder:
        client = DeployClient(self.twin.transport())  # type: ignore[arg-type] # stands in for it
        client.repository._sleep = lambda _seconds: None
        return Seeder(client, TwinSecrets(), self.records)

    def apply(self, wish: dict[str, Any], fault: Fault | None) -> bool:
        request = parse(properties(wish))
        there = self.twin.items
        free = all(item.id not in there or there[item.id]["type"] == item.type for item in request.items)
        try:
            with Watch(self, fault):
                self.seeder().apply(request)
        except SeedError as error:
            assert "value of" not in str(error), "no secret is in a reason"
            assert fault is not None or not free, str(error)
            return False
        assert free
        if fault is None or fault.calls < fault.at:
            self.is_as_wanted(request)
        return True

    def is_as_wanted(self, request: SeedRequest) -> None:
        for item in request.items:
            found = self.twin.items[item.id]
            assert found["type"] == item.type
            hers = any(found.get(key) for key in SECRETS - item.secrets.keys())
            if not hers:
                wanted = {key: 22 if key == "port" else value for key, value in item.properties.items()}
                assert {key: found.get(key) for key in wanted} == wanted
                assert all(found[key] == "value of /ec2/keypair/key-1" for key in item.secrets)

    def there(self) -> list[str]:
        return [i for i in OURS if i in self.twin.items and self.twin.items[i]["type"] == self.type_of(i)]

    def type_of(self, ci_id: str) -> str:
        kinds = {TEMPLATE: "aws.asg.ec2SshHostTemplate", HOSTS: "core.Directory"}
        return kinds.get(ci_id, "overthere.SshJumpstation" if ci_id in BASTIONS else "udm.Environment")

    def referrers(self, ci_id: str) -> bool:
        items = self.twin.items.values()
        return any(ci_id == item.get("jumpstation") or ci_id in item.get("members", ()) for item in items)

    def set(self, ci_id: str, name: str, value: object) -> None:
        self.twin.items[ci_id] = self.twin._stored(self.twin.items[ci_id] | {name: value})
        self.peoples.setdefault(ci_id, {})[name] = value

    def put(self, ci_id: str, kind: str) -> None:
        before = set(self.twin.items)
        self.twin.put(ci_id, kind)
        self.own |= self.twin.items.keys() - before

    def gone(self, ci_id: str) -> None:
        self.made.discard(ci_id)
        self.peoples.pop(ci_id, None)


class Watch:
    """One call of the seeder: nothing but what is on record goes, and nothing that is used."""

    def __init__(self, history: Histories, fault: Fault | None) -> None:
        self.history, self.fault, self.twin = history, fault, history.twin

    def __enter__(self) -> None:
        self.before = copy.deepcopy(self.twin.items)
        self.recorded = set(self.history.records.read("web"))
        if self.fault is not None:
            self.twin.faults.append(self.fault)

    def __exit__(self, *_: object) -> None:
        self.twin.faults.clear()
        # Nobody else is there during a call.
        self.history.made |= self.twin.items.keys() - self.before.keys()
        gone = self.before.keys() - self.twin.items.keys()
        assert gone <= self.recorded - self.history.own, "only what is on record is deleted"
        for other, item in self.twin.items.items():
            assert item.get("jumpstation") not in gone, f"{other} used it"
        for ci_id in gone:
            assert not self.before[ci_id].get("members"), "an environment with members stays"
            self.history.gone(ci_id)


TestHistories = pytest.mark.filterwarnings("error")(Histories.TestCase)
TestHistories.settings = settings(max_examples=150, stateful_step_count=14, deadline=None)
