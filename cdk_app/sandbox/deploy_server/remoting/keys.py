"""Private keys, accepted and refused as by the SSH library under Overthere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from cdk_app.sandbox.deploy_server.remoting.errors import RemotingError

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions

_UNREADABLE = "The supplied key is not in a recognized format"


def private_key(options: ConnectionOptions) -> asyncssh.SSHKey | None:
    """Return the key of a connection, or None when it logs in with a password.

    Raises
    ------
    RemotingError
        The key file or the key in it cannot be read. The text holds no key material, where sshj 0.40 puts the
        whole of a damaged RSA key into its own.
    """
    if options.private_key is not None:
        return _import(options.private_key, options.passphrase, _UNREADABLE)
    if options.private_key_file is None:
        return None
    failure = f"Cannot read key from private key file {options.private_key_file}"
    try:
        content = Path(options.private_key_file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise RemotingError(f"{failure} <- {options.private_key_file} ({reason})") from None
    return _import(content, options.passphrase, failure)


def _import(text: str, passphrase: str | None, failure: str) -> asyncssh.SSHKey:
    # The cause is cut off everywhere: its text may quote the key.
    try:
        key = asyncssh.import_private_key(text.strip() + "\n", passphrase)
    except asyncssh.KeyEncryptionError:
        raise RemotingError(
            f"{failure} <- KeyDecryptionFailedException: Decryption of the key failed"
        ) from None
    except (asyncssh.KeyImportError, ValueError):
        raise RemotingError(failure) from None
    if key.get_algorithm() == "ssh-ed25519" and "BEGIN OPENSSH PRIVATE KEY" not in text:
        raise RemotingError(f"{failure} <- PKCS8 Private Key Algorithm [1.3.101.112] not supported")
    return key
