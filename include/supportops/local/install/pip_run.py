"""Runs pip on the locks and turns what it prints into one calm line of progress."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
TAKEN = re.compile(r"^(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)")
IGNORED = re.compile(r"^Ignoring ([A-Za-z0-9._-]+): markers")
UNPACKING = "Installing collected packages: "
EVERY = 0.2


class PipFailed(Exception):
    """What pip could not do, in its own first line of complaint."""


class Progress:
    """What pip has told so far. `taken` of `total` are found, then `unpacking` begins."""

    def __init__(self, pins: dict[str, set[str]]) -> None:
        self.pins = pins
        self.left_out: set[str] = set()
        self.taken: dict[str, None] = {}
        self.unpacking = 0
        self.complaint = ""

    def hear(self, line: str) -> None:
        if (match := TAKEN.match(line)) is not None:
            self.taken[match[1].lower()] = None
        elif (match := IGNORED.match(line)) is not None:
            self.left_out.add(match[1].lower())
        elif line.startswith(UNPACKING):
            self.unpacking = line.count(",") + 1
        elif line.startswith("ERROR:") and not self.complaint:
            self.complaint = line.removeprefix("ERROR:").strip()

    @property
    def total(self) -> int:
        """Packages of the locks that this Python and system get.

        A name pinned twice (numpy, by Python version) is ignored in one version and taken in
        the other.
        """
        never = {name for name in self.left_out if len(self.pins.get(name, ())) < 2}
        return len(self.pins.keys() - never)

    def line(self, unpacked: int) -> str:
        if self.unpacking:
            return f"unpacking packages  {min(unpacked, self.unpacking)}/{self.unpacking}"
        latest = next(reversed(self.taken), "")
        return f"fetching packages  {len(self.taken)}/{self.total}  {latest}"


def pins(locks: Sequence[Path]) -> dict[str, set[str]]:
    """Versions pinned for each lower-case name in the lock files."""
    found: dict[str, set[str]] = {}
    for lock in locks:
        for text in lock.read_text().splitlines():
            if (match := PIN.match(text)) is not None:
                found.setdefault(match[1].lower(), set()).add(match[2])
    return found


def pip_install(python: Path, locks: Sequence[Path], log: Path, *, show: TextIO) -> int:
    """Installs `locks` into `python`'s environment; how many packages they come to.

    pip's own configuration (a company's index, a proxy) stays in force. Raises PipFailed.
    """
    progress = Progress(pins(locks))
    with log.open("w") as kept, start(python, locks) as pip:
        reader = threading.Thread(target=listen, args=(pip, progress, kept), daemon=True)
        reader.start()
        try:
            display(reader, progress, python, show)
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise PipFailed(progress.complaint or f"pip ended with {pip.returncode}")
    return progress.total


def start(python: Path, locks: Sequence[Path]) -> subprocess.Popen[str]:
    options = ["--require-hashes", "--no-input", "--disable-pip-version-check"]
    files = [part for lock in locks for part in ("-r", str(lock))]
    return subprocess.Popen(
        [str(python), "-I", "-m", "pip", "install", "--progress-bar=off", *options, *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def listen(pip: subprocess.Popen[str], progress: Progress, kept: TextIO) -> None:
    if pip.stdout is None:
        return
    for line in pip.stdout:
        kept.write(line)
        kept.flush()
        progress.hear(line)


def display(reader: threading.Thread, progress: Progress, python: Path, show: TextIO) -> None:
    """Until pip ends: one line rewritten on a terminal, else a line each 25 packages."""
    packages = next((python.parents[1] / "lib").glob("python3*/site-packages"))
    before = len(list(packages.glob("*.dist-info")))
    steady, told = show.isatty(), ""
    while reader.is_alive():
        reader.join(EVERY)
        unpacked = len(list(packages.glob("*.dist-info"))) - before if progress.unpacking else 0
        line = progress.line(max(unpacked, 0))
        if steady:
            show.write(f"\r\x1b[2K{line[:70]}")
        elif (mark := milestone(line)) != told:
            told = mark
            show.write(f"{line}\n")
        show.flush()
    if steady:
        show.write("\r\x1b[2K")


def milestone(line: str) -> str:
    """The part of a progress line that changes every 25 packages."""
    word, _, rest = line.partition("  ")
    return f"{word} {int(rest.partition('/')[0]) // 25}"
