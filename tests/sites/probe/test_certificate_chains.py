"""Certificates as servers really send them: with intermediates, and with names or without."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sites.probing import probe_one
from sites.servers import answer, server
from supportops.sites.check import Reason

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def issue(
    name: str, days: float, by: Issued | None = None, names: tuple[str, ...] = (), ca: bool = True
) -> Issued:
    """A certificate that ends in `days`, signed by `by` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        general = [x509.DNSName(each) for each in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    signed = builder.sign(key if by is None else by.key, hashes.SHA256())
    return Issued(signed, key)


def serving(folder: Path, leaf: Issued, *chain: Issued) -> ssl.SSLContext:
    """A server's context that sends `leaf` and `chain`."""
    file = folder / "served.pem"
    private = leaf.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + leaf.pem + b"".join(each.pem for each in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize(("own", "between", "ends"), [(80, 10, 10), (10, 80, 10)])
def test_the_earliest_end_of_the_chain_is_the_one_that_counts(
    running: ExitStack, tmp_path: Path, own: int, between: int, ends: int
) -> None:
    root = issue("root", 3000)
    middle = issue("middle", between, root)
    leaf = issue("leaf", own, middle, ("localhost",), ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf, middle, root)))
    url = site.url(host="localhost", scheme="https")
    result = probe_one(url, trust=tmp_path / "root.pem")
    assert result.reason is Reason.OK, result.detail
    assert result.certificate_expires == NOW + ends * DAY


def test_an_intermediate_that_has_ended_is_an_expired_certificate(
    running: ExitStack, tmp_path: Path
) -> None:
    root = issue("root", 3000)
    middle = issue("middle", -1, root)
    leaf = issue("leaf", 80, middle, ("localhost",), ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf, middle)))
    result = probe_one(site.url(host="localhost", scheme="https"), trust=tmp_path / "root.pem")
    assert result.reason is Reason.TLS_EXPIRED
    assert result.certificate_expires == NOW - DAY


@pytest.mark.parametrize(
    ("names", "reason"),
    [(("localhost",), Reason.OK), ((), Reason.TLS_NAME), (("other.test",), Reason.TLS_NAME)],
)
def test_a_name_that_is_only_the_common_name_is_none(
    running: ExitStack, tmp_path: Path, names: tuple[str, ...], reason: Reason
) -> None:
    root = issue("root", 3000)
    leaf = issue("localhost", 80, root, names, ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf)))
    result = probe_one(site.url(host="localhost", scheme="https"), trust=tmp_path / "root.pem")
    assert result.reason is reason, result.detail
    assert result.certificate_expires == NOW + 80 * DAY
