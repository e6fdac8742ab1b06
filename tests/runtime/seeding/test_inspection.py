"""What the seeder says of a server that it cannot use, or not fully: all of it, at once."""

from __future__ import annotations

import pytest

from runtime.deploy.errors import (
    DeployError,
    Forbidden,
    Missing,
    Refused,
    Unauthorized,
    Unavailable,
    Unlicensed,
    Unreachable,
    Untrusted,
)
from runtime.seeding.errors import SeedError
from tests.runtime.seeding.test_seeder import BASTION, ENVIRONMENT, Site

PARENT = "Infrastructure/aws/1/eu"


def refusal(site: Site) -> str:
    with pytest.raises(SeedError) as caught:
        site.apply()
    assert "\n" not in str(caught.value)
    assert site.twin.items.keys() <= before_of(site), "nothing is created before everything is looked at"
    assert site.records.ids == {}
    return str(caught.value)


def before_of(site: Site) -> set[str]:
    return {ci_id for ci_id, item in site.twin.items.items() if item.get("before")}


def put(site: Site, ci_id: str, kind: str) -> None:
    site.twin.put(ci_id, kind)
    for item in site.twin.items.values():
        item["before"] = True


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("22.1.0", []),
        ("26.3.0-SNAPSHOT", []),
        ("10.3.9", ["Deploy 10.3.9 is older than 22.1, the oldest supported: update it"]),
        ("22.0.4", ["Deploy 22.0.4 is older than 22.1, the oldest supported: update it"]),
        ("", ["Deploy does not tell its version; 22.1 is the oldest supported"]),
        ("next", ["Deploy does not tell its version; 22.1 is the oldest supported"]),
    ],
)
def test_an_old_or_unknown_version_is_noted_and_seeded_all_the_same(version: str, notes: list[str]) -> None:
    site = Site()
    site.twin.version = version
    report = site.apply()
    assert report.notes == notes
    assert ENVIRONMENT in report.created


def test_a_server_that_fails_to_tell_its_version_is_seeded_all_the_same() -> None:
    site = Site()
    fail(site, Refused("GET", "/server/info", 500, "boom"), "/server/info")
    assert site.apply().notes == ["Deploy does not tell its version; 22.1 is the oldest supported"]


def fail(site: Site, error: DeployError, path: str = "/") -> None:
    def fault(_method: str, called: str, _phase: str) -> None:
        if called.startswith(path):
            raise error

    site.twin.faults.append(fault)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            Unreachable("GET", "/x", None, "Connection refused"),
            "Deploy cannot be reached (Connection refused): check deployUrl (https or http, host, port), "
            "DNS, routes and firewalls",
        ),
        (
            Untrusted("GET", "/x", None, "TLS fails: unsupported protocol"),
            "Deploy cannot be reached safely (TLS fails: unsupported protocol): server and functions agree "
            "on no version or cipher: let the server offer TLS 1.2 or later",
        ),
        (
            Unavailable("GET", "/x", 503, "in maintenance"),
            "Deploy is not available now (503: in maintenance): wait for the end of its maintenance or "
            "restart, then deploy the stack again",
        ),
        (
            Unauthorized("GET", "/x", 401, ""),
            "Deploy refuses the credentials (401): check the secret, and that the account has the global "
            "permission login",
        ),
        (
            Forbidden("GET", "/server/info", 403, "You do not have login permission"),
            "Deploy does not let the account in (403: You do not have login permission): grant it the global "
            "permission login",
        ),
        (
            Unlicensed("GET", "/x", 402, "License expired on 2026-01-31"),
            "Deploy has no valid licence (402: License expired on 2026-01-31): install or renew it, then "
            "deploy the stack again",
        ),
        (
            Refused("POST", "/x", 400, "License limit of udm.Environment is reached"),
            "the licence of the Deploy server stands against it (License limit of udm.Environment is "
            "reached): it may limit how many CIs of a type there are, or how many users",
        ),
        (
            Forbidden("POST", "/x", 403, "You do not have repo#edit"),
            "the Deploy account lacks a permission (403): You do not have repo#edit (/x)",
        ),
        (
            Missing("GET", "/server/info", 404, "Not Found"),
            "no Deploy server answers at this address (404): check deployUrl, with its context path if it "
            "has one",
        ),
        (
            Refused("GET", "/server/info", 302, "Found"),
            "no Deploy server answers at this address (302): check deployUrl, with its context path if it "
            "has one",
        ),
        (
            Refused("GET", "/server/info", 400, "The plain HTTP request was sent to HTTPS port"),
            "Deploy cannot be reached safely (The plain HTTP request was sent to HTTPS port): begin "
            "deployUrl with https",
        ),
        (Refused("POST", "/x", 400, "no"), "Deploy refused POST /x: 400 no"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, DeployError) else "",
)
def test_a_failing_call_is_told_with_what_to_do(error: DeployError, text: str) -> None:
    site = Site()
    fail(site, error)
    assert refusal(site) == text


def test_all_missing_types_are_in_one_message() -> None:
    site = Site()
    site.properties["Items"] += [
        {"id": "Infrastructure/x", "type": "aws.Nothing"},
        {"id": "Infrastructure/y", "type": "aws.Else"},
    ]
    assert refusal(site) == (
        "the Deploy server does not have the type aws.Nothing (for Infrastructure/x), aws.Else (for "
        "Infrastructure/y): install the plugins that bring them"
    )


@pytest.mark.parametrize("how", ["absent", "hidden"])
def test_a_key_property_that_is_not_exposed_is_named_with_the_ways_out(how: str) -> None:
    site = Site(plugin=how == "hidden")
    site.twin.hidden = {"privateKey"} if how == "hidden" else set()
    assert refusal(site) == (
        "the Deploy server's overthere.SshJumpstation has no property privateKey: install the plugin of this "
        "package in Deploy, or log in by KeyFile or CredentialsItem"
    )


def test_a_value_that_is_none_of_its_property_is_named() -> None:
    site = Site()
    site.properties["Items"][1]["properties"]["port"] = "ssh"
    assert refusal(site) == f"port of {BASTION}: got 'ssh', expected a whole number"


def test_everything_that_is_wrong_is_in_one_message() -> None:
    site = Site()
    put(site, ENVIRONMENT, "core.Directory")
    site.properties["Items"][1]["properties"]["colour"] = "red"
    site.properties["Items"] += [{"id": "Infrastructure/x", "type": "aws.Nothing"}]
    site.twin.denied = {("repo#edit", "Infrastructure")}
    assert refusal(site) == (
        "the Deploy server does not have the type aws.Nothing (for Infrastructure/x): install the plugins "
        "that bring them; "
        "the Deploy server's overthere.SshJumpstation has no property colour: a plugin may bring it; or do "
        "not set it; "
        f"{ENVIRONMENT} exists already as core.Directory, expected udm.Environment: move it, or have another "
        "id; "
        "the Deploy account lacks repo#edit on Infrastructure: grant them to a role of the account"
    )


def test_all_permissions_that_are_lacking_are_in_one_message() -> None:
    site = Site()
    site.twin.denied = {
        ("repo#edit", "Infrastructure"),
        ("read", "Configuration"),
        ("deploy#initial", "Environments"),
        ("task#skip_step", "Environments"),
        ("task#view", ""),
    }
    assert refusal(site) == (
        "the Deploy account lacks repo#edit on Infrastructure; deploy#initial, task#skip_step on "
        "Environments; read on Configuration; task#view (global): grant them to a role of the account"
    )


def test_what_only_deploying_needs_is_reported_and_seeded_all_the_same() -> None:
    site = Site()
    site.twin.denied = {("deploy#upgrade", "Environments"), ("task#view", "")}
    report = site.apply()
    assert report.lacking == ["deploy#upgrade on Environments", "task#view (global)"]
    assert ENVIRONMENT in report.created


def test_the_lowest_directory_that_is_there_decides() -> None:
    site = Site()
    put(site, PARENT, "core.Directory")
    site.twin.denied = {("repo#edit", "Infrastructure"), ("repo#edit", "Infrastructure/aws")}
    assert site.apply().lacking == []
    other = Site()
    put(other, PARENT, "core.Directory")
    other.twin.denied = {("repo#edit", PARENT)}
    assert f"repo#edit on {PARENT}" in refusal(other)


def test_editing_is_not_needed_where_nothing_has_to_be_written() -> None:
    site = Site()
    site.apply()
    site.twin.denied = {("repo#edit", "Environments")}
    assert site.apply().lacking == ["repo#edit on Environments"]


def test_a_root_is_asked_for_its_permissions_and_nothing_else() -> None:
    site = Site()
    site.properties = {"Name": "hub", "Items": [{"id": "Environments", "type": "core.Directory"}]}
    site.twin.denied = {("deploy#initial", "Environments")}
    report = site.apply()
    assert report.lacking == ["deploy#initial on Environments"]
    assert (report.created, site.twin.items, site.records.ids) == ([], {}, {})


def test_a_ci_that_may_not_be_read_is_told_by_the_permission() -> None:
    site = Site()
    fail(site, Forbidden("GET", "/x", 403, "no"), f"/repository/ci/{ENVIRONMENT}")
    site.twin.denied = {("read", "Environments")}
    assert "lacks read on Environments" in refusal(site)
    believed = Site()
    fail(believed, Forbidden("GET", "/x", 403, "You do not have read"), f"/repository/ci/{ENVIRONMENT}")
    assert refusal(believed) == "the Deploy account lacks a permission (403): You do not have read (/x)"


def test_a_server_that_does_not_tell_permissions_is_believed_to_grant_them() -> None:
    site = Site()
    fail(site, Missing("GET", "/security", 404, "no such resource"), "/security")
    assert site.apply().lacking == []
