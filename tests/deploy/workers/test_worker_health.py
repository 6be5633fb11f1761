"""What the health check of a worker and the doctor say of workers, with a real Redis."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from sqlalchemy import Engine

from builders import NOON
from deploy.compose_file import ROOT
from deploy.workers.several_workers import wait_until
from inboxes import free_port
from supportops.airflow_settings import BROKER_VARIABLE, EXECUTOR_VARIABLE
from supportops.context import Context
from supportops.flows.operations import doctor
from supportops.flows.operations.examining import workers

NAME = "one@test"
PASSWORD = "a-password-for-tests"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""]
    with subprocess.Popen(
        ["redis-server", *options], cwd=folder, stdout=subprocess.DEVNULL
    ) as running:
        try:
            wait_until(lambda: _listens(port), "redis", 20)
            yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
        finally:
            running.kill()


@pytest.fixture(autouse=True)
def empty(broker: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker) as connection:
        connection.flushall()
        yield connection


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@setup_logging.connect
def _leave_logging_alone(**_: Any) -> None:
    """Where somebody answers this signal, Celery does not set up the logging of the process."""


@contextmanager
def worker(broker: str, *queues: str) -> Iterator[None]:
    """A worker that serves `queues`, in a thread of this process."""
    app = Celery(broker=broker)
    app.conf.task_default_queue = queues[0]
    with start_worker(
        app,
        pool="solo",
        perform_ping_check=False,
        hostname=NAME,
        queues=list(queues),
        shutdown_timeout=20,
    ):
        yield


def health(broker: str, folder: Path, room: int = 4) -> tuple[int, str]:
    """Exit code and words of the health check for the queue `default`."""
    found = subprocess.run(
        ["bash", str(ROOT / "deploy/health.sh"), "worker", "default"],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(folder),
            "WORKER_NAME": NAME,
            "AIRFLOW__CELERY__BROKER_URL": broker,
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(room),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert PASSWORD not in found.stdout + found.stderr
    return found.returncode, found.stdout.strip()


def wait_in_line(connection: redis.Redis, name: str) -> None:
    connection.lpush("default", json.dumps({"headers": {"id": name}}))


def test_a_broker_that_does_not_answer_is_not_the_workers_fault(tmp_path: Path) -> None:
    code, words = health(f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0", tmp_path)
    assert code == 0
    assert words == "health: the broker does not answer: ConnectionError"


@pytest.fixture
def full(empty: redis.Redis) -> Iterator[None]:
    """Redis takes nothing more, and drops nothing."""
    empty.config_set("maxmemory-policy", "noeviction")
    empty.config_set("maxmemory", "1mb")
    yield
    empty.config_set("maxmemory", "0")


@pytest.mark.usefixtures("full")
def test_a_broker_that_is_full_is_not_the_workers_fault(broker: str, tmp_path: Path) -> None:
    words = "health: the broker does not answer: OutOfMemoryError"
    assert health(broker, tmp_path) == (0, words)


def test_a_worker_that_does_not_answer_does_not_work(broker: str, tmp_path: Path) -> None:
    code, words = health(broker, tmp_path)
    assert (code, words) == (1, "health: the worker does not answer")


def test_a_worker_that_answers_and_takes_nothing_does_not_work(
    broker: str, tmp_path: Path, empty: redis.Redis
) -> None:
    with worker(broker, "another"):
        wait_until(lambda: health(broker, tmp_path)[0] == 0, "the worker", 40)
        wait_in_line(empty, "first")
        assert health(broker, tmp_path) == (0, "")  # it may be about to take it
        words = "health: the worker does not take task first, which waits"
        assert health(broker, tmp_path) == (1, words)
        # With no room it need not take any, and a task that left the queue was taken by somebody.
        assert health(broker, tmp_path, room=0) == (0, "")
        wait_in_line(empty, "second")
        empty.rpop("default")
        assert health(broker, tmp_path) == (0, "")


@pytest.fixture
def examined(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: str) -> Any:
    monkeypatch.setenv(EXECUTOR_VARIABLE, "CeleryExecutor")
    monkeypatch.setenv(BROKER_VARIABLE, broker)
    monkeypatch.setattr(workers, "_SECONDS", 0.5)
    context = Context(store, tmp_path, lambda _: None)
    check = {"workers": doctor.CHECKS["workers"]}
    monkeypatch.setattr(doctor, "CHECKS", check)

    def examine() -> list[tuple[str, str]]:
        (found,) = doctor.examine(context, NOON, online=False)
        assert PASSWORD not in str(found)
        return [(finding.level.value, finding.what) for finding in found.findings]

    return examine


ON_SQLITE = ("fault", "several workers share a store on SQLite")


def test_the_doctor_sees_queues_without_workers_and_what_waits(
    broker: str, examined: Any, empty: redis.Redis, store: Engine
) -> None:
    expected = [ON_SQLITE] if store.dialect.name == "sqlite" else []
    with worker(broker, "default"):
        for number in range(51):
            empty.lpush("background", number)
        expected += [
            ("warning", "no worker answers that serves the queue background"),
            ("warning", "51 tasks wait in the queue background"),
        ]
        # On a busy machine a worker that answered once may be late the next time.
        wait_until(lambda: examined() == expected, f"{expected}", 40)
        empty.flushall()


@pytest.mark.usefixtures("full")
def test_the_doctor_sees_a_broker_that_is_full(examined: Any) -> None:
    found = [what for level, what in examined() if level == "fault"]
    assert any(
        re.fullmatch(r"Redis uses \d+% of the memory that it may use", what) for what in found
    )


def test_the_doctor_says_where_to_ask_when_it_does_not_know_the_broker(
    examined: Any, monkeypatch: pytest.MonkeyPatch, store: Engine
) -> None:
    monkeypatch.delenv(BROKER_VARIABLE)
    assert examined()[-1] == (
        "unknown",
        "the broker is known to the scheduler and the workers alone",
    )
    monkeypatch.setenv(BROKER_VARIABLE, f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0")
    assert examined()[-1] == ("fault", "the broker does not answer: ConnectionError")
    monkeypatch.delenv(EXECUTOR_VARIABLE)
    assert examined() == [("fine", "tasks run in the scheduler; no workers are set")]
