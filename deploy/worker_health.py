"""worker_health.py QUEUE: whether the Celery worker of this machine answers and takes tasks.

Exits with 0 when it does, or when the broker does not answer, which is not the worker's fault; with
1 and a line when it does not. A worker that lost its broker for a while may be connected again,
answer, and take nothing. So a task that was the oldest in the queue at two checks in a row, while
this worker had room for it, counts as a worker that does not work.
"""

import json
import os
import socket
import sys
import tempfile
from pathlib import Path

ENVIRONMENT = os.environ  # noqa: TID251 - an entrance: the environment of this container
BROKER = ENVIRONMENT["AIRFLOW__CELERY__BROKER_URL"]
ROOM = int(ENVIRONMENT.get("AIRFLOW__CELERY__WORKER_CONCURRENCY", "16"))
NAME = ENVIRONMENT.get("WORKER_NAME") or f"celery@{socket.gethostname()}"
SECONDS = 8


def oldest_task(queue):
    """The id of the task that has waited longest; None for none. Raises what the broker does."""
    import redis

    with redis.Redis.from_url(BROKER, socket_timeout=5, socket_connect_timeout=5) as broker:
        message = broker.lindex(queue, -1)
    return json.loads(message)["headers"]["id"] if message else None


def running_tasks(name):
    """How many tasks the worker runs; None when it does not answer."""
    from celery import Celery

    with Celery(broker=BROKER) as app:
        inspect = app.control.inspect([name], timeout=SECONDS, limit=1)
        answers = inspect.active() or {}
    return len(answers[name]) if name in answers else None


def fault(queue, seen_file):
    """What is wrong with this machine's worker, in one line; None for nothing."""
    try:
        oldest = oldest_task(queue)
        running = running_tasks(NAME)
    except Exception as error:  # its text may hold the password
        sys.stdout.write(f"health: the broker does not answer: {type(error).__name__}\n")
        return None
    seen = seen_file.read_text() if seen_file.exists() else ""
    if running is None:
        return "the worker does not answer"
    if oldest is None or running >= ROOM:
        seen_file.unlink(missing_ok=True)
        return None
    seen_file.write_text(oldest)
    return f"the worker does not take task {oldest}, which waits" if seen == oldest else None


def main(queue):
    found = fault(queue, Path(tempfile.gettempdir(), "oldest-task"))
    if found is not None:
        sys.stdout.write(f"health: {found}\n")
    return 0 if found is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
