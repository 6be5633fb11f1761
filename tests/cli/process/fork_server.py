"""Has imported the command line, and forks a process for each command: `python fork_server.py`.

A request is a line of JSON on standard input: `arguments`, `environment`, `folder`, and the files
that `output` and `errors` go to. The answer is a line with the exit status as `os.waitpid` gives
it.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import supportops
from supportops.cli.main import main

# What commands import when they run. The board and a local installation are none of theirs.
NOT_NEEDED = ("supportops.web", "supportops.local", "supportops.db.migrations")


def import_all() -> None:
    for module in pkgutil.walk_packages(supportops.__path__, "supportops."):
        if not module.name.startswith(NOT_NEEDED) and not module.name.endswith("__main__"):
            import_module(module.name)


def become(request: dict[str, Any]) -> None:
    """Turns this fork into a process that has just been started to run a command."""
    streams = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(request["output"], os.O_WRONLY | os.O_CREAT, 0o600),
        os.open(request["errors"], os.O_WRONLY | os.O_CREAT, 0o600),
    )
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = ["supportops", *request["arguments"]]


def end_with(command: Callable[[], None]) -> NoReturn:
    """Ends as the interpreter would, without taking to pieces all that was imported."""
    code = 1
    try:
        command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            answers.close()
            become(json.loads(line))
            end_with(main)
        answers.write(f"{os.waitpid(child, 0)[1]}\n")
        answers.flush()


if __name__ == "__main__":
    import_all()
    gc.freeze()
    serve()
