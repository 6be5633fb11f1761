"""Starts the processes of the local installation, watches them, and leaves none behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import psutil

from supportops.local.supervisor.ending import Family, end, family, lives

PR_SET_CHILD_SUBREAPER = 36
TICK = 0.2
PATIENCE = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked to end: Ctrl-C, SIGTERM, or a closed terminal."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process to run. `log` takes what it prints."""

    name: str
    argv: tuple[str, ...]
    log: Path


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended on its own, with `code` as subprocess counts (negative: a signal)."""

    command: Command
    code: int

    def last_lines(self, count: int = 12) -> list[str]:
        return tail(self.command.log, count)


def tail(log: Path, count: int) -> list[str]:
    """The last `count` lines of a log that may be large; none when it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


class Processes:
    """A family of processes: `with Processes(...) as them:` ends every one of them at its end.

    Each child leads a session of its own, so that Ctrl-C in the terminal reaches only this
    process, which then ends them in order. Orphans among their descendants become children of
    this process (Linux), and a guardian takes over if this process is killed outright.
    `hold`: a file descriptor that the guardian keeps open until the last process has ended.
    `patience`: seconds between asking a process to end and killing it.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        cwd: Path,
        hold: int | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.environment = dict(environment)
        self.cwd = cwd
        self.hold = hold
        self.patience = patience
        self.asked = False
        self.interrupts = 0
        self._running: list[tuple[Command, subprocess.Popen[bytes]]] = []
        self._previous: dict[signal.Signals, Any] = {}
        self._guardian: subprocess.Popen[bytes] | None = None
        self._seen: Family = set()

    def __enter__(self) -> Self:
        adopt_orphans()
        for each in SIGNALS:
            # Under nohup a closed terminal is no reason to end.
            if signal.getsignal(each) is not signal.SIG_IGN:
                self._previous[each] = signal.signal(each, self._on_signal)
        self._guardian = subprocess.Popen(
            python(
                "-m", "supportops.local.supervisor.guardian", str(os.getpid()), str(self.patience)
            ),
            env=self.environment,
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=() if self.hold is None else (self.hold,),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            self._guardian.wait()
        for each, handler in self._previous.items():
            # Whoever is being asked to end need not be asked again on the last few steps.
            signal.signal(each, signal.SIG_IGN if self.asked else handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self.interrupts += number == signal.SIGINT

    def pause(self, seconds: float = TICK) -> None:
        """Waits, and raises Stopped as soon as somebody asks to end."""
        deadline = time.monotonic() + seconds
        while not self.asked and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, TICK))
        if self.asked:
            raise Stopped

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        with command.log.open("wb") as log:
            process = subprocess.Popen(
                command.argv,
                env=self.environment,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((command, process))
        self._tell_guardian(process.pid)
        return process

    def run(self, command: Command) -> Ended:
        """Runs one to its end. Raises Stopped."""
        process = self.start(command)
        while process.poll() is None:
            self.pause()
        self._running = [pair for pair in self._running if pair[1] is not process]
        return Ended(command, process.returncode)

    def first_ended(self) -> Ended | None:
        """The first of the started that is not running any more."""
        self._reap_orphans()
        for command, process in self._running:
            if (code := process.poll()) is not None:
                return Ended(command, code)
        return None

    def family(self) -> Family:
        """Every living process that came from here, the guardian apart."""
        but = [] if self._guardian is None else [self._guardian.pid]
        self._seen = {process for process in self._seen if lives(process)}
        for process in list(self._seen):
            self._seen |= family(process)
        self._seen |= family(psutil.Process(), but)
        return set(self._seen)

    def end(self) -> int:
        """Ends the whole family; how many had to be killed. A further Ctrl-C kills at once.

        Only Ctrl-C: a terminal that closes may send its signal twice.
        """
        before = self.interrupts
        killed = end(self._look, patience=self.patience, hurried=lambda: self.interrupts > before)
        for _, process in self._running:
            process.wait()
        self._running.clear()
        return killed

    def _look(self) -> Family:
        self._reap_orphans()
        return self.family()

    def _reap_orphans(self) -> None:
        """Reads the exit status of adopted processes; those we started are read by Popen."""
        own = {process.pid for _, process in self._running}
        if self._guardian is not None:
            own.add(self._guardian.pid)
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess, ChildProcessError):
                if child.pid in own:
                    continue
                if child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)
        for _, process in self._running:
            process.poll()

    def _tell_guardian(self, pid: int) -> None:
        if self._guardian is None or self._guardian.stdin is None:
            return
        with suppress(OSError):
            os.write(self._guardian.stdin.fileno(), f"{pid}\n".encode())


def adopt_orphans() -> None:
    """Makes this process the parent of its orphaned descendants. Linux only, and no loss
    elsewhere but this: a grandchild that left its group and lost its parent is not found."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def python(*arguments: str) -> tuple[str, ...]:
    """The command line of the interpreter that runs this."""
    return (sys.executable, *arguments)
