"""Where every message of the month ends: a mail server and an HTTP server on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from inboxes import Behaviour, Endpoint, Mailbox, Request

SENDER = "alerts@agency.example"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a receiver has whole. `text`: its plain text, without the title."""

    target: str
    at: datetime
    title: str
    text: str


@dataclass
class Sink:
    """What has arrived, and how each receiver is reached."""

    clock: Callable[[], datetime]
    arrivals: list[Arrival] = field(default_factory=list)
    mail: int = 0
    web: int = 0

    def address(self, target: str) -> str:
        """The Apprise URL of a receiver."""
        if target.endswith("_email"):
            return f"mailto://127.0.0.1:{self.mail}?from={SENDER}&to={target}@month.example"
        return f"json://127.0.0.1:{self.web}/{target}"

    def take(self, target: str, title: str, text: str) -> None:
        self.arrivals.append(Arrival(target, self.clock(), title, text))


class _Mail(Mailbox):
    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self.sink = sink

    def _deliver(self, envelope: Any) -> None:
        super()._deliver(envelope)
        mail = self.mails.pop()
        body = mail.message.get_body(("plain",))
        text = "" if body is None else str(body.get_content())
        for to in mail.recipients:
            self.sink.take(to.partition("@")[0], mail.subject, text)


class _Web(Endpoint):
    sink: Sink

    def take(self, request: Request) -> Behaviour:
        content = request.json()
        title, text = str(content.get("title", "")), str(content.get("message", ""))
        self.sink.take(request.path.strip("/"), title, text)
        return Behaviour.ACCEPT


@contextmanager
def sink(clock: Callable[[], datetime]) -> Iterator[Sink]:
    """Both servers, while it lasts. An arrival's instant is that of `clock`."""
    made = Sink(clock)
    mail, web = _Mail(made), _Web()
    web.sink = made
    mail.up()
    web.up()
    made.mail, made.web = mail.port, web.port
    try:
        yield made
    finally:
        mail.down()
        web.down()
