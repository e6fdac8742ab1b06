from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.plugin.conftest import nested

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call

WEST: dict[str, Any] = {
    "id": "Configuration/aws/123456789012/us-west-2/shop_x002F_web",
    "autoScalingGroup": "shop/web",
    "account": "123456789012",
    "region": "us-west-2",
    "environment": "Environments/shop_x002F_web",
    "infrastructure": "Infrastructure/aws/123456789012/us-west-2/shop_x002F_web",
    "server": "Configuration/deploy",
    "cloud": "Infrastructure/aws/cloud",
}
EAST = {**WEST, "id": "Configuration/aws/123456789012/us-east-1/shop_x002F_web", "region": "us-east-1"}
PLAIN = {**WEST, "id": "Configuration/web", "autoScalingGroup": None, "account": None, "region": None}


def event(
    group: str, account: str | None = "123456789012", region: str | None = "us-west-2"
) -> dict[str, object]:
    return nested("events.Event", group, "i-1234567890abcdef0", account, region)


def test_the_template_of_the_events_account_and_region(call: Call) -> None:
    found = call("groups.choose", [EAST, WEST, PLAIN], event("shop/web"))["value"]
    assert (found["template"], found["name"], found["region"]) == (WEST, "shop/web", "us-west-2")
    assert found["environment"] == "Environments/shop_x002F_web"


def test_without_settings_the_templates_name_is_the_groups(call: Call) -> None:
    found = call("groups.choose", [WEST, PLAIN], event("web"))["value"]
    assert (found["name"], found["region"]) == ("web", "us-west-2")


@pytest.mark.parametrize(
    ("templates", "wanted", "status", "reason"),
    [
        ([WEST], event("web"), 404, "group web in 123456789012/us-west-2"),
        ([], event("shop/web"), 404, "aws.asg.ec2SshHostTemplate"),
        ([WEST], event("shop/web", account="999999999999"), 404, "999999999999"),
        ([EAST, WEST], event("shop/web", region=None), 409, "several templates"),
        ([{**WEST, "cloud": None, "server": None}], event("shop/web"), 422, "no server, cloud"),
        ([PLAIN], event("web", region=None), 422, "no region"),
    ],
)
def test_refusals_say_what_is_missing(
    call: Call, templates: list[dict[str, Any]], wanted: dict[str, object], status: int, reason: str
) -> None:
    answer = call("groups.choose", templates, wanted)
    assert answer["refused"] == status
    assert reason in answer["reason"]
