"""What the seeder leaves in Deploy, and what it takes away again."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from runtime.deploy.client import DeployClient
from runtime.deploy.errors import Forbidden, Refused, Unreachable
from runtime.seeding.errors import SeedError
from runtime.seeding.model import parse
from runtime.seeding.report import Report
from runtime.seeding.seeder import Seeder
from tests.runtime.twins.aws import TwinSecrets
from tests.runtime.twins.clock import TwinClock
from tests.runtime.twins.deploy import Twin
from tests.runtime.twins.records import TwinRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.seeding.time_limit import TimeLimit

BASTION = "Infrastructure/aws/1/eu/bastion"
PROPERTIES: dict[str, Any] = {
    "Name": "web",
    "Group": "shop/web",
    "Hosts": "Infrastructure/aws/1/eu/{group}",
    "Items": [
        {"id": "Infrastructure/aws/1/eu/{group}", "type": "core.Directory"},
        {
            "id": BASTION,
            "type": "overthere.SshJumpstation",
            "properties": {"os": "UNIX", "address": "192.0.2.10", "port": "22", "username": "jump"},
            "secretProperties": {"privateKey": {"parameter": "/ec2/keypair/key-1"}},
        },
        {"id": "Environments/{group}", "type": "udm.Environment"},
        {
            "id": "Configuration/aws/1/eu/{group}",
            "type": "aws.asg.ec2SshHostTemplate",
            "properties": {"os": "UNIX", "address": "192.0.2.1", "jumpstation": BASTION},
            "otherwise": {
                "id": "Infrastructure/aws/1/eu/{group}-template",
                "type": "overthere.SshHost",
                "properties": {"os": "UNIX", "address": "192.0.2.1", "jumpstation": BASTION},
            },
        },
        {
            "id": "Configuration/aws/server",
            "type": "deploy.server",
            "properties": {"url": "https://deploy"},
            "optional": "the plugin of this package",
        },
    ],
}
ENVIRONMENT = "Environments/shop_x002F_web"
HOSTS = "Infrastructure/aws/1/eu/shop_x002F_web"


class Site:
    def __init__(self, *, plugin: bool = True) -> None:
        self.twin = Twin(clock=TwinClock(), plugin=plugin)
        self.records = TwinRecords()
        self.properties = copy.deepcopy(PROPERTIES)

    def seeder(self, limit: TimeLimit | None = None) -> Seeder:
        client = DeployClient(self.twin.transport())  # type: ignore[arg-type] # stands in for it
        client.repository._sleep = lambda _seconds: None
        return Seeder(client, TwinSecrets(), self.records, limit)

    def apply(self) -> Report:
        return self.seeder().apply(parse(self.properties))

    def remove(self) -> Report:
        return self.seeder().remove(parse(self.properties))


def test_everything_is_created_with_its_directories_and_recorded() -> None:
    site = Site()
    report = site.apply()
    assert set(site.twin.items) == set(report.created) == set(site.records.ids["web"])
    assert site.twin.items[ENVIRONMENT]["type"] == "udm.Environment"
    bastion = site.twin.items[BASTION]
    assert bastion["port"] == 22
    assert bastion["privateKey"] == "value of /ec2/keypair/key-1"
    assert {"Infrastructure/aws", "Infrastructure/aws/1", "Infrastructure/aws/1/eu"} <= set(report.created)


def test_a_second_time_changes_nothing() -> None:
    site = Site()
    site.apply()
    before = {key: {k: v for k, v in item.items() if k != "$token"} for key, item in site.twin.items.items()}
    report = site.apply()
    after = {key: {k: v for k, v in item.items() if k != "$token"} for key, item in site.twin.items.items()}
    assert (report.created, report.updated) == ([], [])
    assert before == after


def test_owned_properties_follow_the_stack_and_others_survive() -> None:
    site = Site()
    site.apply()
    site.twin.items[ENVIRONMENT]["members"] = ["Infrastructure/people/h"]
    site.twin.put("Infrastructure/people/h", "overthere.SshHost")
    site.twin.items[BASTION]["tags"] = ["a person's"]
    site.properties["Items"][1]["properties"]["address"] = "192.0.2.77"
    report = site.apply()
    assert report.updated == [BASTION]
    assert site.twin.items[BASTION]["address"] == "192.0.2.77"
    assert site.twin.items[BASTION]["tags"] == ["a person's"]
    assert site.twin.items[BASTION]["privateKey"] == "value of /ec2/keypair/key-1"
    assert site.twin.items[ENVIRONMENT]["members"] == ["Infrastructure/people/h"]


def test_a_persons_secret_is_never_replaced_by_its_mask() -> None:
    site = Site()
    site.apply()
    site.twin.items[BASTION]["password"] = "hers"
    site.properties["Items"][1]["properties"]["address"] = "192.0.2.77"
    report = site.apply()
    assert site.twin.items[BASTION]["password"] == "hers"
    assert report.skipped == [f"{BASTION} (set address by hand: its password reads masked)"]


def test_without_the_plugin_a_host_is_the_template_and_the_rest_is_named() -> None:
    site = Site(plugin=False)
    del site.properties["Items"][1]["secretProperties"]
    report = site.apply()
    assert site.twin.items[f"{HOSTS}-template"]["type"] == "overthere.SshHost"
    assert report.skipped == [
        "Configuration/aws/server (deploy.server comes with the plugin of this package)"
    ]


def test_a_ci_of_another_type_in_the_way_is_named() -> None:
    site = Site()
    site.twin.put(ENVIRONMENT, "core.Directory")
    with pytest.raises(SeedError, match=r"exists already as core\.Directory, expected udm\.Environment"):
        site.apply()


def test_removal_takes_all_that_was_made_and_nothing_else() -> None:
    site = Site()
    site.twin.put("Infrastructure/aws/1", "core.Directory")
    before = set(site.twin.items)
    site.apply()
    report = site.remove()
    assert set(site.twin.items) == before
    assert report.retained == []
    assert site.records.ids == {}


def test_removal_is_content_with_what_is_gone_already() -> None:
    site = Site()
    site.apply()
    site.twin.items.clear()
    assert site.remove().retained == []


def test_removal_before_anything_was_made_does_nothing() -> None:
    assert Site().remove() == Report()


def test_left_hosts_of_the_group_are_removed_members_first_and_peoples_stay() -> None:
    site = Site()
    site.apply()
    ours, theirs = f"{HOSTS}/shop_x002F_web-i-0abc", "Infrastructure/people/h"
    site.twin.put(ours, "overthere.SshHost")
    site.twin.put(theirs, "overthere.SshHost")
    site.twin.items[ENVIRONMENT]["members"] = [ours, theirs]
    report = site.remove()
    assert ours not in site.twin.items
    assert site.twin.items[ENVIRONMENT]["members"] == [theirs]
    assert report.retained == [f"{ENVIRONMENT} (has members that are not ours)"]


def test_a_directory_with_a_persons_ci_stays_and_is_named() -> None:
    site = Site()
    site.apply()
    site.twin.put("Infrastructure/aws/1/eu/hers", "overthere.SshHost")
    report = site.remove()
    kept = ["Infrastructure/aws/1/eu", "Infrastructure/aws/1", "Infrastructure/aws"]
    assert [text.partition(" ")[0] for text in report.retained] == kept
    assert all("not empty" in text for text in report.retained)


def test_what_somebody_refers_to_stays_and_is_named() -> None:
    site = Site()
    site.apply()
    site.twin.put("Infrastructure/people/h", "overthere.SshHost", jumpstation=BASTION)
    report = site.remove()
    assert any(BASTION in text and "still referenced by" in text for text in report.retained)
    assert BASTION in site.twin.items


def test_a_server_that_is_gone_keeps_no_stack_from_going_and_what_is_left_stays_ours() -> None:
    site = Site()
    site.apply()

    def down(method: str, path: str, _phase: str) -> None:
        raise Unreachable(method, path, None, "Connection refused")

    site.twin.faults.append(down)
    recorded = set(site.records.ids[site.properties["Name"]])
    report = site.remove()
    assert {text.partition(" (")[0] for text in report.retained} == recorded
    assert all("Deploy cannot be reached" in text for text in report.retained)

    site.twin.faults.clear()
    assert site.remove().retained == []
    assert site.twin.items == {}
    assert site.records.ids == {}


def test_a_create_that_was_interrupted_is_still_known_to_be_ours() -> None:
    site = Site()

    def cut(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith(ENVIRONMENT):
            raise Unreachable(method, path, None, "cut")

    site.twin.faults.append(cut)
    site.apply()
    site.twin.faults.clear()
    site.remove()
    assert site.twin.items == {}


def test_what_failed_to_be_created_is_taken_back_but_nothing_that_was_there() -> None:
    site = Site()
    site.twin.put("Infrastructure/aws/1", "core.Directory")
    before = dict(site.twin.items)
    site.twin.faults.append(_refusal("POST", ENVIRONMENT))
    with pytest.raises(SeedError, match="no room"):
        site.apply()
    assert site.twin.items == before
    assert site.records.ids == {}


def test_a_failure_in_a_second_run_takes_back_only_what_that_run_created() -> None:
    site = Site()
    site.apply()
    made = set(site.twin.items)
    site.properties["Items"] += [
        {"id": "Infrastructure/new/one", "type": "core.Directory"},
        {"id": "Environments/refused", "type": "udm.Environment"},
    ]
    site.twin.faults.append(_refusal("POST", "Environments/refused"))
    with pytest.raises(SeedError):
        site.apply()
    assert set(site.twin.items) == made == set(site.records.ids["web"])


def test_what_cannot_be_taken_back_is_named_and_stays_on_record() -> None:
    site = Site()

    def away(method: str, path: str, _phase: str) -> None:
        if BASTION in site.twin.items:
            raise Unreachable(method, path, None, "Connection refused")

    site.twin.faults.append(away)
    with pytest.raises(SeedError, match=f"left in Deploy, and on record: .*{BASTION}"):
        site.apply()
    site.twin.faults.clear()
    assert set(site.twin.items) <= set(site.records.ids["web"])
    assert site.remove().retained == []
    assert site.twin.items == {}


def test_what_is_no_longer_asked_for_is_named_and_goes_with_the_stack() -> None:
    site = Site()
    site.apply()
    del site.properties["Items"][2]
    report = site.apply()
    assert report.retained == [f"{ENVIRONMENT} (no longer asked for; it goes with the stack)"]
    assert ENVIRONMENT in site.twin.items
    site.remove()
    assert site.twin.items == {}


def test_a_ci_that_people_put_in_the_place_of_ours_stays() -> None:
    site = Site()
    site.apply()
    site.twin.put(BASTION, "overthere.SshHost")
    report = site.remove()
    assert f"{BASTION} (is overthere.SshHost now, was created as overthere.SshJumpstation)" in report.retained
    assert BASTION in site.twin.items


def test_what_people_put_below_ours_stays_and_keeps_ours() -> None:
    site = Site()
    site.apply()
    hers = f"{BASTION}/hers"
    site.twin.items[hers] = {"id": hers, "type": "core.Directory", "$token": "t"}
    report = site.remove()
    assert f"{BASTION} ({hers} is below it)" in report.retained
    assert hers in site.twin.items


@pytest.mark.parametrize(("deployeds", "stays"), [([], False), (["Infrastructure/people/h/d"], True)])
def test_an_environment_goes_with_applications_only_if_they_are_deployed_nowhere(
    deployeds: list[str], stays: bool
) -> None:
    site = Site()
    site.apply()
    application = f"{ENVIRONMENT}/shop"
    item = {"id": application, "type": "udm.DeployedApplication", "deployeds": deployeds, "$token": "t"}
    site.twin.items[application] = item
    report = site.remove()
    assert (f"{ENVIRONMENT} (applications are deployed to it)" in report.retained) is stays
    assert (application in site.twin.items) is stays


def test_one_ci_that_may_not_be_deleted_keeps_no_other() -> None:
    site = Site()
    site.apply()

    def forbidden(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("DELETE", "before") and path.endswith(ENVIRONMENT):
            raise Forbidden(method, path, 403, "You do not have repo#edit permission")

    site.twin.faults.append(forbidden)
    assert site.remove().retained == [f"{ENVIRONMENT} (You do not have repo#edit permission)"]
    assert set(site.twin.items) == {ENVIRONMENT}
    assert site.records.ids == {"web": {ENVIRONMENT: "udm.Environment"}}


def test_a_secret_set_meanwhile_is_not_replaced_by_its_mask() -> None:
    site = Site()
    site.apply()
    site.properties["Items"][1]["properties"]["address"] = "192.0.2.77"

    def person(method: str, path: str, phase: str) -> None:
        # Between the look at the server and the look of the update itself.
        if (method, phase) == ("GET", "before") and path.startswith("/security"):
            site.twin.items[BASTION]["password"] = "hers"

    site.twin.faults.append(person)
    report = site.apply()
    assert site.twin.items[BASTION]["password"] == "hers"
    assert report.skipped == [f"{BASTION} (set address by hand: its password reads masked)"]


def test_a_secret_of_ours_that_has_no_value_any_more_is_taken_out() -> None:
    site = Site()
    server = site.properties["Items"][-1]
    server["secretProperties"] = {"password": {"secret": "s", "field": "password", "optional": "true"}}
    site.apply()
    server["secretProperties"] = {
        "password": {"secret": "", "field": "password", "optional": "true"},
        "token": {"secret": "s", "field": "token", "optional": "true"},
    }
    report = site.apply()
    assert report.updated == ["Configuration/aws/server"]
    assert "password" not in site.twin.items["Configuration/aws/server"]
    assert site.twin.items["Configuration/aws/server"]["token"] == "value of s"


def test_a_ci_that_is_deleted_under_our_hands_is_created_again() -> None:
    site = Site()
    site.apply()
    site.properties["Items"][1]["properties"]["address"] = "192.0.2.77"

    def person(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("GET", "before") and path.startswith("/security"):
            site.twin.items.pop(BASTION, None)

    site.twin.faults.append(person)
    site.apply()
    assert site.twin.items[BASTION]["address"] == "192.0.2.77"


def _refusal(method: str, end: str) -> Callable[[str, str, str], None]:
    def fault(called: str, path: str, phase: str) -> None:
        if (called, phase) == (method, "before") and path.endswith(end):
            raise Refused(method, path, 400, "no room")

    return fault


@pytest.mark.parametrize("first_goes_first", [True, False])
def test_a_directory_that_two_hubs_need_goes_with_the_one_that_made_it_or_stays_empty(
    first_goes_first: bool,
) -> None:
    first, second = Site(), Site()
    second.twin = first.twin
    for site, name in ((first, "One"), (second, "Other")):
        item = {"id": f"Infrastructure/aws/1/eu/{name}", "type": "core.Directory"}
        site.properties = {"Name": "hub", "Items": [item]}
        site.apply()
    before, after = (first, second) if first_goes_first else (second, first)
    before.remove()
    assert after.remove().retained == []
    shared = ["Infrastructure/aws", "Infrastructure/aws/1", "Infrastructure/aws/1/eu"]
    assert sorted(first.twin.items) == (shared if first_goes_first else [])
    # A stack of the same name still knows that they are its own.
    assert first.remove().retained == []
    assert sorted(first.twin.items) == []


def test_the_first_reason_is_told_although_the_record_cannot_be_read_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site()

    def refuse(method: str, path: str, _phase: str) -> None:
        if (method, path) == ("POST", f"/repository/ci/{ENVIRONMENT}"):
            monkeypatch.setattr(site.records, "read", unreadable)
            monkeypatch.setattr(site.records, "write", unreadable)
            raise Unreachable(method, path, None, "Connection reset")

    def unreadable(*_: object) -> dict[str, str]:
        raise SeedError("the record /x/web of what is created cannot be used: throttled")

    site.twin.faults.append(refuse)
    with pytest.raises(SeedError) as caught:
        site.apply()
    text = str(caught.value)
    assert text.startswith("Deploy cannot be reached (Connection reset)")
    assert f"; left in Deploy, and on record: {ENVIRONMENT}, " in text
