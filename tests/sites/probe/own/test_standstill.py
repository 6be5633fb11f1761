"""A process that stood still during a check blames no site for the time that it lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from sites.probing import MOMENT, policy, probe_one
from sites.servers import Server, answer, hangs, request, server
from supportops.sites.check import Reason, State
from supportops.sites.probe import standstill
from supportops.sites.probe.request_state import RequestState, Response, Target
from supportops.sites.probe.standstill import Standstill
from supportops.sites.site import Expectation

_PROBE = """
import json, sys
from sites.probing import probe_all
print("ready", flush=True)
results = probe_all(sys.argv[1:], deadline=2)
print(json.dumps([[r.state.value, r.reason.value, r.detail] for r in results]))
"""


def slow(connection: object, here: Server) -> None:
    """Answers after half a second."""
    request(connection, here)  # type: ignore[arg-type]
    time.sleep(0.5)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")  # type: ignore[attr-defined]


def probed_and_stopped(urls: list[str], seconds: float) -> list[list[str]]:
    """What a process finds of `urls` that is stopped for `seconds` while it checks them."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROBE, *urls],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGCONT)
    found: list[list[str]] = json.loads(process.communicate(timeout=60)[0])
    return found


def test_a_process_that_was_stopped_past_the_deadline_knows_nothing(running: ExitStack) -> None:
    site = running.enter_context(server(hangs))
    (found,) = probed_and_stopped([site.url()], 3)
    assert found[:2] == ["unknown", "internal"]
    assert found[2].startswith("this machine stood still for ")


def test_a_site_that_answers_all_the_same_is_up(running: ExitStack) -> None:
    site = running.enter_context(server(slow))
    (found,) = probed_and_stopped([site.url()], 1)
    assert found[0] == "up"


def test_a_site_that_hangs_is_down_where_nothing_stood_still(running: ExitStack) -> None:
    site = running.enter_context(server(hangs))
    assert probe_one(site.url(), deadline=0.5).state is State.DOWN


def timed_out(reason: Reason) -> RequestState:
    state = RequestState(0, Target("http://127.0.0.1/", Expectation(), True), 10.0, MOMENT)
    state.responded(Response(reason))
    return state


@pytest.mark.parametrize(("seconds", "reason"), [(2.5, Reason.TIMEOUT), (2.6, Reason.INTERNAL)])
def test_a_site_that_had_most_of_its_time_is_judged(seconds: float, reason: Reason) -> None:
    state = timed_out(Reason.TIMEOUT)
    state.stood_still(seconds)
    assert state.result is not None
    assert state.result.reason is reason


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.TLS_EXPIRED, Reason.INVALID_HTTP])
def test_what_has_nothing_to_do_with_time_stays(reason: Reason) -> None:
    state = timed_out(reason)
    state.stood_still(60)
    assert state.result is not None
    assert state.result.reason is reason


def test_what_passes_beyond_the_wait_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(standstill, "_now", lambda: now[0])
    watch = Standstill()
    for passed, expected, total in [(1.0, 1.0, 0.0), (0.9, 0.0, 0.0), (7.0, 1.0, 6.0), (0.1, 1, 6)]:
        now[0] += passed
        watch.note(expected)
        assert watch.total == total


def test_a_healthy_run_stands_still_for_no_result(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    assert probe_one(site.url(), deadline=policy().deadline.total_seconds()).state is State.UP
