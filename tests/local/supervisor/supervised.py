"""A supervisor for the tests to signal: starts difficult children and waits to be ended.

`python supervised.py FOLDER GRACE KIND...`; each child writes its id into FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

from supportops.local.supervisor.processes import Command, Processes, StopRequested, python

NOTE = """
import os, pathlib, signal, subprocess, sys, time
def note(name):
    path = pathlib.Path(sys.argv[1]) / f"{name}-{os.getpid()}"
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path.with_suffix(".pid"))
"""
FOREVER = "time.sleep(600)\n"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"

CHILDREN = {
    "willing": NOTE + "note('willing')\n" + FOREVER,
    "stubborn": NOTE + STUBBORN + "note('stubborn')\n" + FOREVER,
    # A grandchild in a session of its own, which its parent does not end.
    "nested": NOTE
    + "if os.fork() == 0:\n    os.setsid()\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    + "    note('grandchild')\n    time.sleep(600)\n"
    + "note('nested')\n"
    + FOREVER,
    # A daemon: its parent ends at once, so that it is an orphan in a session of its own.
    "daemon": NOTE
    + "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        note('orphan')\n"
    + "        time.sleep(600)\n    os._exit(0)\n"
    + "os.wait(); note('daemon')\n"
    + FOREVER,
    # Makes a new process whenever it is asked to end.
    "hydra": NOTE
    + "def grow(*_):\n    if os.fork() == 0:\n        note('head')\n"
    + "signal.signal(signal.SIGTERM, grow)\nnote('hydra')\nwhile True: time.sleep(1)\n",
    "brief": "import sys\nprint('out of luck')\nsys.exit(3)\n",
}


def main() -> int:
    folder, grace = Path(sys.argv[1]), float(sys.argv[2])
    environment = {"PYTHONPATH": ":".join(sys.path)}
    with Processes(environment, folder, grace=grace) as them:
        for kind in sys.argv[3:]:
            argv = python("-c", CHILDREN[kind], str(folder))
            them.start(Command(kind, argv, folder / f"{kind}.log"))
        try:
            while (ended := them.first_exited()) is None:
                them.pause()
            sys.stdout.write(f"{ended.command.name} {ended.code} {ended.last_lines()}")
            return 1
        except StopRequested:
            return 0


if __name__ == "__main__":
    sys.exit(main())
