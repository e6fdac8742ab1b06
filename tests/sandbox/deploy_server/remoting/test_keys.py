from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from cdk_app.sandbox.deploy_server.remoting import ConnectionOptions, RemotingError
from cdk_app.sandbox.deploy_server.remoting.keys import private_key

ED25519 = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
OPENSSH, PKCS8, PKCS1 = PrivateFormat.OpenSSH, PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def pem(
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
    container: PrivateFormat,
    passphrase: str | None = None,
) -> str:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, container, encryption).decode()


def key_of(**fields: str) -> asyncssh.SSHKey | None:
    return private_key(options(**fields), "ssh:sftp://ec2-user@localhost:1024")


def options(**fields: str) -> ConnectionOptions:
    return ConnectionOptions("10.20.1.11", "ec2-user", **fields)  # type: ignore[arg-type] # only texts are varied


ACCEPTED = {
    "RSA PKCS#1": pem(RSA, PKCS1),
    "RSA PKCS#8": pem(RSA, PKCS8),
    "RSA OpenSSH": pem(RSA, OPENSSH),
    "ED25519 OpenSSH": pem(ED25519, OPENSSH),
}


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("variant", ["as it is", "CRLF", "no final newline"])
def test_formats_that_overthere_accepts(name: str, variant: str, tmp_path: Path) -> None:
    text = ACCEPTED[name]
    text = {"as it is": text, "CRLF": text.replace("\n", "\r\n"), "no final newline": text.rstrip("\n")}[
        variant
    ]
    file = tmp_path / "key"
    file.write_text(text, newline="")
    inline, from_file = (
        key_of(private_key=text),
        key_of(private_key_file=str(file)),
    )
    assert inline is not None
    assert inline == from_file


@pytest.mark.parametrize(
    ("key", "container"),
    [(RSA, PKCS1), (RSA, PKCS8), (RSA, OPENSSH), (ED25519, OPENSSH)],
    ids=["RSA PKCS#1", "RSA PKCS#8", "RSA OpenSSH", "ED25519 OpenSSH"],
)
def test_encrypted_keys_need_their_passphrase(
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, container: PrivateFormat
) -> None:
    text = pem(key, container, "open sesame")
    assert key_of(private_key=text, passphrase="open sesame") is not None
    for wrong in ({}, {"passphrase": "wrong"}):
        with pytest.raises(RemotingError) as raised:
            key_of(private_key=text, **wrong)
        assert text.splitlines()[1] not in str(raised.value)


def test_ed25519_in_pkcs8_is_refused_as_by_overthere() -> None:
    with pytest.raises(RemotingError, match=r"PKCS8 Private Key Algorithm \[1\.3\.101\.112\] not supported"):
        key_of(private_key=pem(ED25519, PKCS8))


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("joint", [" ", "\\n"], ids=["blanks", "literal"])
def test_a_damaged_key_is_refused_without_showing_it(name: str, joint: str) -> None:
    damaged = ACCEPTED[name].replace("\n", joint)
    with pytest.raises(RemotingError) as raised:
        key_of(private_key=damaged)
    shown = f"{raised.value}{raised.value.__cause__}"
    assert not [line for line in ACCEPTED[name].splitlines()[1:-1] if line in shown]
    assert raised.value.__suppress_context__, "a traceback would show the library's text"


def test_a_key_on_one_line_is_refused_whatever_is_in_it() -> None:
    damaged = "-----BEGIN RSA PRIVATE KEY----- MII+++A= -----END RSA PRIVATE KEY-----"
    with pytest.raises(RemotingError, match="The key is not in a recognized format"):
        key_of(private_key=damaged)


def test_a_key_file_is_read_where_the_step_runs(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(
        RemotingError, match=r"Cannot read key from private key file .*No such file or directory"
    ):
        key_of(private_key_file=str(missing))


def test_content_comes_before_file_and_file_before_password(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(ACCEPTED["RSA OpenSSH"])
    both = key_of(private_key=ACCEPTED["ED25519 OpenSSH"], private_key_file=str(file), password="x")
    assert both == asyncssh.import_private_key(ACCEPTED["ED25519 OpenSSH"])
    from_file = key_of(private_key_file=str(file), password="x")
    assert from_file == asyncssh.import_private_key(ACCEPTED["RSA OpenSSH"])
    assert key_of(password="x") is None
