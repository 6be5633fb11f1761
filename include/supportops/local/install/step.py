"""Runs one command of the installation: shows how far it is, keeps all that it says in a log."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")
SHOWN = re.compile(r" *((?:Downloading|Downloaded|Building|Built|Resolved|Prepared|Installed) .*)")
BROKEN = re.compile(r"connection broken by ['\"](?:.*>: )?(.+?)['\")]*: /")


class Failed(Exception):
    """What the command could not do, in one line of its own complaint."""


def run(
    command: Sequence[str], environment: Mapping[str, str], log: TextIO, folder: Path | None = None
) -> None:
    """Raises Failed. Credentials in addresses get neither into the log nor onto the terminal."""
    lines = []
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for said in process.stdout or ():
                lines.append(CREDENTIALS.sub("", said.rstrip()))
                log.write(f"{lines[-1]}\n")
                log.flush()
                if shown := SHOWN.fullmatch(lines[-1]):
                    show(shown[1], sys.stderr)
        except BaseException:
            process.kill()
            raise
        finally:
            show("", sys.stderr)
    if process.returncode:
        raise Failed(complaint(lines) or f"{Path(command[0]).name} ended: {process.returncode}")


def show(line: str, screen: TextIO) -> None:
    """A terminal has one line that is rewritten, and is empty at the end; else lines are added."""
    if screen.isatty():
        screen.write(f"\r\x1b[2K{line[:70]}")
    elif line and not line.startswith("Downloading"):
        screen.write(f"{line}\n")
    screen.flush()


def complaint(lines: Sequence[str]) -> str:
    """The first error, and the cause at the bottom of it."""
    broken = [match[1] for line in lines if (match := BROKEN.search(line))]
    if broken and any("from versions: none" in line for line in lines):
        return f"the package index cannot be reached: {broken[-1]}"
    errors = [line[6:].strip() for line in lines if line[:6].lower() == "error:"]
    causes = [line.strip()[6:].strip() for line in lines if line.strip().startswith("cause:")]
    return ": ".join(errors[:1] + causes[-1:])
