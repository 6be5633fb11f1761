"""Which certificate authorities a probe believes: the system's, and one more file if named."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

# Where the distributions keep theirs (the list of Go's crypto/x509, root_linux.go and root_bsd.go);
# operators add their own authorities there. libcurl's wheel has no default of its own.
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_authorities() -> Path:
    """The system's bundle, or certifi's where the system has none."""
    found = (Path(path) for path in _SYSTEM)
    return next((path for path in found if path.is_file()), Path(certifi.where()))


@contextmanager
def trust_file(extra: str | None) -> Iterator[str]:
    """The path of a PEM file with every authority to believe. OSError: `extra` cannot be read.

    One file and not a blob in memory: libcurl parses a file once for all its handles.
    """
    system = system_authorities()
    if extra is None:
        yield str(system)
        return
    added = Path(extra).read_bytes()
    handle, name = tempfile.mkstemp(prefix="supportops-trust-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(system.read_bytes() + b"\n" + added)
        yield name
    finally:
        Path(name).unlink()
