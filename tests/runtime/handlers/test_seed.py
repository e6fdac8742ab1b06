from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runtime import bootstrap
from runtime.handlers.seed import handler
from runtime.seeding.errors import SeedError
from tests.runtime.seeding.test_seeder import PROPERTIES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site()
    monkeypatch.setattr(bootstrap, "seeder", made.seeder)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "seeder")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    yield made
    bootstrap.telemetry.cache_clear()


def event(kind: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"RequestType": kind, "LogicalResourceId": "Seed", "ResourceProperties": {**PROPERTIES, **changes}}


def test_the_physical_id_is_the_name_through_the_whole_life(site: Site) -> None:
    ids = {handler(event(kind), None)["PhysicalResourceId"] for kind in ("Create", "Update", "Delete")}  # type: ignore[arg-type] # no context needed
    assert ids == {"web"}
    assert site.twin.items == {}


@pytest.mark.usefixtures("site")
def test_the_answer_tells_what_was_done() -> None:
    data = handler(event("Create"), None)["Data"]  # type: ignore[arg-type] # no context needed
    assert data["Environment"] == "Environments/shop_x002F_web"
    assert "Environments/shop_x002F_web" in data["Created"]
    assert sum(map(len, data.values())) < 4096


@pytest.mark.usefixtures("site")
def test_a_long_answer_is_cut() -> None:
    many = [{"id": f"Infrastructure/{'x' * 50}{n}", "type": "core.Directory"} for n in range(100)]
    data = handler(event("Create", Items=many), None)["Data"]  # type: ignore[arg-type] # no context needed
    assert data["Created"].endswith("… (100 in all)")
    assert sum(map(len, data.values())) < 4096


@pytest.mark.usefixtures("site")
def test_a_failure_names_its_reason_alone() -> None:
    with pytest.raises(SeedError) as caught:
        handler(event("Create", Items=[{"id": "Infrastructure/x", "type": "no.Type"}]), None)  # type: ignore[arg-type] # no context needed
    assert (
        str(caught.value) == "the Deploy server does not have the type no.Type, needed for Infrastructure/x"
    )
    assert caught.value.__cause__ is None
