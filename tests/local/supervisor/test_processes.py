"""Real processes, some of which do not want to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

SUPERVISOR = Path(__file__).with_name("supervised.py")
INCLUDE = Path(__file__).parents[3] / "include"
Supervise = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Starts the supervisor with children of the named kinds, and waits until all are there."""
    started: list[subprocess.Popen[str]] = []

    def start(*kinds: str, grace: float = 1.0, wait_for: int = 0) -> subprocess.Popen[str]:
        argv = [sys.executable, str(SUPERVISOR), str(tmp_path), str(grace), *kinds]
        environment = {"PYTHONPATH": str(INCLUDE)}
        # Under nohup the tests themselves ignore SIGHUP, and what they start would inherit that.
        ours = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
        signal.signal(signal.SIGHUP, ours)
        started.append(process)
        until(lambda: len(pids(tmp_path)) >= (wait_for or len(kinds)))
        return process

    yield start
    for pid in pids(tmp_path):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    for process in started:
        process.kill()
        process.communicate()


def pids(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in folder.glob("*.pid")]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def left(folder: Path) -> list[int]:
    return [pid for pid in pids(folder) if alive(pid)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_ask_ends_every_process(
    supervise: Supervise, tmp_path: Path, number: signal.Signals
) -> None:
    supervisor = supervise("willing", "willing")

    supervisor.send_signal(number)

    assert supervisor.wait(30) == 0
    assert left(tmp_path) == []


def test_a_child_that_ignores_the_request_is_killed(supervise: Supervise, tmp_path: Path) -> None:
    supervisor = supervise("stubborn", "willing")

    supervisor.terminate()

    assert supervisor.wait(30) == 0
    assert left(tmp_path) == []


def test_a_grandchild_in_a_session_of_its_own_is_found(
    supervise: Supervise, tmp_path: Path
) -> None:
    supervisor = supervise("nested", wait_for=2)

    supervisor.terminate()

    assert supervisor.wait(30) == 0
    assert left(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")
def test_a_daemon_that_lost_its_parent_is_found(supervise: Supervise, tmp_path: Path) -> None:
    supervisor = supervise("daemon", wait_for=2)

    supervisor.terminate()

    assert supervisor.wait(30) == 0
    assert left(tmp_path) == []


def test_processes_made_while_ending_are_ended_too(supervise: Supervise, tmp_path: Path) -> None:
    supervisor = supervise("hydra")

    supervisor.terminate()

    assert supervisor.wait(30) == 0
    assert len(pids(tmp_path)) > 1
    assert left(tmp_path) == []


def test_a_second_ctrl_c_does_not_wait(supervise: Supervise, tmp_path: Path) -> None:
    supervisor = supervise("stubborn", grace=3600)

    supervisor.send_signal(signal.SIGINT)

    # The request itself cannot be seen from outside; further presses are what a person does.
    def ended_by_another_press() -> bool:
        supervisor.send_signal(signal.SIGINT)
        time.sleep(0.2)
        return supervisor.poll() is not None

    until(ended_by_another_press)
    assert supervisor.returncode == 0
    assert left(tmp_path) == []


def test_a_killed_supervisor_leaves_nothing_behind(supervise: Supervise, tmp_path: Path) -> None:
    supervise("stubborn", "nested", "willing", wait_for=4).kill()

    until(lambda: left(tmp_path) == [])


def test_under_nohup_a_closed_terminal_ends_nothing(tmp_path: Path) -> None:
    ignoring = f"trap '' HUP; exec {sys.executable} {SUPERVISOR} {tmp_path} 1 willing"
    supervisor = subprocess.Popen(["/bin/sh", "-c", ignoring], env={"PYTHONPATH": str(INCLUDE)})
    until(lambda: len(pids(tmp_path)) == 1)

    supervisor.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        supervisor.wait(1)
    assert len(left(tmp_path)) == 1

    supervisor.terminate()
    assert supervisor.wait(30) == 0
    assert left(tmp_path) == []


def test_a_part_that_ends_itself_is_named_with_its_last_lines(
    supervise: Supervise, tmp_path: Path
) -> None:
    supervisor = supervise("willing", "brief", wait_for=1)

    output, _ = supervisor.communicate(timeout=30)

    assert supervisor.returncode == 1
    assert output == "brief 3 ['out of luck']"
    assert left(tmp_path) == []


def test_the_suite_passes_in_a_shell_that_ignores_ctrl_c_for_it() -> None:
    this = f"{__file__}::{test_every_way_to_ask_ends_every_process.__name__}"
    ignoring = f"trap '' INT HUP; exec {sys.executable} -m pytest -q -p no:cacheprovider {this}"
    done = subprocess.run(["/bin/sh", "-c", ignoring], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout
