"""Messages as answerphones, people and mail servers send them, and a Maildir to put them into."""

from __future__ import annotations

import io
import itertools
import math
import os
import shutil
import struct
import wave
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import yaml

from builders import NOON, SHIPPED, configure

_number = itertools.count(1)
CALLER = "+44 20 7946 0958"


def wav(seconds: float = 0.5, rate: int = 8000) -> bytes:
    """A tone, as an answerphone records it: eight kilohertz, sixteen bits, one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(rate)
        samples = (int(8000 * math.sin(n / 8)) for n in range(int(rate * seconds)))
        tone.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return file.getvalue()


def mail(
    subject: str = f"New voicemail from {CALLER}",
    text: str = "You have a new message.",
    *,
    sender: str = "Answerphone <pbx@voip.example>",
    message_id: str | None = "",
    at: datetime = NOON,
    audio: bytes | None = None,
    name: str = "msg0001.wav",
    **headers: str,
) -> bytes:
    """A message; its Message-ID is a new one, where none is given, and None leaves it out."""
    message = EmailMessage()
    message["From"], message["To"] = sender, "answerphone@agency.example"
    message["Subject"], message["Date"] = subject, format_datetime(at)
    if message_id is not None:
        message["Message-ID"] = message_id or f"<{next(_number)}@voip.example>"
    for key, value in headers.items():
        message[key.replace("_", "-")] = value
    message.set_content(text)
    if audio is not None:
        message.add_attachment(audio, "audio", "x-wav", filename=name)
    return message.as_bytes()


def voicemail(**fields: Any) -> bytes:
    return mail(**{"audio": wav()} | fields)


def maildir(path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    return path


def drop(folder: Path, content: bytes, at: datetime = NOON) -> Path:
    """Delivers a message that arrived at `at`."""
    path = folder / "new" / f"{next(_number)}.test.host"
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def installation(folder: Path, *boxes: dict[str, Any], **settings: Any) -> Path:
    """A configuration folder with a Maildir `box` beside it for an answerphone, or with `boxes`."""
    maildir(folder / "box")
    configure(folder / "config", settings.pop("sites", []))
    shutil.copy(SHIPPED / "triage.yaml", folder / "config")
    listed = list(boxes) or [{"name": "answerphone", "maildir": "../box"}]
    document = {"region": "GB", "mailboxes": listed} | settings
    (folder / "config" / "mailbox.yaml").write_text(yaml.safe_dump(document))
    return folder / "config"
