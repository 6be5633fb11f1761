"""Terminates processes and their groups: SIGTERM, a grace period, then SIGKILL for what is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

import psutil

TICK = 0.1  # seconds
KILL_FOR = 5.0  # seconds

ProcessSet = set[psutil.Process]


def descendants(parent: psutil.Process, but: Iterable[int] = ()) -> ProcessSet:
    """Every living descendant of `parent`, without the ids in `but`."""
    left_out = set(but)
    try:
        children = parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return set()
    return {child for child in children if child.pid not in left_out and is_alive(child)}


def is_alive(process: psutil.Process) -> bool:
    """False for one that has exited, also while its exit status waits to be read."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def terminate(
    find: Callable[[], ProcessSet], *, grace: float, cut_short: Callable[[], bool] = lambda: False
) -> int:
    """Terminates everything that `find` returns, now and meanwhile; how many had to be killed.

    `grace`: seconds between SIGTERM and SIGKILL; they are over as soon as `cut_short` is true. A
    process that forks while it is being terminated is found by the next call of `find`.
    """
    signalled = find()
    send_sigterm(signalled)
    deadline = time.monotonic() + grace
    while (alive := find()) and time.monotonic() < deadline and not cut_short():
        send_sigterm(alive - signalled)
        signalled |= alive
        time.sleep(TICK)
    return kill(find)


def send_sigterm(processes: ProcessSet) -> None:
    """SIGTERM, once for a group of which the leader is among `processes`, else one by one."""
    ids = {process.pid for process in processes}
    for process in processes:
        group = group_of(process)
        if group in ids and group != process.pid:
            continue
        send(process, signal.SIGTERM, whole_group=group == process.pid)


def kill(find: Callable[[], ProcessSet]) -> int:
    """SIGKILL to everything that `find` returns, until nothing is left; how many that were."""
    killed: ProcessSet = set()
    deadline = time.monotonic() + KILL_FOR
    while (alive := find()) and time.monotonic() < deadline:
        for process in alive:
            send(process, signal.SIGKILL)
        killed |= alive
        time.sleep(TICK)
    return len(killed)


def group_of(process: psutil.Process) -> int | None:
    """The id of its process group, None where the process is gone."""
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def send(process: psutil.Process, number: signal.Signals, *, whole_group: bool = False) -> None:
    """Sends a signal, unless the process is gone: its id may belong to another by now."""
    try:
        if not process.is_running():
            return
        if whole_group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    except (ProcessLookupError, psutil.NoSuchProcess, PermissionError):
        return
