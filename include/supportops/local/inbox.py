"""The demo's inbox: what was delivered, kept one file each, and shown on the terminal."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

from supportops.alerts.alert import Channel
from supportops.local.credentials import replace, write_new
from supportops.local.terminal import printable

SMS_LENGTH = 160
MAIL_LINES = 18
LABEL = re.compile(r"^([^:\n]{1,30}:)\n+", re.MULTILINE)
COLOURS = {Channel.EMAIL: "cyan", Channel.SMS: "magenta", Channel.CHAT: "green"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as it arrived. `at` is aware; `also` names a file that shows more of it."""

    channel: Channel
    at: datetime
    to: str
    title: str
    text: str
    also: str = ""


class Inbox:
    """A folder of deliveries, numbered in the order of their arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def numbers(self) -> list[int]:
        return sorted(int(p.stem) for p in self.folder.glob("*.json") if p.stem.isdecimal())

    def keep(self, delivered: Delivered, raw: bytes = b"", html: str = "") -> Path:
        """Saves one: NNNN.json, for an e-mail also NNNN.eml and what a mail client would show."""
        with self._lock:
            number = next(reversed(self.numbers()), 0) + 1
            path = self.folder / f"{number:04}.json"
            if raw:
                write_new(path.with_suffix(".eml"), raw)
            if html:
                write_new(path.with_suffix(".html"), html)
            also = path.with_suffix(".html").name if html else ""
            content = asdict(delivered) | {"at": delivered.at.isoformat(), "also": also}
            replace(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
            return path

    def after(self, number: int) -> Iterator[tuple[int, Delivered]]:
        """Deliveries later than `number`, in order."""
        for each in self.numbers():
            if each > number:
                yield each, self.read(each)

    def read(self, number: int) -> Delivered:
        found = json.loads((self.folder / f"{number:04}.json").read_text())
        at = datetime.fromisoformat(found["at"])
        return Delivered(**found | {"channel": Channel(found["channel"]), "at": at})


def from_mail(content: bytes, recipients: list[str], at: datetime) -> tuple[Delivered, str]:
    """A delivery out of an SMTP message, and its HTML part ("" when it has none)."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    if not isinstance(message, EmailMessage):
        raise TypeError("policy.default makes an EmailMessage")
    title = str(message["Subject"] or "")
    text = part(message, "plain")
    return Delivered(Channel.EMAIL, at, ", ".join(recipients), title, text), part(message, "html")


def part(message: EmailMessage, kind: str) -> str:
    """The text of one kind, with plain line ends."""
    found = message.get_body(preferencelist=(kind,))
    return "" if found is None else str(found.get_content()).replace("\r\n", "\n")


def from_web(path: str, content: Any, at: datetime) -> Delivered:
    """A delivery out of the JSON that Apprise posts: `/sms` is a text message, the rest chat."""
    fields = content if isinstance(content, dict) else {"message": content}
    channel = Channel.SMS if path.startswith("/sms") else Channel.CHAT
    to = "phone of the engineer on call" if channel is Channel.SMS else "#support"
    return Delivered(channel, at, to, str(fields.get("title") or ""), str(fields.get("message")))


def panel(number: int, delivered: Delivered) -> Panel:
    """How a delivery looks on the terminal. What arrived is never taken as markup or escapes."""
    label = {Channel.EMAIL: "E-mail", Channel.SMS: "SMS", Channel.CHAT: "Chat"}[delivered.channel]
    colour = COLOURS[delivered.channel]
    return Panel(
        Group(*body(delivered)),
        title=Text(f"{label} to {printable(delivered.to)}", style=f"bold {colour}"),
        title_align="left",
        subtitle=Text(foot(number, delivered), style="dim"),
        subtitle_align="right",
        border_style=colour,
        width=88,
    )


def body(delivered: Delivered) -> list[RenderableType]:
    text = printable(delivered.text).strip()
    if delivered.channel is Channel.EMAIL:
        shown: RenderableType = Text(compact(text))
    elif delivered.channel is Channel.CHAT:
        shown = Markdown(text, hyperlinks=False)
    else:
        shown = Text(text)
    title = Text(printable(delivered.title), style="bold")
    return [title, shown] if delivered.title else [shown]


def compact(text: str) -> str:
    """An e-mail's text for the terminal: no blank lines, a label before its value, and an end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = LABEL.sub(r"\1 ", "\n".join(lines)).splitlines()
    return "\n".join([*lines[:MAIL_LINES], "..."] if len(lines) > MAIL_LINES else lines)


def foot(number: int, delivered: Delivered) -> str:
    at = delivered.at.astimezone().strftime("%H:%M:%S")
    if delivered.channel is Channel.SMS:
        length = len(delivered.title) + len(delivered.text)
        return f"{length} of {SMS_LENGTH} characters · {at}"
    return f"{delivered.also or f'{number:04}.json'} · {at}"
