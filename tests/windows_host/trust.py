"""What a JVM trusts, as Deploy's does."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

_PASSWORD = "changeit"


def trusting(certificates: list[str], store: Path) -> list[str]:
    """Return the options of a JVM that trusts certificates, given as files, and no others.

    Parameters
    ----------
    certificates
        Files in PEM.
    store
        New file for them.
    """
    loaded = [x509.load_pem_x509_certificate(Path(each).read_bytes()) for each in certificates]
    entries = [PKCS12Certificate(each, str(number).encode()) for number, each in enumerate(loaded)]
    store.write_bytes(serialize_java_truststore(entries, BestAvailableEncryption(_PASSWORD.encode())))
    properties = {"trustStore": str(store), "trustStoreType": "PKCS12", "trustStorePassword": _PASSWORD}
    return [f"-Djavax.net.ssl.{name}={value}" for name, value in properties.items()]
