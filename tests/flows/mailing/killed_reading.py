"""A program that reads a mailbox in processes of its own and lets each be killed at a point.

It reads jobs from its input, a JSON object a line: `store`, `config`, `now` (epoch seconds) and
`point`, the number of the point at which the reading kills itself with SIGKILL (0: never). Points
are before and after each message is fetched, each commit and each move. It answers a line with the
signal that ended the reading, and how many points it passed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from supportops.config.loader import check
from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows import mailbox
from supportops.mailbox.caller import caller_of
from supportops.mailbox.imap import ImapFolders
from supportops.mailbox.maildir import Maildir
from supportops.mailbox.parsing import parse


class Points:
    """Counts the points that a reading passes, and kills it at the one that was chosen."""

    def __init__(self, chosen: int, counter: int) -> None:
        self.chosen, self.passed, self.counter = chosen, 0, counter

    def here(self) -> None:
        self.passed += 1
        os.write(self.counter, b".")
        if self.passed == self.chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*arguments: Any) -> Any:
            self.here()
            done = act(*arguments)
            self.here()
            return done

        return acting


def one_reading(job: dict[str, Any], points: Points) -> None:
    engine = make_engine(job["store"])
    now = datetime.fromtimestamp(job["now"], UTC)
    kinds: tuple[Any, ...] = (Maildir, ImapFolders)
    for kind in kinds:
        kind.content, kind.move = points.around(kind.content), points.around(kind.move)
    dialect: Any = engine.dialect
    dialect.do_commit = points.around(dialect.do_commit)
    context = Context(engine, Path(job["config"]), job["secrets"].get)
    mailbox.run(context, lambda: now)
    engine.dispose()


def in_a_process(job: dict[str, Any]) -> tuple[int, int]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            one_reading(job, Points(job["point"], writer))
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as passed:
        count = len(passed.read())
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), count


def main() -> None:
    warm = ""
    for line in sys.stdin:
        job = json.loads(line)
        if job["config"] != warm:  # what every child would have to read and compute again
            warm = job["config"]
            check(Path(warm))
            caller_of(parse(b"Subject: +44 20 7946 0958\n\n"), "GB")
        code, passed = in_a_process(job)
        print(json.dumps({"code": code, "passed": passed}), flush=True)


if __name__ == "__main__":
    main()
