"""What goes into a Deployment besides what the rollout is about."""

from __future__ import annotations

from runtime.reconciliation.deployment import with_others_as_registered

VERSION = "Applications/shop/1.0"


def deployed(name: str, version: str, **more: object) -> dict[str, object]:
    return {"id": f"Infrastructure/db/{name}", "deployable": f"Applications/shop/{version}/{name}", **more}


def test_what_people_have_of_another_version_goes_in_as_it_is_registered() -> None:
    deployment = {"id": "d", "deployeds": [deployed("file", "1.0"), deployed("own", "1.0", at="web")]}
    registered = [deployed("file", "2.0", **{"$token": "t"}), deployed("only in 2.0", "2.0")]
    found = with_others_as_registered(deployment, VERSION, registered)
    assert found == {
        "id": "d",
        "deployeds": [
            deployed("file", "2.0"),
            deployed("own", "1.0", at="web"),
            deployed("only in 2.0", "2.0"),
        ],
    }
    assert deployment["deployeds"] == [deployed("file", "1.0"), deployed("own", "1.0", at="web")]


def test_what_is_in_line_goes_in_as_deploy_has_prepared_it() -> None:
    prepared = deployed("file", "1.0", placeholders={"a": "b"})
    deployment = {"deployeds": [prepared]}
    assert with_others_as_registered(deployment, VERSION, [deployed("file", "1.0")]) == deployment


def test_what_deploy_has_left_out_is_not_undeployed() -> None:
    there = deployed("file", "1.0")
    assert with_others_as_registered({"deployeds": []}, VERSION, [there]) == {"deployeds": [there]}
