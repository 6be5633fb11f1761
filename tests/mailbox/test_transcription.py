"""A program that writes recordings down: within its limits, and without our secrets."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from supportops.mailbox.account import Transcription
from supportops.mailbox.transcription import Transcript, transcribe


def run(script: str, content: bytes = b"RIFF", **limits: object) -> Transcript:
    command = ("/bin/sh", "-c", script, "sh", "{file}")
    return transcribe(content, ".wav", Transcription(command, **limits))  # type: ignore[arg-type]


def test_what_it_prints_is_the_transcript() -> None:
    assert run('cat "$1"; echo " $1" | grep -o wav', b"Hello\0") == Transcript("Hello\ufffdwav")


def test_a_path_is_one_argument_and_no_shell_reads_it() -> None:
    by = Transcription(("/usr/bin/printf", "%s", "{file}; echo never", "$(id)"))
    found = transcribe(b"x", ".wav", by)
    assert found.text.endswith("recording.wav; echo never$(id)")


def test_it_does_not_see_the_secrets_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MAILBOX_ANSWERPHONE", "s3cret")
    assert "s3cret" not in run("env; echo done").text


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "it ended with 3"),
        ("true", "it printed no words"),
        ("echo '   '", "it printed no words"),
        ("sleep 60 & sleep 60", "it took longer than 1 s"),
    ],
)
def test_why_there_is_none_is_said(script: str, why: str) -> None:
    started = time.monotonic()
    assert run(script, timeout=timedelta(seconds=1)) == Transcript(why_not=why)
    assert time.monotonic() - started < 10


def test_a_program_that_is_not_there_is_said() -> None:
    by = Transcription(("/nowhere/whisper", "{file}"))
    assert transcribe(b"x", ".wav", by).why_not == "/nowhere/whisper: No such file or directory"


def test_one_that_prints_without_end_is_cut_and_killed(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    found = run(f"echo $$ > {mark}; yes hello", longest=100)
    assert len(found.text) == 100
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
