from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from alert_builders import alert
from dispatching import Desk, configuration
from inboxes import Assassin, Endpoint, assassin
from supportops.db.engine import store_url

TESTS = Path(__file__).parents[3]
INCLUDE = TESTS.parent / "include"


@pytest.fixture
def http() -> Iterator[Assassin]:
    with assassin() as receiver:
        yield receiver


@pytest.fixture
def desk(store: Engine, http: Endpoint) -> Desk:
    desk = Desk(store, {"apprise_team_chat": http.url("chat")})
    desk.activate(configuration("team_chat"))
    return desk


def process(desk: Desk, address: str, act: str, **order: Any) -> subprocess.Popen[str]:
    """A dispatcher that has loaded everything; it acts at `go`."""
    address = store_url(address).render_as_string(hide_password=False)
    order = {"store": address, "secrets": desk.secrets, "act": act} | order
    return subprocess.Popen(
        [sys.executable, str(TESTS / "dispatcher_process.py"), json.dumps(order)],
        env={"PYTHONPATH": f"{INCLUDE}:{TESTS}", "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def once(desk: Desk, address: str, act: str = "once") -> subprocess.Popen[str]:
    started = process(desk, address, act, now=desk.clock.now.isoformat())
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def texts(http: Endpoint) -> list[str]:
    return [request.json()["message"] for request in http.requests]


def test_killed_between_send_and_log_the_message_is_repeated_and_marked_so(
    desk: Desk, store_address: str, http: Assassin
) -> None:
    desk.raise_(alert())
    dispatcher = once(desk, store_address)
    http.victim = dispatcher.pid
    dispatcher.communicate("go\n", timeout=60)
    assert dispatcher.returncode == -signal.SIGKILL
    assert len(http.requests) == 1
    assert desk.attempts() == []
    assert [row.state for row in desk.outbox()] == ["claimed"]

    desk.clock.turn(minutes=5)
    assert desk.dispatch()["handed_over"] == 1
    first, second = texts(http)
    assert "may be repeated" not in first
    assert "may be repeated" in second
    assert [(row.state, row.attempts) for row in desk.outbox()] == [("handed_over", 2)]


def test_killed_between_commit_and_send_the_message_is_not_lost(
    desk: Desk, store_address: str, http: Assassin
) -> None:
    desk.raise_(alert())
    dispatcher = once(desk, store_address, "die_before_send")
    dispatcher.communicate("go\n", timeout=60)
    assert dispatcher.returncode == -signal.SIGKILL
    assert http.requests == []

    desk.clock.turn(minutes=5)
    assert desk.dispatch()["handed_over"] == 1
    assert len(http.requests) == 1


def test_two_processes_send_sixty_messages_once(
    desk: Desk, store_address: str, http: Assassin
) -> None:
    desk.raise_(*(alert(f"Site {n:02}") for n in range(60)))
    both = [once(desk, store_address) for _ in range(2)]
    for dispatcher in both:
        assert dispatcher.stdin is not None
        dispatcher.stdin.write("go\n")
        dispatcher.stdin.flush()
    summaries = []
    for dispatcher in both:
        shown, errors = dispatcher.communicate(timeout=120)
        assert dispatcher.returncode == 0, errors
        summaries.append(json.loads(shown))
    assert sum(summary.get("handed_over", 0) for summary in summaries) == 60
    assert sum(summary["queued"] for summary in summaries) == 60
    counts = Counter(text.split(" DOWN")[0].split("DOWN: ")[-1][:7] for text in texts(http))
    assert set(counts.values()) == {1}
    assert len(counts) == 60
    assert desk.outcomes() == ["handed_over"] * 60


def test_killed_at_any_transaction_no_message_is_lost_and_the_books_are_right(
    desk: Desk, store_address: str, http: Assassin
) -> None:
    desk.secrets = {"apprise_team_chat": http.url("chat", scheme="http")}
    dying = process(desk, store_address, "die_everywhere", now=desk.clock.now.isoformat())
    shown, errors = dying.communicate(timeout=250)
    assert dying.returncode == 0, errors
    at_begin, at_commit = (int(line) for line in shown.split())
    assert at_begin >= 8
    assert at_commit >= 8

    sites = {f"Site begin {n}" for n in range(1, at_begin + 2)}
    sites |= {f"Site commit {n}" for n in range(1, at_commit + 2)}
    received = Counter(name for text in texts(http) for name in sites if f"{name} - " in text)
    assert set(received) == sites
    assert max(received.values()) <= 2
    rows = [row for row in desk.outbox() if row.alert.startswith("outage")]
    assert {row.state for row in rows} == {"handed_over"}
    assert len(rows) == len(sites)
    for row in rows:
        attempts = [done.attempt for done in desk.attempts() if done.message == row.id]
        assert attempts == [row.attempts], "the last attempt is the one with an outcome"
        assert row.maybe_sent is (row.attempts == 2)
    repeated = {name for name in sites if received[name] == 2}
    marked = [text for text in texts(http) if "may be repeated" in text]
    assert all(any(f"{name} - " in text for text in marked) for name in repeated)
    assert repeated, "a crash between send and log repeats"
