"""What the seeder leaves in Deploy, and what it takes away again."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from runtime.deploy.client import DeployClient
from runtime.deploy.errors import DeployError, Forbidden, Missing, Unauthorized, Unlicensed, Unreachable
from runtime.seeding.errors import SeedError
from runtime.seeding.model import parse
from runtime.seeding.seeder import Report, Seeder
from tests.runtime.twins.aws import TwinSecrets
from tests.runtime.twins.clock import TwinClock
from tests.runtime.twins.deploy import Twin
from tests.runtime.twins.records import TwinRecords

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
        self.twin = Twin(TwinClock(), plugin=plugin)
        self.records = TwinRecords()
        self.properties = copy.deepcopy(PROPERTIES)

    def seeder(self) -> Seeder:
        client = DeployClient(self.twin.transport())  # type: ignore[arg-type] # stands in for it
        client.repository._sleep = lambda _seconds: None
        return Seeder(client, TwinSecrets(), self.records)

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


def test_a_secret_property_that_the_server_lacks_is_named_with_the_way_out() -> None:
    with pytest.raises(SeedError) as caught:
        Site(plugin=False).apply()
    assert str(caught.value) == (
        "the Deploy server's overthere.SshJumpstation has no property privateKey; "
        "the plugin of this package adds it"
    )


def test_a_missing_type_is_named() -> None:
    site = Site()
    site.properties["Items"] = [{"id": "Infrastructure/x", "type": "aws.Nothing"}]
    with pytest.raises(SeedError, match=r"does not have the type aws\.Nothing, needed for Infrastructure/x"):
        site.apply()


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


def test_lacking_permissions_are_named_and_nothing_else_fails() -> None:
    site = Site()
    site.twin.denied = {("deploy#initial", "Environments"), ("repo#edit", "Infrastructure/aws/1/eu")}
    report = site.apply()
    assert report.lacking == ["repo#edit on Infrastructure/aws/1/eu", "deploy#initial on Environments"]
    assert "Environments/shop_x002F_web" in report.created


def test_a_server_that_does_not_tell_permissions_is_believed_to_grant_them() -> None:
    site = Site()

    def unknown(method: str, path: str, phase: str) -> None:
        if path.startswith("/security") and phase == "before":
            raise Missing(method, path, 404, "no such resource")

    site.twin.faults.append(unknown)
    assert site.apply().lacking == []


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


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            Unreachable("GET", "/x", None, "Connection refused"),
            "Deploy cannot be reached (Connection refused)",
        ),
        (Unauthorized("GET", "/x", 401, ""), "Deploy refuses the credentials (401)"),
        (Unlicensed("GET", "/x", 402, ""), "Deploy has no valid licence (402)"),
        (
            Forbidden("POST", "/x", 403, "You do not have repo#edit"),
            "lacks a permission (403): You do not have",
        ),
    ],
)
def test_failures_are_one_line_that_a_person_can_act_on(error: DeployError, text: str) -> None:
    site = Site()

    def fail(*_: str) -> None:
        raise error

    site.twin.faults.append(fail)
    with pytest.raises(SeedError) as caught:
        site.apply()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
