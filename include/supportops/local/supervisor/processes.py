"""Starts the processes of the local installation, watches them, and terminates all of them."""

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

from supportops.files import private
from supportops.local.supervisor.termination import ProcessSet, descendants, is_alive, terminate

PR_SET_CHILD_SUBREAPER = 36
TICK = 0.2
GRACE = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """A request to stop: Ctrl-C, SIGTERM, or a closed terminal."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process to run. `log` takes what it prints."""

    name: str
    argv: tuple[str, ...]
    log: Path


@dataclass(frozen=True, slots=True)
class ExitedProcess:
    """A process that exited by itself. `code` as in `subprocess`: negative for a signal."""

    command: Command
    code: int

    def last_lines(self, count: int = 12) -> list[str]:
        """The last lines of its log."""
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
    """Processes and their descendants; `with Processes(...)` terminates all of them at its end.

    Each child leads a session of its own, so that Ctrl-C in the terminal reaches only this
    process, which then terminates them. Orphans among their descendants become children of this
    process (Linux), and a watchdog terminates all of them if this process is killed outright.
    `lock`: a file descriptor that the watchdog keeps open until the last process has exited.
    `grace`: seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        cwd: Path,
        lock: int | None = None,
        grace: float = GRACE,
    ) -> None:
        self.environment = dict(environment)
        self.cwd = cwd
        self.lock = lock
        self.grace = grace
        self.stop_requested = False
        self.interrupts = 0
        self._running: list[tuple[Command, subprocess.Popen[bytes]]] = []
        self._previous_handlers: dict[signal.Signals, Any] = {}
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._seen: ProcessSet = set()

    def __enter__(self) -> Self:
        adopt_orphans()
        for each in SIGNALS:
            # Under nohup a closed terminal is no reason to end.
            if signal.getsignal(each) is not signal.SIG_IGN:
                self._previous_handlers[each] = signal.signal(each, self._on_signal)
        self._watchdog = subprocess.Popen(
            python("-m", "supportops.local.supervisor.watchdog", str(os.getpid()), str(self.grace)),
            env=self.environment,
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=() if self.lock is None else (self.lock,),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
            self._watchdog.wait()
        for each, handler in self._previous_handlers.items():
            # After a request to stop, further signals must not interrupt the last few steps.
            signal.signal(each, signal.SIG_IGN if self.stop_requested else handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop_requested = True
        self.interrupts += number == signal.SIGINT

    def pause(self, seconds: float = TICK) -> None:
        """Waits for `seconds`. Raises StopRequested as soon as there is a request."""
        deadline = time.monotonic() + seconds
        while not self.stop_requested and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, TICK))
        if self.stop_requested:
            raise StopRequested

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        """Starts a process that is expected to stay."""
        with open(command.log, "wb", opener=private) as log:
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
        self._report_to_watchdog(process.pid)
        return process

    def run(self, command: Command) -> ExitedProcess:
        """Runs a process until it exits. Raises StopRequested."""
        process = self.start(command)
        while process.poll() is None:
            self.pause()
        self._running = [pair for pair in self._running if pair[1] is not process]
        return ExitedProcess(command, process.returncode)

    def first_exited(self) -> ExitedProcess | None:
        """The first of the started processes that has exited, None while all run."""
        self._reap_orphans()
        for command, process in self._running:
            if (code := process.poll()) is not None:
                return ExitedProcess(command, code)
        return None

    def started(self) -> ProcessSet:
        """Every living descendant of this process, without the watchdog."""
        but = [] if self._watchdog is None else [self._watchdog.pid]
        self._seen = {process for process in self._seen if is_alive(process)}
        for process in list(self._seen):
            self._seen |= descendants(process)
        self._seen |= descendants(psutil.Process(), but)
        return set(self._seen)

    def end(self) -> int:
        """Terminates all of them; how many had to be killed. A further Ctrl-C kills at once.

        Only Ctrl-C does: a terminal that closes may send its signal twice.
        """
        before = self.interrupts
        killed = terminate(self._find, grace=self.grace, cut_short=lambda: self.interrupts > before)
        for _, process in self._running:
            process.wait()
        self._running.clear()
        return killed

    def _find(self) -> ProcessSet:
        self._reap_orphans()
        return self.started()

    def _reap_orphans(self) -> None:
        """Reads the exit status of adopted processes; Popen reads that of the started ones."""
        own = {process.pid for _, process in self._running}
        if self._watchdog is not None:
            own.add(self._watchdog.pid)
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess, ChildProcessError):
                if child.pid in own:
                    continue
                if child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)
        for _, process in self._running:
            process.poll()

    def _report_to_watchdog(self, pid: int) -> None:
        if self._watchdog is None or self._watchdog.stdin is None:
            return
        with suppress(OSError):
            os.write(self._watchdog.stdin.fileno(), f"{pid}\n".encode())


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
