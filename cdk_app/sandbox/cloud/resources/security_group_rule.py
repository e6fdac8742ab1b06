"""``AWS::EC2::SecurityGroupIngress`` and ``AWS::EC2::SecurityGroupEgress``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

ec2 = names("services.ec2", functions=("_sg_rule_id", "_rules_match"), stores=("_security_groups",))
provisioners = names("services.cloudformation.provisioners", functions=("_ec2_sg_permissions",))


def _register(resource_type: str, side: str) -> None:
    def permission(properties: Properties) -> dict[str, Any]:
        (rule,) = provisioners._ec2_sg_permissions([properties])
        return dict(rule)

    def create(_logical_id: str, properties: Properties, _stack: str) -> Created:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group '{properties['GroupId']}' does not exist")
        rule = permission(properties)
        group.setdefault(side, []).append(rule)
        rule_id = ec2._sg_rule_id(properties["GroupId"], side == "IpPermissionsEgress", rule)
        return rule_id, {"Id": rule_id}

    def delete(_physical_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:
            gone = permission(properties)
            group[side] = [rule for rule in group[side] if not ec2._rules_match(rule, gone)]

    register(resource_type, create, delete)


def install() -> None:
    """Register both types."""
    _register("AWS::EC2::SecurityGroupIngress", "IpPermissions")
    _register("AWS::EC2::SecurityGroupEgress", "IpPermissionsEgress")
