"""Lifecycle hooks beside their group: refusals, and what becomes of instances that wait for a deleted one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling.actions import refusing, value
from cdk_app.sandbox.cloud.auto_scaling.model import Transition
from cdk_app.sandbox.cloud.auto_scaling.ports import RefusedError
from cdk_app.sandbox.cloud.auto_scaling.service import groups
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.describe import Parameters
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

auto_scaling = names(
    "services.autoscaling",
    functions=("_put_lifecycle_hook", "_delete_lifecycle_hook"),
    stores=("_ACTION_MAP", "_hooks"),
)
provisioners = names(
    "services.cloudformation.provisioners",
    functions=("_asg_hook_create", "_asg_hook_update", "_asg_hook_delete"),
)


def _check(transition: str) -> None:
    if transition not in list(Transition):
        raise RefusedError(
            f"Invalid lifecycle transition '{transition}'. Expected: {' or '.join(Transition)}"
        )


def _put(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    name, hook = value(parameters, "AutoScalingGroupName"), value(parameters, "LifecycleHookName")
    groups.find(name)
    if f"{name}/{hook}" not in auto_scaling._hooks:
        _check(value(parameters, "LifecycleTransition"))
    return auto_scaling._put_lifecycle_hook(parameters)


def _delete(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    name, hook = value(parameters, "AutoScalingGroupName"), value(parameters, "LifecycleHookName")
    groups.find(name)
    if f"{name}/{hook}" not in auto_scaling._hooks:
        raise RefusedError("No Lifecycle Hook found")
    response = auto_scaling._delete_lifecycle_hook(parameters)
    groups.drop_hook(name, hook)
    return response


def _create_resource(logical_id: str, properties: Properties, stack: str) -> Created:
    _check(properties["LifecycleTransition"])
    created: Created = provisioners._asg_hook_create(logical_id, properties, stack)
    return created


def _update_resource(
    physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str
) -> Created:
    replaced = ("AutoScalingGroupName", "LifecycleHookName")
    if any(old.get(member) != new.get(member) for member in replaced):
        return _create_resource(logical_id, new, stack)
    updated: Created = provisioners._asg_hook_update(physical_id, old, new, stack)
    return updated


def _delete_resource(physical_id: str, properties: Properties) -> None:
    provisioners._asg_hook_delete(physical_id, properties)
    groups.drop_hook(properties["AutoScalingGroupName"], physical_id)


def install() -> None:
    """Replace the actions and the type."""
    auto_scaling._ACTION_MAP.update(PutLifecycleHook=refusing(_put), DeleteLifecycleHook=refusing(_delete))
    register("AWS::AutoScaling::LifecycleHook", _create_resource, _delete_resource, _update_resource)
