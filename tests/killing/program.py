"""A test's side of a program whose processes kill themselves (`killing.points`)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
ENVIRONMENT = {"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": "/usr/bin:/bin"}


class Program:
    """A running program, which does one job after another."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._running = running

    def run(self, **job: Any) -> tuple[int, int]:
        """The signal (negative) or exit code that ended the job, and how many points it passed."""
        assert self._running.stdin
        assert self._running.stdout
        self._running.stdin.write(json.dumps(job) + "\n")
        self._running.stdin.flush()
        answer = json.loads(self._running.stdout.readline())
        return answer["code"], answer["passed"]


@contextmanager
def started(file: str) -> Iterator[Program]:
    """The program in `file` (below tests/), until the block ends."""
    command, pipe = [sys.executable, str(TESTS / file)], subprocess.PIPE
    with subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, text=True) as running:
        yield Program(running)
        assert running.stdin
        running.stdin.close()
