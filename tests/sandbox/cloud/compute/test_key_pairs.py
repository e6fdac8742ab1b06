from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization

from cdk_app.sandbox.cloud.compute.key_pairs import KeyPairError, fingerprint, generate, public_line

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud


@pytest.mark.parametrize(
    ("key_type", "header", "algorithm"),
    [
        ("ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-ed25519"),
        ("rsa", "-----BEGIN RSA PRIVATE KEY-----", "ssh-rsa"),
    ],
)
def test_both_halves_belong_together_in_the_containers_that_ec2_uses(
    key_type: str, header: str, algorithm: str
) -> None:
    material = generate(key_type)
    assert material.private.splitlines()[0] == header
    assert material.public.split()[0] == algorithm
    load = serialization.load_ssh_private_key if key_type == "ed25519" else serialization.load_pem_private_key
    assert public_line(load(material.private.encode(), None).public_key()) == material.public
    assert material.private not in repr(material)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(KeyPairError, match="ed25519 or rsa"):
        generate("dsa")


def test_created_keys_work_and_names_are_unique(cloud: Cloud, name: str) -> None:
    ec2 = cloud.client("ec2")
    created = ec2.create_key_pair(KeyName=name, KeyType="ed25519")
    private = serialization.load_ssh_private_key(created["KeyMaterial"].encode(), None)
    (described,) = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
    assert described["PublicKey"] == public_line(private.public_key())
    assert described["KeyFingerprint"] == fingerprint(described["PublicKey"])
    assert "PublicKey" not in ec2.describe_key_pairs(KeyPairIds=[created["KeyPairId"]])["KeyPairs"][0]
    with pytest.raises(ClientError, match=r"InvalidKeyPair\.Duplicate"):
        ec2.create_key_pair(KeyName=name)
    ec2.delete_key_pair(KeyPairId=created["KeyPairId"])
    with pytest.raises(ClientError, match=r"InvalidKeyPair\.NotFound"):
        ec2.describe_key_pairs(KeyNames=[name])


def test_imported_keys_keep_their_public_half(cloud: Cloud, name: str) -> None:
    ec2 = cloud.client("ec2")
    public = generate("ed25519").public
    ec2.import_key_pair(KeyName=name, PublicKeyMaterial=f"{public} somebody@somewhere".encode())
    (described,) = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
    assert (described["PublicKey"], described["KeyType"]) == (public, "ed25519")
    with pytest.raises(ClientError, match=r"InvalidKey\.Format"):
        ec2.import_key_pair(KeyName=f"{name}-bad", PublicKeyMaterial=base64.b64encode(b"no key"))
