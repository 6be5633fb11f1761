"""A name server and a registry on this machine for the demo's domains; nobody else is asked.

The registry speaks HTTPS under an authority of its own, as the real ones do under theirs.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from supportops.local.install.credentials import replace

ADDRESS = "127.0.0.1"
CERTIFICATE, KEY, ENDS = "registry.pem", "registry-key.pem", "registry.json"
# Days until a registration ends, by the order of names: the second one is urgent.
_DAYS = (402, 24, 187)
_VALID = timedelta(days=3650)
_RECORDS = {
    "NS": ["ns1.agency.example.", "ns2.agency.example."],
    "MX": ["10 mail.agency.example."],
    "A": ["192.0.2.10"],
    "CAA": ['0 issue "letsencrypt.org"'],
}
_MOVED = {"NS": ["ns1.elsewhere.example.", "ns2.elsewhere.example."], "A": ["198.51.100.77"]}

Changed = Callable[[], Iterable[str]]
"""The domains whose records are other ones now."""


def write_files(folder: Path, domains: Iterable[str], now: datetime) -> None:
    """The certificate, its key, and when registrations end, unless they are there and ahead."""
    if not (folder / CERTIFICATE).exists():
        _write_certificate(folder, now)
    known = ends(folder)
    names = sorted(domains)
    fresh = {
        name: known[name]
        if known.get(name, now) > now + timedelta(days=7)
        else now.replace(hour=23, minute=59, second=59, microsecond=0) + timedelta(days=days)
        for name, days in zip(names, _DAYS, strict=False)
    }
    written = {name: at.isoformat() for name, at in fresh.items()}
    replace(folder / ENDS, json.dumps(written))


def ends(folder: Path) -> dict[str, datetime]:
    """When each domain's registration ends; nothing where no demo has written it."""
    try:
        found = json.loads((folder / ENDS).read_text())
        return {name: datetime.fromisoformat(at) for name, at in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def records(domain: str, known: Iterable[str], *, changed: bool) -> Mapping[str, list[str]]:
    """The records of a domain by type; none of one that is not registered here."""
    if domain not in known:
        return {}
    return _RECORDS | _MOVED if changed else _RECORDS


async def serve(folder: Path, names: int, https: int, changed: Changed) -> None:
    """Answers on both ports, UDP and TCP, until cancelled."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _NameServer(folder, changed), local_addr=(ADDRESS, names)
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=10)
            path = head.split()[1].decode("latin-1")
            writer.write(_answer(path, ends(folder), https))
            await writer.drain()
        except (OSError, TimeoutError, IndexError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, ADDRESS, https, ssl=context)
    try:
        await server.serve_forever()
    finally:
        transport.close()


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, folder: Path, changed: Changed) -> None:
        self.folder, self.changed = folder, changed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            query = dns.message.from_wire(data)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return
        name = question.name.to_text().rstrip(".").lower()
        known = records(name, ends(self.folder), changed=name in self.changed())
        answer = dns.message.make_response(query, recursion_available=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        if texts := known.get(kind):
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *texts))
        elif not known:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


def _answer(path: str, known: Mapping[str, datetime], port: int) -> bytes:
    domain = path.rpartition("/")[2]
    status = "404 Not Found"
    found: dict[str, object] = {}
    if path == "/dns.json":
        suffixes = sorted({name.rpartition(".")[2] for name in known})
        status, found = "200 OK", {"services": [[suffixes, [f"https://{ADDRESS}:{port}/rdap/"]]]}
    elif domain in known:
        at = known[domain].isoformat()
        events = [{"eventAction": "expiration", "eventDate": at}]
        status = "200 OK"
        found = {"objectClassName": "domain", "handle": "1", "ldhName": domain, "events": events}
    body = json.dumps(found).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/rdap+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def _write_certificate(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The demo's registry")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(ADDRESS))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace(folder / KEY, private.decode())
    replace(folder / CERTIFICATE, made.public_bytes(pem).decode())
