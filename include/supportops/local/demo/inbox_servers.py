"""Receives what the demo sends: an SMTP server and an HTTP endpoint, both on this machine only."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from supportops.local.demo.clock import utc_now
from supportops.local.demo.inbox import Inbox, from_mail, from_web

ADDRESS = "127.0.0.1"
LARGEST = 10 * 1024 * 1024
Clock = Callable[[], datetime]


class MailHandler:
    """Stores every message that the SMTP server accepts."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self.inbox = inbox
        self.clock = clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        self.inbox.store_mail(from_mail(raw, envelope.rcpt_tos, self.clock()), raw)
        return "250 OK"


def mail_server(inbox: Inbox, port: int, clock: Clock = utc_now) -> Controller:
    """The SMTP server, not started; `.start()` returns when it listens."""
    return Controller(
        MailHandler(inbox, clock), hostname=ADDRESS, port=port, data_size_limit=LARGEST
    )


class WebServer(ThreadingHTTPServer):
    """Takes the JSON that Apprise posts to `/sms` and `/chat`."""

    daemon_threads = True

    def __init__(self, inbox: Inbox, port: int, clock: Clock = utc_now) -> None:
        super().__init__((ADDRESS, port), WebHandler)
        self.inbox = inbox
        self.clock = clock


class WebHandler(BaseHTTPRequestHandler):
    """Stores the JSON of each POST; 400 for anything else, 413 for too much of it."""

    timeout = 10
    server: WebServer

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self.send_error(413)
            return
        try:
            content = json.loads(self.rfile.read(length))
        except ValueError:
            self.send_error(400, "this inbox takes JSON")
            return
        self.server.inbox.store(from_web(self.path, content, self.server.clock()))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the supervisor shows deliveries."""


def main() -> None:
    inbox = Inbox(Path(sys.argv[1]))
    mail = mail_server(inbox, int(sys.argv[2]))
    web = WebServer(inbox, int(sys.argv[3]))
    mail.start()
    threading.Thread(target=web.serve_forever, daemon=True).start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    web.shutdown()
    mail.stop()


if __name__ == "__main__":
    main()
