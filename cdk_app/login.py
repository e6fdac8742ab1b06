"""How Deploy proves to a host who it is: what goes into the host's CI, and who may read the secret for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aws_cdk import Token
from aws_cdk import aws_iam as iam

from cdk_app.options import check_no_text, is_under
from cdk_app.secret_access import secret_id, secret_statements

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm

    from cdk_app.host_template import HostTemplate

__all__ = [
    "CredentialsItem",
    "KeyFile",
    "Login",
    "SecretField",
    "StoredKey",
    "StoredPassword",
    "ValueSource",
    "by_key",
    "check_login",
]

_KEYS = frozenset({"privateKey", "privateKeyFile", "passphrase"})

ValueSource = Mapping[str, str]
"""Where the functions read a secret: ``{"parameter": name}`` or ``{"secret": id, "field": key}``."""


@runtime_checkable
class Login(Protocol):
    """Properties of a host CI that let Deploy log in."""

    @property
    def key_pair(self) -> ec2.IKeyPair | None:
        """Key pair that new instances are launched with."""

    def properties(self) -> Mapping[str, str]:
        """Return plain properties of the CI."""

    def secret_properties(self) -> Mapping[str, ValueSource]:
        """Return password properties of the CI and where their values are."""

    def read_statements(self) -> Sequence[iam.PolicyStatement]:
        """Return what a function needs to read those values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretField:
    """A field of a secret's JSON object.

    Parameters
    ----------
    secret
        The secret.
    name
        Key of the field.

    Raises
    ------
    ValueError
        If `name` is empty.
    """

    secret: secretsmanager.ISecret
    name: str

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name of the secret's field: got '', expected a key of the secret's JSON object")

    def source(self) -> ValueSource:
        """Return where the functions read it."""
        return {"secret": secret_id(self.secret), "field": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """An EC2 key pair whose private key is stored in AWS and becomes a property of each host CI.

    Parameters
    ----------
    key_pair
        The key pair.
    private_key
        Where the private key is, in OpenSSH or PEM form: an SSM parameter (as EC2 writes it for a pair
        made by CloudFormation) or a secret's field. An ED25519 key must be in OpenSSH form.

    Raises
    ------
    TypeError
        If `private_key` is text.
    """

    key_pair: ec2.IKeyPair
    private_key: ssm.IStringParameter | SecretField

    def __post_init__(self) -> None:
        check_no_text(
            "private_key", self.private_key, "a SecretField(…), or an SSM parameter such as of the key pair"
        )

    def properties(self) -> Mapping[str, str]:
        """Return nothing: the key is a secret."""
        return {}

    def secret_properties(self) -> Mapping[str, ValueSource]:
        """Return ``privateKey``."""
        if isinstance(self.private_key, SecretField):
            return {"privateKey": self.private_key.source()}
        return {"privateKey": {"parameter": self.private_key.parameter_name}}

    def read_statements(self) -> Sequence[iam.PolicyStatement]:
        """Return what a function needs to read the key."""
        if isinstance(self.private_key, SecretField):
            return secret_statements(self.private_key.secret)
        return [iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[self.private_key.parameter_arn])]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A private key in a file on the Deploy server (and on each worker and satellite that runs steps).

    Parameters
    ----------
    path
        Absolute path of the file there.
    key_pair
        Key pair with its public half (- the hub's own, whose private key you copy there from SSM).

    Raises
    ------
    ValueError
        If `path` is empty, or looks like a key instead of a path.
    """

    path: str
    key_pair: ec2.IKeyPair | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("path of the key file: got '', expected its path such as '/opt/deploy/key.pem'")
        if "PRIVATE KEY" in self.path or "\n" in self.path:
            raise ValueError(
                "path of the key file: got a key, expected the path of its file on the Deploy server; "
                "to hand over a key use StoredKey"
            )

    def properties(self) -> Mapping[str, str]:
        """Return ``privateKeyFile``."""
        return {"privateKeyFile": self.path}

    def secret_properties(self) -> Mapping[str, ValueSource]:
        """Return nothing."""
        return {}

    def read_statements(self) -> Sequence[iam.PolicyStatement]:
        """Return nothing."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsItem:
    """A credentials CI in Deploy that the hosts refer to; user name and key are in it.

    Parameters
    ----------
    ci_id
        Id of the ``credentials.SshHostCredentials`` (by WinRM: ``credentials.SmbHostCredentials``).
    key_pair
        Key pair of the instances (- none: the image has the public key already).

    Raises
    ------
    ValueError
        If `ci_id` is not under ``Configuration``.
    """

    ci_id: str
    key_pair: ec2.IKeyPair | None = None

    def __post_init__(self) -> None:
        if not Token.is_unresolved(self.ci_id) and not is_under("Configuration", self.ci_id):
            raise ValueError(
                f"ci_id of the credentials: got {self.ci_id!r}, expected an id such as "
                "'Configuration/web-credentials'"
            )

    def properties(self) -> Mapping[str, str]:
        """Return ``credentials``."""
        return {"credentials": self.ci_id}

    def secret_properties(self) -> Mapping[str, ValueSource]:
        """Return nothing."""
        return {}

    def read_statements(self) -> Sequence[iam.PolicyStatement]:
        """Return nothing."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassword:
    """A password from a secret, as Windows hosts have it.

    Parameters
    ----------
    password
        Field of the secret.
    key_pair
        Key pair of the instances (- none).
    """

    password: SecretField
    key_pair: ec2.IKeyPair | None = None

    def properties(self) -> Mapping[str, str]:
        """Return nothing: the password is a secret."""
        return {}

    def secret_properties(self) -> Mapping[str, ValueSource]:
        """Return ``password``."""
        return {"password": self.password.source()}

    def read_statements(self) -> Sequence[iam.PolicyStatement]:
        """Return what a function needs to read the password."""
        return secret_statements(self.password.secret)


def by_key(login: Login) -> bool:
    """Tell whether Deploy logs in with a key that it is given by us."""
    return bool(_KEYS & {*login.properties(), *login.secret_properties()})


def check_login(login: Login, template: HostTemplate) -> None:
    """Refuse a key for hosts that Deploy cannot log in to with one.

    Raises
    ------
    ValueError
        If the type of the hosts has no property for it.
    """
    if not template.takes_keys and by_key(login):
        raise ValueError(
            f"login of the group: got {type(login).__name__} for hosts of {template.type}, expected a "
            "password, for WinRM and SMB know no keys; pass login=StoredPassword(…) or CredentialsItem(…) to "
            "the group"
        )
