"""Standard output and standard error of the program: whatever they lead to, it ends in order."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TextIO

from supportops.cli.output import warn
from supportops.rendering.printable import mask_logins, printable


def prepare() -> None:
    """Sets up what the whole process prints and writes; to be called once, at its start."""
    os.umask(0o077)
    _open_missing()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = _show_traceback
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Printable())


def finish() -> bool:
    """Whether all output has gone out; one line says why not, such as a full disk or `| head`.

    Nothing is left for the interpreter, which would fail once more when it exits.
    """
    why = _flush(sys.stdout)
    if why is not None:
        warn(f"standard output: {why}")
    return _flush(sys.stderr) is None and why is None


def _flush(stream: TextIO) -> str | None:
    """Why it could not be; what is left in it is then discarded."""
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return error.strerror
    return None


def _open_missing() -> None:
    """Without it the first file that is opened would take the place of a closed stream."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def _show_traceback(
    kind: type[BaseException], error: BaseException, place: TracebackType | None
) -> None:
    lines = traceback.format_exception(kind, error, place)
    sys.stderr.write(printable(mask_logins("".join(lines))))


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(mask_logins(super().format(record)))
