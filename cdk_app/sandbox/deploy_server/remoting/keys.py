"""Private keys, accepted and refused as by the SSH library under Overthere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from cdk_app.sandbox.deploy_server.remoting.errors import RemotingError

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions

UNAUTHENTICATED = "UserAuthException: Exhausted available authentication methods"
"""What Overthere says when a login failed, for whatever reason."""


def private_key(options: ConnectionOptions, name: str) -> asyncssh.SSHKey | None:
    """Return the key of a connection, or None when it logs in with a password.

    Parameters
    ----------
    options
        The connection.
    name
        How texts call it.

    Raises
    ------
    RemotingError
        The key file or the key in it cannot be read. The text holds no key material, where sshj 0.40 puts the
        whole of a damaged RSA key into its own.
    """
    text = options.private_key
    if text is None and options.private_key_file is None:
        return None
    if text is None:
        text = _read(options.private_key_file or "")
    # Overthere decodes the key while it logs in; the cause is cut off, since its text may quote the key.
    failure = (
        f"Cannot connect to {name} <- {UNAUTHENTICATED} <- UserAuthException: Problem getting public key"
    )
    try:
        key = asyncssh.import_private_key(text.strip() + "\n", options.passphrase)
    except asyncssh.KeyEncryptionError:
        raise RemotingError(
            f"{failure} <- KeyDecryptionFailedException: Decryption of the key failed"
        ) from None
    except (asyncssh.KeyImportError, ValueError, re.error):
        # asyncssh makes a pattern of the first line; in a key on one line, "+++" is none.
        raise RemotingError(f"{failure} <- IOException: The key is not in a recognized format") from None
    if key.get_algorithm() == "ssh-ed25519" and "BEGIN OPENSSH PRIVATE KEY" not in text:
        raise RemotingError(f"{failure} <- PKCS8 Private Key Algorithm [1.3.101.112] not supported")
    return key


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        cause = f"FileNotFoundException: {path} ({reason})"
        raise RemotingError(f"Cannot read key from private key file {path} <- {cause}") from None
