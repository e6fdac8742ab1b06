"""What the provider framework gets from the seeder, whatever happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from runtime import bootstrap
from runtime.deploy.errors import Unreachable
from runtime.handlers.seed import handler
from runtime.reconciliation.errors import Fatal
from runtime.seeding.errors import SeedError
from tests.runtime.seeding.test_seeder import PROPERTIES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext


class Context:
    """Five minutes."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site()
    monkeypatch.setattr(bootstrap, "seeder", lambda _remaining: made.seeder())
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "seeder")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    yield made
    bootstrap.telemetry.cache_clear()


def ask(kind: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    event = {
        "RequestType": kind,
        "LogicalResourceId": "Seed",
        "ResourceProperties": {**PROPERTIES, **changes},
        **({} if kind == "Create" else {"PhysicalResourceId": "web"}),
    }
    context: LambdaContext = Context()  # type: ignore[assignment] # the part of it that is used
    return handler(event, context)


def test_the_physical_id_is_the_name_through_the_whole_life(site: Site) -> None:
    ids = {ask(kind)["PhysicalResourceId"] for kind in ("Create", "Update", "Delete")}
    assert ids == {"web"}
    assert site.twin.items == {}


@pytest.mark.usefixtures("site")
def test_the_answer_tells_what_was_done() -> None:
    data = ask("Create")["Data"]
    assert "Infrastructure/aws" in data["Created"]
    assert data["Remarks"] == "none"


def test_the_answer_tells_what_an_engineer_must_know(site: Site) -> None:
    site.twin.denied = {("deploy#initial", "Environments")}
    data = ask("Create")["Data"]
    assert data["Lacking"] == "deploy#initial on Environments"
    assert data["Remarks"] == "the Deploy account lacks deploy#initial on Environments"


@pytest.mark.usefixtures("site")
def test_hundreds_of_long_ids_fit_into_the_answer() -> None:
    odd = "ü" * 100 + '"' * 50
    many = [{"id": f"Infrastructure/{odd}{n}", "type": "core.Directory"} for n in range(300)]
    answer = ask("Create", Items=many)
    assert "(300 in all)" in answer["Data"]["Created"]
    # What CloudFormation gets from the framework besides: reason, ids of stack, request and resource.
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 4096 - 800


@pytest.mark.usefixtures("site")
def test_a_failure_names_its_reason_alone() -> None:
    with pytest.raises(SeedError) as caught:
        ask("Create", Items=[{"id": "Infrastructure/x", "type": "no.Type"}])
    assert str(caught.value) == (
        "the Deploy server does not have the type no.Type (for Infrastructure/x): install the plugins that "
        "bring them"
    )
    assert caught.value.__cause__ is None


@pytest.mark.usefixtures("site")
def test_a_reason_that_is_too_long_is_cut() -> None:
    many = [{"id": f"Infrastructure/{'ü' * 100}{n}", "type": "no.Type"} for n in range(300)]
    with pytest.raises(SeedError) as caught:
        ask("Create", Items=many)
    assert len(str(caught.value).encode()) <= 1502
    assert str(caught.value).startswith("the Deploy server does not have the type no.Type (for Infra")
    assert str(caught.value).endswith("…")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Fatal("secret s has no field password"), "secret s has no field password"),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue"),
            "An error occurred (AccessDeniedException) when calling the GetSecretValue operation: no",
        ),
    ],
    ids=["unusable", "denied"],
)
def test_a_secret_that_cannot_be_read_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    def broken(_remaining: object) -> None:
        raise error

    monkeypatch.setattr(bootstrap, "seeder", broken)
    with pytest.raises(SeedError) as caught:
        ask("Create")
    assert str(caught.value) == text
    # The stack must be able to go all the same.
    answer = ask("Delete")
    assert answer["PhysicalResourceId"] == "web"
    assert answer["Data"]["Retained"] == f"all ({text})"
    assert site.twin.items == {}


@pytest.mark.usefixtures("site")
def test_a_resource_that_lacks_properties_is_told() -> None:
    with pytest.raises(SeedError, match="the seeder's resource lacks 'Name'"):
        handler(
            {"RequestType": "Create", "LogicalResourceId": "Seed", "ResourceProperties": {}},
            Context(),  # type: ignore[arg-type] # not looked at
        )


def test_a_defect_keeps_no_stack_from_going(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("Create")
    monkeypatch.setattr(site.records, "read", lambda _name: 1 / 0)
    assert ask("Delete")["Data"]["Retained"] == "all (division by zero)"


def test_a_repeated_create_changes_nothing_and_a_failing_repetition_takes_nothing_back(site: Site) -> None:
    ask("Create")
    made = dict(site.twin.items)

    def away(method: str, path: str, _phase: str) -> None:
        raise Unreachable(method, path, None, "Connection refused")

    site.twin.faults.append(away)
    with pytest.raises(SeedError):
        ask("Create")
    assert site.twin.items == made
