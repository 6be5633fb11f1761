"""Processes that kill themselves with SIGKILL at a point of their choice, for a program of tests.

The program reads jobs from its input, a JSON object a line; `point` is the number of the point at
which the job's process kills itself (0: never). It answers a line with the signal that ended the
process, and how many points that passed. Each job is a process of its own, forked while the program
has a single thread.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

Job = dict[str, Any]


class Points:
    """Counts the points that a process passes, and kills it at the one that was chosen."""

    def __init__(self, chosen: int, counter: int) -> None:
        self.chosen, self.passed, self.counter = chosen, 0, counter

    def here(self) -> None:
        self.passed += 1
        os.write(self.counter, b".")
        if self.passed == self.chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """`act` with a point before it and one after it."""

        def acting(*arguments: Any) -> Any:
            self.here()
            done = act(*arguments)
            self.here()
            return done

        return acting


def serve(act: Callable[[Job, Points], None], warm: Callable[[Job], None] | None = None) -> None:
    """Answers jobs until the input ends; `warm` runs in the program before each of them."""
    for line in sys.stdin:
        job = json.loads(line)
        if warm is not None:
            warm(job)
        code, passed = _in_a_process(act, job)
        print(json.dumps({"code": code, "passed": passed}), flush=True)


def _in_a_process(act: Callable[[Job, Points], None], job: Job) -> tuple[int, int]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            act(job, Points(job["point"], writer))
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as passed:
        count = len(passed.read())
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), count
