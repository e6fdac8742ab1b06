"""The environment is people's: our hosts come and go in it, and nothing else in it changes."""

from __future__ import annotations

import pytest

from runtime.reconciliation.errors import Fatal
from tests.runtime.reconciliation.scenarios import in_line, serving
from tests.runtime.twins import deploy_repository
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, World


def test_what_people_write_between_our_look_and_our_write_stays() -> None:
    world = serving(2)
    world.group.scale(1)
    before = dict(world.twin.items[ENVIRONMENT])
    edits = iter([{"triggers": ["Configuration/mail"]}, {"members": [*before["members"], FOREIGN]}])

    def edit(method: str, path: str, phase: str) -> None:
        if (method, path, phase) == ("PUT", f"/repository/ci/{ENVIRONMENT}", "before"):
            for change in edits:
                world.twin.items[ENVIRONMENT] = world.twin._stored(world.twin.items[ENVIRONMENT] | change)
                return

    world.twin.faults.append(edit)
    world.reconcile()
    after = world.twin.items[ENVIRONMENT]
    assert after["triggers"] == ["Configuration/mail"]
    (serving_host,) = (world.config.host_id(i) for i in world.group.instances)
    assert sorted(after["members"]) == sorted([FOREIGN, serving_host])
    assert next(edits, None) is None


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> World:
    """A group whose environments have a secret, on a server that stores a mask that is written back."""
    kinds = deploy_repository.TYPES["udm.Environment"] | {"token": "STRING"}
    monkeypatch.setitem(deploy_repository.TYPES, "udm.Environment", kinds)
    world = serving(2)
    world.twin.knows_masks = False
    world.twin.items[ENVIRONMENT]["token"] = "somebody's"
    return world


@pytest.mark.parametrize("instances", [1, 3])
def test_a_secret_of_the_environment_is_never_replaced_by_its_mask(guarded: World, instances: int) -> None:
    guarded.group.scale(instances)
    with pytest.raises(Fatal, match=r"Environments/web: .*token reads masked.*encrypted dictionary"):
        guarded.reconcile()
    assert guarded.twin.items[ENVIRONMENT]["token"] == "somebody's"
    del guarded.twin.items[ENVIRONMENT]["token"]
    guarded.reconcile()
    assert in_line(guarded)


def test_what_only_looks_like_a_mask_is_written_back(guarded: World) -> None:
    del guarded.twin.items[ENVIRONMENT]["token"]
    guarded.twin.items[ENVIRONMENT]["pattern"] = "**"
    guarded.group.scale(3)
    guarded.reconcile()
    assert in_line(guarded)
    assert guarded.twin.items[ENVIRONMENT]["pattern"] == "**"
