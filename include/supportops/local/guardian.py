"""Watches over the supervisor: should it be killed outright, everything it started still ends.

The supervisor holds the other end of this process's standard input. Whatever happens to it,
the kernel closes that end, and then every process that it had is ended here. The list has to be
taken while the supervisor lives: afterwards nothing tells whose children they were.
"""

from __future__ import annotations

import os
import select
import signal
import sys

import psutil

from supportops.local.ending import Family, end, family, lives

LOOK_EVERY = 1.0
PATIENCE = 10.0


def guard(supervisor: psutil.Process) -> int:
    """Returns when the supervisor is gone and nothing of it is left; how many were killed."""
    itself = psutil.Process().pid
    known: Family = set()
    while supervised():
        known = family(supervisor, but=[itself])
    return end(lambda: with_descendants(known), patience=PATIENCE)


def supervised() -> bool:
    """Waits for the next look: a second, or a byte when something was just started."""
    readable, _, _ = select.select([0], [], [], LOOK_EVERY)
    return not readable or os.read(0, 4096) != b""


def with_descendants(known: Family) -> Family:
    """The living of `known` and theirs; remembers them, as they are orphaned one by one."""
    for process in list(known):
        known |= family(process)
    return {process for process in known if lives(process)}


def main() -> int:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    try:
        supervisor = psutil.Process(int(sys.argv[1]))
    except psutil.NoSuchProcess:
        return 0
    guard(supervisor)
    return 0


if __name__ == "__main__":
    sys.exit(main())
