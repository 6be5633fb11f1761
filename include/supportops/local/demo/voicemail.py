"""A call that nobody answers in the demo: a message with a recording, put into the answerphone's
Maildir."""

from __future__ import annotations

import io
import math
import struct
import wave
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

from supportops.files import create_file, make_folder
from supportops.local.install.installation import Installation

RATE = 8_000
# Of Kestrel Cycles, in the demo's customers.yaml.
NUMBER = "+44 20 7946 0958"
WORDS = "Our website is down and nobody can order anything. Please call me back."
_NOTES = (523.25, 659.25, 783.99, 0.0, 523.25, 0.0)
_NOTE_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Answerphone:
    """The answerphone of the demo whose state is in `here`."""

    here: Installation

    def take(self, now: datetime, number: str = NUMBER, words: str = WORDS) -> Path:
        """Delivers a message from `number` as the Maildir standard says; returns its file.

        `number` is empty where the caller withholds it; `words` are the transcript that some
        answerphones write into their messages.
        """
        for part in ("new", "cur", "tmp"):
            make_folder(self.here.answerphone / part)
        name = f"{int(now.timestamp())}.{uuid4().hex}.demo"
        written = self.here.answerphone / "tmp" / name
        with create_file(written) as file:
            file.write(message(now, number, words))
        return written.rename(self.here.answerphone / "new" / name)


def message(now: datetime, number: str, words: str) -> bytes:
    """What the demo's answerphone mails."""
    mail = EmailMessage()
    mail["From"] = "Answerphone <answerphone@agency.example>"
    mail["To"] = "support@agency.example"
    mail["Subject"] = f"New message from {number or 'a withheld number'}"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{uuid4().hex}@answerphone.agency.example>"
    mail.set_content(f"{words}\n")
    mail.add_attachment(tune(), "audio", "x-wav", filename="message.wav")
    return mail.as_bytes()


def tune() -> bytes:
    """A few notes as a WAV of 8 kHz, 16 bits and one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        for pitch in _NOTES:
            recording.writeframes(_note(pitch))
    return file.getvalue()


def _note(pitch: float) -> bytes:
    """It swells and fades, so that it does not click."""
    count = int(RATE * _NOTE_SECONDS)
    samples = (
        int(9_000 * math.sin(math.pi * n / count) * math.sin(2 * math.pi * pitch * n / RATE))
        for n in range(count)
    )
    return b"".join(struct.pack("<h", each) for each in samples)
