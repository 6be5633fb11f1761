"""Watches over the supervisor: should it be killed outright, everything it started still ends.

The supervisor holds the other end of this process's standard input, and writes the id of each
process that it starts. Whatever happens to it, the kernel closes that end, and then every process
that it had is ended here. Who they are has to be learnt while it lives: afterwards nothing tells
whose children they were.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress

import psutil

from supportops.local.supervisor.ending import Family, end, family, lives

LOOK_EVERY = 1.0


def guard(supervisor: int, patience: float) -> int:
    """Returns when the supervisor is gone and nothing of it is left; how many were killed."""
    known: Family = set()
    while (started := told()) is not None:
        known = with_descendants(known | processes(started)) | children_of(supervisor)
    return end(lambda: with_descendants(known), patience=patience)


def told() -> list[int] | None:
    """Ids of processes just started, none after a second of silence; None at the end."""
    readable, _, _ = select.select([0], [], [], LOOK_EVERY)
    if not readable:
        return []
    # An id is far shorter than what a pipe writes in one piece, so none arrives in halves.
    text = os.read(0, 64 * 1024)
    return [int(line) for line in text.split()] if text else None


def processes(ids: list[int]) -> Family:
    found: Family = set()
    for pid in ids:
        with suppress(psutil.NoSuchProcess):
            found.add(psutil.Process(pid))
    return found


def children_of(supervisor: int) -> Family:
    """Every descendant but this process; none once the supervisor is gone."""
    with suppress(psutil.NoSuchProcess):
        return family(psutil.Process(supervisor), but=[os.getpid()])
    return set()


def with_descendants(known: Family) -> Family:
    """The living of `known` and theirs; remembers them, as they are orphaned one by one."""
    for process in list(known):
        known |= family(process)
    return {process for process in known if lives(process)}


def main() -> int:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    guard(int(sys.argv[1]), patience=float(sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
