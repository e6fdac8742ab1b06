"""Encryption of password properties, so that a read never shows them.

The server writes ``{b64}`` and base64 of an encrypted value, and takes such a value back as the same
password (attested by the vendor's REST samples and by a public Puppet module that writes it back).
"""

from __future__ import annotations

import base64
import binascii
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from cdk_app.sandbox.deploy_server.repository.model import Secret

_ENCRYPTED = re.compile(r"\{b64\}([A-Za-z0-9+/=]+)")
_WRAPPED = re.compile(r"e\{(.*)\}", re.DOTALL)


class Cipher:
    """Encrypts with the key of one server.

    Parameters
    ----------
    key
        32 bytes; a new one when not given. The same text always gives the same result, so that clients
        that compare two reads see no difference.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or AESSIV.generate_key(256)
        self._aead = AESSIV(self.key)

    def encrypt(self, secret: Secret) -> str:
        """``{b64}…`` of a secret."""
        sealed = self._aead.encrypt(secret.clear.encode(), None)
        return "{b64}" + base64.b64encode(sealed).decode()

    def accept(self, written: str) -> Secret:
        """Return the secret behind a written value: in clear, ``{b64}…`` or ``e{{b64}…}``.

        A value that looks encrypted but was not made by this server is kept literally.
        """
        wrapped = _WRAPPED.fullmatch(written)
        match = _ENCRYPTED.fullmatch(wrapped.group(1) if wrapped else written)
        if match is None:
            return Secret(written)
        try:
            return Secret(self._aead.decrypt(base64.b64decode(match.group(1)), None).decode())
        except (InvalidTag, binascii.Error, ValueError):
            return Secret(written)
