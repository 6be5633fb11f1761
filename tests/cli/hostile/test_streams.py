"""The program as a shell starts it: what its output leads to, and what its settings hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_home import ROOT
from cli.hostile.test_every_argument import obeyed

SUPPORTOPS = (sys.executable, "-m", "supportops.cli")


def start(*arguments: str | bytes, **variables: str | bytes) -> dict[str, Any]:
    settings: dict[str, Any] = {"PYTHONPATH": str(ROOT / "include"), "PATH": os.environ["PATH"]}
    return {"args": [*SUPPORTOPS, *arguments], "env": settings | variables}


def run(*arguments: str | bytes, **variables: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        **start(*arguments, **variables), capture_output=True, text=True, timeout=60, check=False
    )


def shell(words: str) -> subprocess.CompletedProcess[str]:
    script = words.replace("supportops", " ".join(SUPPORTOPS))
    return subprocess.run(
        ["bash", "-c", script],
        env={"PYTHONPATH": str(ROOT / "include"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_full_disk_behind_the_output_is_one_line() -> None:
    done = shell("supportops config schema sites > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "supportops: No space left on device\n"


def test_a_reader_that_goes_away_is_one_line() -> None:
    done = shell("set -o pipefail; supportops config schema sites | true")
    assert done.returncode == 2
    assert done.stderr == "supportops: standard output: Broken pipe\n"


def test_without_any_streams_a_command_still_ends_in_order() -> None:
    assert shell("supportops config check <&- >&-").returncode == 0
    assert shell("supportops config check <&- >&- 2>&-").returncode == 0
    assert shell("supportops config schema nonsense 2>/dev/full").returncode == 2


def test_an_argument_that_is_not_utf8_is_one_line_that_shows_it() -> None:
    done = run("config", "check", b"caf\xe9\x1b[2J")
    assert done.returncode == 2
    assert done.stderr == (
        "supportops: argument 3 is not UTF-8, or has a NUL: caf\\udce9\\x1b[2J\n"
    )


@pytest.mark.parametrize(
    "name", ["SUPPORTOPS_CONFIG", "SUPPORTOPS_DATABASE_URL", "AIRFLOW_CONN_ZENDESK"]
)
def test_a_setting_that_is_not_utf8_is_one_line(name: str) -> None:
    done = run("clocks", **{name: b"/caf\xe9"})
    assert done.returncode == 2
    assert done.stderr == f"supportops: the variable {name} is not UTF-8\n"


def test_a_terminal_without_unicode_gets_escapes(tmp_path: Path) -> None:
    done = run("config", "check", str(tmp_path / "caf\u00e9"), PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_traceback_shows_no_control_character(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import supportops.cli.instants as i\n"
        "def now(): raise TypeError('a defect \\x1b[2J \\u202e db://u:hunter' '2@h')\n"
        "i.now = now\n"
    )
    store = f"sqlite+pysqlite:///{tmp_path}/store.db"
    path = f"{tmp_path}:{ROOT / 'include'}"
    assert run("db", "upgrade", SUPPORTOPS_DATABASE_URL=store).returncode == 0
    done = run("sla-sweep", SUPPORTOPS_DATABASE_URL=store, PYTHONPATH=path)
    assert done.returncode == 1
    assert "TypeError: a defect \\x1b[2J \\u202e db://***@h" in done.stderr
    assert not obeyed(done.stderr)
