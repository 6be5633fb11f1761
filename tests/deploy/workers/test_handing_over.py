"""While Redis is away a task is not handed over, and none fails for it.

Airflow hands a task over again where its own timeout ended the attempt; any other error is the end
of that try of the task.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import Celery

from deploy.compose_file import compose_file
from inboxes import free_port

SETTINGS = compose_file()["x-celery-environment"]
SECONDS = float(SETTINGS["AIRFLOW__CELERY__OPERATION_TIMEOUT"])


class TimeIsUpError(BaseException):
    """As Airflow's own timeout, which nothing on the way catches."""


@contextmanager
def timeout(seconds: float) -> Iterator[None]:
    def end(_signal: int, _frame: Any) -> None:
        raise TimeIsUpError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_attempt_ends_by_the_timeout_alone() -> None:
    with Celery(broker=f"redis://127.0.0.1:{free_port()}/0") as app:
        app.conf.update(json.loads(SETTINGS["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"]))
        # The second attempt finds the connection of the first, and takes another way.
        for _ in range(2):
            with pytest.raises(TimeIsUpError), timeout(1):
                app.send_task("anything")
        assert app.conf.broker_connection_timeout > SECONDS


def test_attempts_go_on_for_five_minutes() -> None:
    assert SECONDS * int(SETTINGS["AIRFLOW__CELERY__TASK_PUBLISH_MAX_RETRIES"]) == 300
