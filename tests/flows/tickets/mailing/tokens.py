"""An authority that gives OAuth 2.0 tokens and knows which are good, on a real socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT, SECRET, REFRESH = "the-client", "s3cret-of-the-client", "r3fresh-of-the-client"


@dataclass
class Tokens:
    """`asked`: the forms of requests for tokens. `good`: the user of each token that is good."""

    url: str = ""
    user: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    good: dict[str, str] = field(default_factory=dict)
    # What the next requests are answered with instead: status and body, or seconds of silence.
    faults: list[tuple[int, bytes] | float] = field(default_factory=list)
    expires_in: Any = 3600

    def start(self, user: str) -> None:
        """A test of its own begins, with tokens for this user."""
        self.user, self.expires_in = user, 3600
        for each in (self.asked, self.good, self.faults):
            each.clear()

    def give(self, form: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append(form)
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, tuple):
                return fault
            time.sleep(fault)
        known = form.get("client_id") == CLIENT
        by_secret = form.get("client_secret") == SECRET
        by_refresh = form.get("refresh_token") == REFRESH
        grant = form.get("grant_type")
        if not known or not (by_secret if grant == "client_credentials" else by_refresh):
            said = {"error": "invalid_client", "error_description": f"no {form}"}
            return 401, json.dumps(said).encode()
        token = f"token-{self.user}-{len(self.asked)}"
        self.good[token] = self.user
        return 200, json.dumps({"access_token": token, "expires_in": self.expires_in}).encode()

    def introspect(self, form: dict[str, str]) -> tuple[int, bytes]:
        user = self.good.get(form.get("token", ""))
        return 200, json.dumps({"active": user is not None, "username": user or ""}).encode()


@contextmanager
def token_endpoint() -> Iterator[Tokens]:
    tokens = Tokens()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            read = parse_qs(self.rfile.read(size).decode())
            form = {name: values[0] for name, values in read.items()}
            act = tokens.introspect if self.path == "/introspect" else tokens.give
            status, body = act(form)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tokens.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
