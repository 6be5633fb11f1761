"""A farm of local websites: one process that answers http, https and DNS for the benchmarks.

    python -m bench.probing.farm    prints where it listens, as one line of JSON, and serves on

`/site/N` is a page of 4 KiB, `/hang/N` never answers. The name server knows every name under
`farm.test` as 127.0.0.1 and never says a word about one that begins with `dead`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trustme

TEXT = "Welcome to the farm"
PAGE = f"<!doctype html><title>{TEXT}</title><p>{'lorem ipsum ' * 340}</p>".encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: farm\r\n" + (
    f"Content-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n".encode() + PAGE
)


@dataclass(frozen=True)
class Farm:
    """Where the farm listens, and the certificate authority it is trusted by."""

    http: int
    https: int
    dns: int
    authority: str

    def urls(self, count: int, *, scheme: str, hanging: float) -> list[str]:
        """`count` sites of which the share `hanging` never answers, evenly mixed."""
        port = self.https if scheme == "https" else self.http
        every = round(1 / hanging) if hanging else 0
        return [
            f"{scheme}://127.0.0.1:{port}/{'hang' if every and n % every == 0 else 'site'}/{n}"
            for n in range(count)
        ]

    def named_urls(self, count: int, *, scheme: str, dead: float) -> list[str]:
        """`count` sites with a name each, of which the share `dead` is never answered for."""
        port = self.https if scheme == "https" else self.http
        every = round(1 / dead)
        return [
            f"{scheme}://{'dead' if n % every == 0 else 'site'}{n}.farm.test:{port}/site/{n}"
            for n in range(count)
        ]


class Website(asyncio.Protocol):
    """One connection: reads a request's head, answers, closes; or hangs."""

    def __init__(self) -> None:
        self._head = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" in self._head and not self._head.startswith(b"GET /hang"):
            self._transport.write(ANSWER)
            self._transport.close()


class Names(asyncio.DatagramProtocol):
    """A name server in which 127.0.0.1 is everywhere and the dead stay silent."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text()
        if name.startswith("dead"):
            return
        reply = dns.message.make_response(question)
        if not name.endswith("farm.test."):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif question.question[0].rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "127.0.0.1"))
        self._transport.sendto(reply.to_wire(), addr)


async def _serve(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "*.farm.test").configure_cert(context)
    loop = asyncio.get_running_loop()
    http = await loop.create_server(Website, "127.0.0.1", 0, backlog=1024)
    https = await loop.create_server(Website, "127.0.0.1", 0, backlog=1024, ssl=context)
    names, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    ports = {
        "http": http.sockets[0].getsockname()[1],
        "https": https.sockets[0].getsockname()[1],
        "dns": names.get_extra_info("sockname")[1],
        "authority": str(folder / "authority.pem"),
    }
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def farm() -> Iterator[Farm]:
    """A farm in a process of its own, so that its CPU is not the prober's."""
    command = [sys.executable, "-m", "bench.probing.farm"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Farm(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(10)


def main() -> None:
    """Serves until its standard input is closed."""
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    with tempfile.TemporaryDirectory(prefix="farm-") as folder:
        asyncio.run(_serve(Path(folder)))


if __name__ == "__main__":
    main()
