"""Ends processes for good: asks their groups, waits, and kills what is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

import psutil

TICK = 0.1
KILL_FOR = 5.0

Family = set[psutil.Process]


def family(parent: psutil.Process, but: Iterable[int] = ()) -> Family:
    """Every living descendant of `parent`, without the ids in `but`."""
    left_out = set(but)
    try:
        found = parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return set()
    return {process for process in found if process.pid not in left_out and lives(process)}


def lives(process: psutil.Process) -> bool:
    """False for one that ended, also while its exit status waits to be read."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(
    look: Callable[[], Family], *, patience: float, hurried: Callable[[], bool] = lambda: False
) -> int:
    """Ends everything that `look` finds, now and while it is being ended; how many were killed.

    `patience`: seconds between asking (SIGTERM) and killing; `hurried` cuts it short. A process
    that forks while it is asked to end is found by the next look.
    """
    asked = look()
    ask(asked)
    deadline = time.monotonic() + patience
    while (alive := look()) and time.monotonic() < deadline and not hurried():
        ask(alive - asked)
        asked |= alive
        time.sleep(TICK)
    return kill(look)


def ask(processes: Family) -> None:
    """SIGTERM, once for a group of which the leader is among `processes`, else one by one."""
    ids = {process.pid for process in processes}
    for process in processes:
        group = group_of(process)
        if group in ids and group != process.pid:
            continue
        send(process, signal.SIGTERM, whole_group=group == process.pid)


def kill(look: Callable[[], Family]) -> int:
    killed: Family = set()
    deadline = time.monotonic() + KILL_FOR
    while (alive := look()) and time.monotonic() < deadline:
        for process in alive:
            send(process, signal.SIGKILL)
        killed |= alive
        time.sleep(TICK)
    return len(killed)


def group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def send(process: psutil.Process, what: signal.Signals, *, whole_group: bool = False) -> None:
    """`process` is compared with its start time first: its number may have a new owner."""
    try:
        if not process.is_running():
            return
        if whole_group:
            os.killpg(process.pid, what)
        else:
            process.send_signal(what)
    except (ProcessLookupError, psutil.NoSuchProcess, PermissionError):
        return
