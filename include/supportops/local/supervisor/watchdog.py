"""Watches the supervisor: if it is killed outright, this process ends everything it started.

The supervisor holds the other end of this process's standard input, and writes the id of each
process that it starts. Whatever happens to it, the kernel closes that end, and then this process
terminates all of them. Descendants have to be collected while the supervisor lives: afterwards
nothing shows whose children they were.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress

import psutil

from supportops.local.supervisor.termination import ProcessSet, descendants, is_alive, terminate

INTERVAL = 1.0  # seconds


def watch(supervisor: int, grace: float) -> int:
    """Returns when the supervisor and all its processes are gone; how many were killed.

    `grace`: seconds between SIGTERM and SIGKILL.
    """
    known: ProcessSet = set()
    while (started := started_ids()) is not None:
        known = with_descendants(known | processes(started)) | descendants_of(supervisor)
    return terminate(lambda: with_descendants(known), grace=grace)


def started_ids() -> list[int] | None:
    """Ids of processes just started, [] after a second without one; None at the end of input."""
    readable, _, _ = select.select([0], [], [], INTERVAL)
    if not readable:
        return []
    # An id is far shorter than what a pipe writes in one piece, so none arrives in halves.
    text = os.read(0, 64 * 1024)
    return [int(line) for line in text.split()] if text else None


def processes(ids: list[int]) -> ProcessSet:
    """The running processes of these ids."""
    found: ProcessSet = set()
    for pid in ids:
        with suppress(psutil.NoSuchProcess):
            found.add(psutil.Process(pid))
    return found


def descendants_of(supervisor: int) -> ProcessSet:
    """Every descendant but this process; none once the supervisor is gone."""
    with suppress(psutil.NoSuchProcess):
        return descendants(psutil.Process(supervisor), but=[os.getpid()])
    return set()


def with_descendants(known: ProcessSet) -> ProcessSet:
    """The living of `known` and theirs; remembers them, as they are orphaned one by one."""
    for process in list(known):
        known |= descendants(process)
    return {process for process in known if is_alive(process)}


def main() -> int:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    watch(int(sys.argv[1]), grace=float(sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
