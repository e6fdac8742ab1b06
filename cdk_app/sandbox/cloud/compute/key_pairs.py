"""Key pairs with real key material; MiniStack's own are stubs that no SSH client accepts."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

ec2 = names(
    "services.ec2",
    functions=(
        "_p",
        "_xml",
        "_error",
        "_parse_member_list",
        "_parse_filters",
        "_parse_tag_specs",
        "_tag_set_xml",
    ),
    stores=("_key_pairs", "_tags", "_ACTION_MAP"),
)
responses = names("core.responses", functions=("new_uuid",))


class KeyPairError(ValueError):
    """A key pair cannot be created as asked; the text is AWS's."""


@dataclass(frozen=True, slots=True)
class Material:
    """The two halves of a key as EC2 hands them out.

    Attributes
    ----------
    public
        One line of OpenSSH's ``authorized_keys``, without a comment.
    private
        PEM: PKCS#1 for RSA, OpenSSH's container for ED25519 (EC2 user guide, create a key pair).
    """

    public: str
    private: str = field(repr=False)


def generate(key_type: str) -> Material:
    """Generate a key.

    Parameters
    ----------
    key_type
        ``"rsa"`` (2048 bits) or ``"ed25519"``.

    Raises
    ------
    KeyPairError
        For any other type.
    """
    key: PrivateKeyTypes
    if key_type == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        container = serialization.PrivateFormat.OpenSSH
    elif key_type == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        container = serialization.PrivateFormat.TraditionalOpenSSL
    else:
        raise KeyPairError(f"Invalid value '{key_type}' for KeyType. Expected: ed25519 or rsa")
    private = key.private_bytes(serialization.Encoding.PEM, container, serialization.NoEncryption())
    return Material(public_line(key.public_key()), private.decode())


def public_line(key: PublicKeyTypes) -> str:
    """Return a public key as OpenSSH writes it."""
    encoding, container = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_bytes(encoding, container).decode()


def fingerprint(public: str) -> str:
    """Return the base64 SHA-256 of the public key, EC2's fingerprint of ED25519 keys."""
    return base64.b64encode(hashlib.sha256(base64.b64decode(public.split()[1])).digest()).decode()


def store(name: str, key_type: str, public: str) -> str:
    """Record a key pair and return its id.

    Raises
    ------
    KeyPairError
        When the name is taken.
    """
    if name in ec2._key_pairs:
        raise KeyPairError(f"The keypair already exists: {name}")
    key_pair_id = f"key-{responses.new_uuid().replace('-', '')[:17]}"
    ec2._key_pairs[name] = {
        "KeyName": name,
        "KeyPairId": key_pair_id,
        "KeyType": key_type,
        "KeyFingerprint": fingerprint(public),
        "PublicKey": public,
    }
    return key_pair_id


def imported(material: str) -> tuple[str, str]:
    """Return type and OpenSSH line of a public key that a person brings.

    Raises
    ------
    KeyPairError
        When it is not a public key that EC2 imports.
    """
    try:
        key = serialization.load_ssh_public_key(material.strip().encode())
    except ValueError as error:
        raise KeyPairError("Key is not in valid OpenSSH public key format") from error
    return ("ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "rsa"), public_line(key)


def _element(record: dict[str, Any], with_public: bool) -> str:
    public = f"<publicKey>{escape(record['PublicKey'])}</publicKey>" if with_public else ""
    return (
        f"<keyName>{escape(record['KeyName'])}</keyName>"
        f"<keyFingerprint>{record['KeyFingerprint']}</keyFingerprint>"
        f"<keyPairId>{record['KeyPairId']}</keyPairId><keyType>{record['KeyType']}</keyType>"
        f"{public}{ec2._tag_set_xml(record['KeyPairId'])}"
    )


def _create(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    name = ec2._p(parameters, "KeyName")
    key_type = ec2._p(parameters, "KeyType") or "rsa"
    try:
        material = generate(key_type)
        key_pair_id = store(name, key_type, material.public)
    except KeyPairError as error:
        return ec2._error(
            "InvalidKeyPair.Duplicate" if name in ec2._key_pairs else "InvalidParameterValue", error, 400
        )
    ec2._parse_tag_specs(parameters, "key-pair", key_pair_id)
    secret = f"<keyMaterial>{escape(material.private)}</keyMaterial>"
    return ec2._xml(200, "CreateKeyPairResponse", _element(ec2._key_pairs[name], with_public=False) + secret)


def _import(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    name = ec2._p(parameters, "KeyName")
    try:
        key_type, public = imported(base64.b64decode(ec2._p(parameters, "PublicKeyMaterial")).decode())
        key_pair_id = store(name, key_type, public)
    except KeyPairError as error:
        return ec2._error(
            "InvalidKeyPair.Duplicate" if name in ec2._key_pairs else "InvalidKey.Format", error, 400
        )
    ec2._parse_tag_specs(parameters, "key-pair", key_pair_id)
    return ec2._xml(200, "ImportKeyPairResponse", _element(ec2._key_pairs[name], with_public=False))


def _delete(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    wanted = ec2._p(parameters, "KeyPairId")
    for name, record in ec2._key_pairs.items():
        if name == ec2._p(parameters, "KeyName") or (wanted and record["KeyPairId"] == wanted):
            del ec2._key_pairs[name]
            ec2._tags.pop(record["KeyPairId"], None)
    return ec2._xml(200, "DeleteKeyPairResponse", "<return>true</return>")


def _describe(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    by_name = ec2._parse_member_list(parameters, "KeyName")
    by_id = ec2._parse_member_list(parameters, "KeyPairId")
    filters = ec2._parse_filters(parameters)
    records = list(ec2._key_pairs.values())
    for kind, wanted, key in (("key pair", by_name, "KeyName"), ("key pair id", by_id, "KeyPairId")):
        missing = set(wanted) - {record[key] for record in records}
        if missing:
            return ec2._error(
                "InvalidKeyPair.NotFound", f"The {kind} '{sorted(missing)[0]}' does not exist", 400
            )
    with_public = ec2._p(parameters, "IncludePublicKey") == "true"
    chosen = [
        record
        for record in records
        if (not by_name or record["KeyName"] in by_name)
        and (not by_id or record["KeyPairId"] in by_id)
        and (record["KeyName"] in filters.get("key-name", [record["KeyName"]]))
        and (record["KeyPairId"] in filters.get("key-pair-id", [record["KeyPairId"]]))
    ]
    items = "".join(f"<item>{_element(record, with_public)}</item>" for record in chosen)
    return ec2._xml(200, "DescribeKeyPairsResponse", f"<keySet>{items}</keySet>")


def install() -> None:
    """Replace the four actions."""
    ec2._ACTION_MAP.update(
        CreateKeyPair=_create, ImportKeyPair=_import, DeleteKeyPair=_delete, DescribeKeyPairs=_describe
    )
