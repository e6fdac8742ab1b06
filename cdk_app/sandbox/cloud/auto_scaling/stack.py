"""``AWS::AutoScaling::AutoScalingGroup`` of a stack.

MiniStack's own handlers write the group's record and stop there: no instance would be launched or terminated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import activities, records
from cdk_app.sandbox.cloud.auto_scaling.actions import check_capacity, follow_subnets, put_hooks
from cdk_app.sandbox.cloud.auto_scaling.ports import RefusedError
from cdk_app.sandbox.cloud.auto_scaling.service import groups
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

auto_scaling = names("services.autoscaling", stores=("_asgs", "_hooks"))
provisioners = names(
    "services.cloudformation.provisioners",
    functions=("_asg_create", "_asg_update", "_asg_delete"),
)
stacks = names("services.cloudformation.stacks", functions=("_runs_on_worker_thread",))
_original_runs_on_worker_thread = stacks._runs_on_worker_thread

GROUP = "AWS::AutoScaling::AutoScalingGroup"
LINGER_SECONDS = 1.0
"""How long an emptied group is still there; CloudFormation takes longer to notice and delete it."""
INLINE_HOOKS = "LifecycleHookSpecificationList"


def _create(logical_id: str, properties: Properties, stack: str) -> Created:
    created: Created = provisioners._asg_create(logical_id, properties, stack)
    record = auto_scaling._asgs[created[0]]
    try:
        _configure(record, properties)
    except RefusedError as error:
        provisioners._asg_delete(created[0], properties)
        raise ValueError(str(error)) from error
    put_hooks(created[0], properties.get(INLINE_HOOKS) or [])
    groups.adjust(created[0], activities.desired_changed(time.time(), 0, record["DesiredCapacity"]))
    return created


def _update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    before = auto_scaling._asgs[physical_id]["DesiredCapacity"]
    updated: Created = provisioners._asg_update(physical_id, old, new, stack, logical_id)
    record = auto_scaling._asgs[updated[0]]
    if "DesiredCapacity" not in new:
        # CloudFormation leaves the capacity to whoever scales the group, within the new sizes.
        record["DesiredCapacity"] = min(max(before, record["MinSize"]), record["MaxSize"])
    _configure(record, new)
    for hook in old.get(INLINE_HOOKS) or ():
        auto_scaling._hooks.pop(f"{updated[0]}/{hook['LifecycleHookName']}", None)
    put_hooks(updated[0], new.get(INLINE_HOOKS) or [])
    groups.adjust(updated[0], activities.desired_changed(time.time(), before, record["DesiredCapacity"]))
    return updated


def _configure(record: dict[str, Any], properties: Properties) -> None:
    check_capacity(record["MinSize"], record["MaxSize"], record["DesiredCapacity"])
    follow_subnets(record)
    mixed = properties.get("MixedInstancesPolicy")
    if mixed:
        specification = mixed["LaunchTemplate"]["LaunchTemplateSpecification"]
        record["LaunchTemplate"] = {"Version": "$Default", **specification}


def _delete(physical_id: str, properties: Properties) -> None:
    """Scale to zero, wait until the termination hooks have let every instance go, then delete."""
    record = auto_scaling._asgs.get(physical_id)
    if record is None:
        return
    before = record["DesiredCapacity"]
    record.update(MinSize=0, MaxSize=0, DesiredCapacity=0)
    record.pop(records.POOL, None)
    groups.release_all(physical_id, activities.desired_changed(time.time(), before, 0))
    groups.wait_until_empty(physical_id)
    time.sleep(LINGER_SECONDS)
    provisioners._asg_delete(physical_id, properties)
    groups.forget(record["AutoScalingGroupARN"])


def _runs_on_worker_thread(resource_type: str) -> bool:
    return resource_type == GROUP or bool(_original_runs_on_worker_thread(resource_type))


def install() -> None:
    """Replace the type; deleting a group waits, so it runs on a thread of its own."""
    stacks._runs_on_worker_thread = _runs_on_worker_thread
    register(GROUP, _create, _delete, _update)
