"""``AWS::EC2::KeyPair``: a real key, whose private half EC2 keeps in Parameter Store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.compute import key_pairs
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register, tags

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

ec2 = names("services.ec2", stores=("_key_pairs", "_tags"))
ssm = names("services.ssm", functions=("_put_parameter", "_delete_parameter"))


def parameter_name(key_pair_id: str) -> str:
    """Return the name under which EC2 stores a created key pair's private half."""
    return f"/ec2/keypair/{key_pair_id}"


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    name = properties["KeyName"]
    if properties.get("PublicKeyMaterial"):
        key_type, public = key_pairs.imported(properties["PublicKeyMaterial"])
        key_pair_id = key_pairs.store(name, key_type, public)
    else:
        key_type = properties.get("KeyType", "rsa")
        material = key_pairs.generate(key_type)
        key_pair_id = key_pairs.store(name, key_type, material.public)
        ssm._put_parameter(
            {"Name": parameter_name(key_pair_id), "Type": "SecureString", "Value": material.private}
        )
    ec2._tags[key_pair_id] = [{"Key": key, "Value": value} for key, value in tags(properties).items()]
    return name, {"KeyPairId": key_pair_id, "KeyFingerprint": ec2._key_pairs[name]["KeyFingerprint"]}


def _delete(physical_id: str, _properties: Properties) -> None:
    record = ec2._key_pairs.pop(physical_id, None)
    if record is not None:
        ec2._tags.pop(record["KeyPairId"], None)
        ssm._delete_parameter({"Name": parameter_name(record["KeyPairId"])})


def install() -> None:
    """Register the type."""
    register("AWS::EC2::KeyPair", _create, _delete)
