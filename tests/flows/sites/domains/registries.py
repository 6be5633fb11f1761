"""A name server and the registries' HTTPS servers on this machine, which say what a test sets."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trustme

Zone = dict[tuple[str, str], list[str]]


@dataclass
class NameServer:
    """Answers over UDP from `zone`: texts by name and type. `rcode` instead, where it is set; a
    name in `dropped` gets no answer."""

    zone: Zone = field(default_factory=dict)
    rcode: int | None = None
    dropped: set[str] = field(default_factory=set)
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        (question,) = query.question
        name = question.name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.dropped:
            return None
        answer = dns.message.make_response(query, recursion_available=True)
        if self.rcode is not None:
            answer.set_rcode(self.rcode)
            return answer.to_wire()
        for alias in self.zone.get((name, "CNAME"), ()) if kind != "CNAME" else ():
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "CNAME", alias))
            name = alias.rstrip(".")
        texts = self.zone.get((name, kind), [])
        if texts:
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


@contextmanager
def name_server() -> Iterator[NameServer]:
    found = NameServer()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            answer = found.answer(wire)
            if answer is not None:
                sock.sendto(answer, self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.port = server.server_address[1]
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        yield found
        server.shutdown()
        running.join()


@dataclass
class Registry:
    """The list of registries, and the registry of .com and .org. `ends` by domain; `answers` are
    whole ones: status and body, or a place to redirect to. .net has no RDAP."""

    ends: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""
    trust: str = ""
    base: str = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == "/dns.json":
            services = [[["com", "org"], [self.base or f"{self.address}/rdap/"]]]
            return 200, json.dumps({"services": services}).encode()
        domain = path.rpartition("/")[2]
        self.asked.append(domain)
        if domain in self.answers:
            return self.answers[domain]
        if domain not in self.ends:
            return 404, b"{}"
        events = [{"eventAction": "expiration", "eventDate": self.ends[domain]}]
        related = [
            {"rel": "related", "type": "application/rdap+json", "href": "https://127.0.0.1:9/"}
        ]
        found: dict[str, Any] = {"objectClassName": "domain", "handle": "1", "ldhName": domain}
        return 200, json.dumps(found | {"events": events, "links": related}).encode()


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    found = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = found.answer(self.path)
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", body.decode())
                body = b""
            self.send_header("Content-Type", "application/rdap+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    authority = trustme.CA()
    folder.mkdir(exist_ok=True)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    found.trust = str(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        found.address = f"https://127.0.0.1:{server.server_address[1]}"
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        yield found
        server.shutdown()
        running.join()
