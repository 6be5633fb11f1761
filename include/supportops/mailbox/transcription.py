"""Has a program of the operator's write down what a recording says."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from supportops.mailbox.account import Transcription
from supportops.mailbox.decoding import tidy

FILE = "{file}"
# The program gets no variable of ours: the environment holds the secrets of the installation.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
_BYTES_FOR_A_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recording says, or why there are no words: one of both is empty."""

    text: str = ""
    why_not: str = ""


def transcribe(content: bytes, ending: str, by: Transcription) -> Transcript:
    """Runs the program, without a shell, on the recording in a file of its own; never raises.

    `ending`: that of the file's name, such as .wav. What it prints is the transcript. It is killed
    with all that it started after its time, and so is one that prints without an end.
    """
    with tempfile.TemporaryDirectory(prefix="supportops-recording-") as folder:
        file = Path(folder) / f"recording{ending}"
        file.write_bytes(content)
        command = [part.replace(FILE, str(file)) for part in by.command]
        try:
            return _run(command, folder, by)
        except OSError as error:
            return Transcript(why_not=f"{command[0]}: {error.strerror or error}")


def _run(command: Sequence[str], folder: str, by: Transcription) -> Transcript:
    most = by.longest * _BYTES_FOR_A_CHARACTER
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_ENVIRONMENT | {"HOME": folder, "TMPDIR": folder},
        start_new_session=True,
    ) as program:
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(program)

        timer = threading.Timer(by.timeout.total_seconds(), stop)
        timer.start()
        try:
            assert program.stdout is not None
            said = program.stdout.read(most + 1)
            if len(said) > most:
                _kill(program)
            code = program.wait()
        finally:
            timer.cancel()
            _kill(program)
    if late.is_set():
        return Transcript(why_not=f"it took longer than {by.timeout.total_seconds():.0f} s")
    if code and len(said) <= most:
        return Transcript(why_not=f"it ended with {code}")
    text = tidy(said.decode("utf-8", "replace")).strip()[: by.longest]
    return Transcript(text) if text else Transcript(why_not="it printed no words")


def _kill(program: subprocess.Popen[bytes]) -> None:
    """Ends the program and what it started, which has its session for itself."""
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
