"""The demo's inbox: deliveries, each in a file of its own, and how the terminal shows them."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
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

from supportops.alerts.channels.registry import CHANNELS
from supportops.local.install.credentials import replace, write_new
from supportops.rendering.printable import printable, printable_line

SMS_LENGTH = 160
MAIL_LINES = 18
UNSAFE = re.compile(r"[^\w.-]+")
LABEL = re.compile(r"^([^:\n]{1,30}:)\n+", re.MULTILINE)
COLOURS = {"email": "cyan", "sms": "magenta", "chat": "green"}
OTHER_COLOUR = "white"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as it arrived. `channel` is a name of the registry, `at` is aware, and `also`
    names a file that shows more of it.

    `files` are the names of what an e-mail brought along, pictures in it left out.
    """

    channel: str
    at: datetime
    to: str
    title: str
    text: str
    also: str = ""
    files: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail in parts: its HTML ("" when it has none), and its pictures and files by name."""

    delivered: Delivered
    html: str
    files: Mapping[str, bytes]


class Inbox:
    """A folder of deliveries, numbered in the order of their arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def numbers(self) -> list[int]:
        """The numbers of all deliveries, ascending."""
        return sorted(int(p.stem) for p in self.folder.glob("*.json") if p.stem.isdecimal())

    def store(self, delivered: Delivered) -> Path:
        """Saves a delivery as NNNN.json."""
        with self._lock:
            return self._save(self._next(), delivered)

    def store_mail(self, mail: Mail, raw: bytes) -> Path:
        """Saves an e-mail: NNNN.json, the message as NNNN.eml, its HTML as NNNN.html, and its
        attachments in the folder NNNN.
        """
        with self._lock:
            path = self._next()
            write_new(path.with_suffix(".eml"), raw)
            if mail.files:
                path.with_suffix("").mkdir(mode=0o700)
            for name, content in mail.files.items():
                write_new(path.with_suffix("") / name, content)
            if mail.html:
                write_new(path.with_suffix(".html"), _with_pictures(mail, path.stem))
            also = path.with_suffix(".html").name if mail.html else ""
            return self._save(path, dataclasses.replace(mail.delivered, also=also))

    def _next(self) -> Path:
        return self.folder / f"{next(reversed(self.numbers()), 0) + 1:04}.json"

    def _save(self, path: Path, delivered: Delivered) -> Path:
        content = asdict(delivered) | {"at": delivered.at.isoformat()}
        replace(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return path

    def after(self, number: int) -> Iterator[tuple[int, Delivered]]:
        """Deliveries later than `number`, in order."""
        for each in self.numbers():
            if each > number:
                yield each, self.read(each)

    def read(self, number: int) -> Delivered:
        """The delivery of this number."""
        found = json.loads((self.folder / f"{number:04}.json").read_text())
        at = datetime.fromisoformat(found["at"])
        return Delivered(**found | {"at": at})


def from_mail(content: bytes, recipients: list[str], at: datetime) -> Mail:
    """A delivery out of an SMTP message."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    if not isinstance(message, EmailMessage):
        raise TypeError("policy.default makes an EmailMessage")
    title = str(message["Subject"] or "")
    text = part(message, "plain")
    html = part(message, "html")
    files = dict(_files(message))
    listed = [name for name in files if f"cid:{name}" not in html]
    to = ", ".join(recipients)
    return Mail(Delivered("email", at, to, title, text, files=listed), html, files)


def _files(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    """What came along, under names that stay inside a folder."""
    for each in message.walk():
        name = UNSAFE.sub("_", each.get_filename() or "").lstrip(".")
        content = each.get_payload(decode=True)
        if name and isinstance(content, bytes):
            yield name, content


def _with_pictures(mail: Mail, folder: str) -> str:
    """The HTML as a browser shows it from the inbox: its pictures are files beside it."""
    html = mail.html
    for name in mail.files:
        html = html.replace(f"cid:{name}", f"{folder}/{name}")
    return html


def part(message: EmailMessage, kind: str) -> str:
    """The text of one kind, with plain line ends."""
    found = message.get_body(preferencelist=(kind,))
    return "" if found is None else str(found.get_content()).replace("\r\n", "\n")


def from_web(path: str, content: Any, at: datetime) -> Delivered:
    """A delivery from the JSON that Apprise posts: an SMS to `/sms`, chat to any other path."""
    fields = content if isinstance(content, dict) else {"message": content}
    is_sms = path.startswith("/sms")
    channel, to = ("sms", "phone of the engineer on call") if is_sms else ("chat", "#support")
    return Delivered(channel, at, to, str(fields.get("title") or ""), str(fields.get("message")))


def line(number: int, delivered: Delivered) -> Text:
    """A delivery in one line: when, on which channel, to whom, and what it says first."""
    at = delivered.at.astimezone().strftime("%H:%M:%S")
    label = CHANNELS[delivered.channel].label
    colour = COLOURS.get(delivered.channel, OTHER_COLOUR)
    said = delivered.title or delivered.text.strip().partition("\n")[0]
    words = Text(f"{at}  ")
    words.append(f"{label} to {printable_line(delivered.to)}: ", style=f"bold {colour}")
    words.append(printable_line(said.replace("**", "").strip()))
    words.append(f"  {delivered.also or f'{number:04}.json'}", style="dim")
    return words


def panel(number: int, delivered: Delivered) -> Panel:
    """How a delivery looks on the terminal. What arrived is never taken as markup or escapes."""
    label = CHANNELS[delivered.channel].label
    colour = COLOURS.get(delivered.channel, OTHER_COLOUR)
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
    """The title and the text of a delivery as the terminal shows them."""
    text = printable(delivered.text).strip()
    if delivered.channel == "email":
        shown: RenderableType = Text(compact(text))
    elif delivered.channel == "chat":
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
    """The line below a delivery: its length or its file, and when it arrived."""
    at = delivered.at.astimezone().strftime("%H:%M:%S")
    if delivered.channel == "sms":
        length = len(delivered.title) + len(delivered.text)
        return f"{length} of {SMS_LENGTH} characters · {at}"
    with_it = f" + {', '.join(delivered.files)}" if delivered.files else ""
    return f"{delivered.also or f'{number:04}.json'}{printable(with_it)} · {at}"
