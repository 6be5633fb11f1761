"""A process that dies in the middle of a flow, at a commit or just before a statement."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, event

from supportops.db.engine import make_engine

FAILED = 3


@dataclass(frozen=True, slots=True)
class Death:
    """`commits`: how many transactions end before it; `before`: else the beginning of the
    statement that is not carried out any more."""

    flow: str
    commits: int = 0
    before: str = ""


def killed(address: str, death: Death, flow: Callable[[Engine], object]) -> None:
    """Runs a flow in a process of its own until it is killed. AssertionError where it was not."""
    child = os.fork()
    if child == 0:
        try:
            engine = make_engine(address)
            _die(engine, death)
            flow(engine)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(FAILED)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{death} did not come: status {status}"


def _die(engine: Engine, death: Death) -> None:
    left = death.commits

    def at_commit(_connection: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def at_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(death.before):
            os.kill(os.getpid(), signal.SIGKILL)

    if death.before:
        event.listen(engine, "before_cursor_execute", at_statement)
    else:
        event.listen(engine, "commit", at_commit)
