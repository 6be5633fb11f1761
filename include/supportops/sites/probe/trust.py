"""The certificate authorities that a run trusts, and what could not be read of them."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import certifi

# Where the distributions keep theirs (the list of Go's crypto/x509, root_linux.go and root_bsd.go);
# operators add their own authorities there. libcurl's wheel has no default of its own.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class Trust:
    """A PEM file of authorities for libcurl, which parses it once for all its handles.

    `lacking` says in words which authorities could not be read. While it is not empty, a
    certificate of an unknown authority says nothing about its site.
    """

    path: str
    lacking: str = ""


def system_authorities() -> Path:
    """The system's bundle of certificate authorities, or certifi's where the system has none."""
    found = (Path(path) for path in _SYSTEM_BUNDLES)
    return next((path for path in found if path.is_file()), Path(certifi.where()))


@contextmanager
def trusted(extra: str | None) -> Iterator[Trust]:
    """The system's authorities and those of the PEM file `extra`, if there is one.

    OSError when `extra` cannot be opened. A damaged bundle of the system is replaced by certifi's,
    a damaged `extra` left out; `lacking` says so.
    """
    path, lacking = system_authorities(), ""
    if not _is_sound(path):
        lacking = f"the certificate authorities in {path} cannot be read"
        path = Path(certifi.where())
    if extra is None:
        yield Trust(str(path), lacking)
        return
    added = Path(extra).read_bytes()
    if not _is_sound(Path(extra)):
        yield Trust(str(path), f"the certificate authorities in {extra} cannot be read")
        return
    handle, name = tempfile.mkstemp(prefix="supportops-trust-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(path.read_bytes() + b"\n" + added)
        yield Trust(name, lacking)
    finally:
        Path(name).unlink()


def _is_sound(path: Path) -> bool:
    """Whether OpenSSL reads the whole file and finds a certificate in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return False
    return context.cert_store_stats()["x509"] > 0
