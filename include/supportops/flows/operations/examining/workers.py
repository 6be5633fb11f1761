"""Workers that run tasks beside the scheduler: their broker, whether they answer, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from supportops.airflow_settings import several_workers
from supportops.flows.operations.examining.database import is_postgres
from supportops.flows.operations.examining.finding import (
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)

# The queues of dags/, and what does not happen while no worker serves one.
QUEUES: Mapping[str, tuple[Level, str]] = {
    "default": (Level.FAULT, "No site is checked and nobody is notified."),
    "background": (Level.WARNING, "No report is made, and the store is not kept small."),
}
_REDIS = ("redis://", "rediss://")
_SECONDS = 3.0
# A run of the site check queues a task for each shard, and each is begun within seconds.
_MANY = 50
# What waits takes kilobytes; compose allows 128 MB.
_NEARLY_FULL = 0.8


def workers(installation: Installation) -> Iterator[Finding]:
    """Whether every queue has a worker that answers, and how much waits."""
    settings = several_workers()
    if settings is None:
        yield fine("tasks run in the scheduler; no workers are set")
        return
    if not is_postgres(installation.context.engine):
        yield Finding(
            Level.FAULT,
            "several workers share a store on SQLite",
            "A worker on another machine has a store of its own, which nobody reads.",
            "supportops db copy, to PostgreSQL",
        )
    if settings.broker is None:
        yield unknown(
            "the broker is known to the scheduler and the workers alone",
            "Whether workers answer was not asked from here.",
            "docker compose exec airflow-worker supportops doctor",
        )
        return
    try:
        if (used := _used(settings.broker)) > _NEARLY_FULL:
            yield Finding(
                Level.FAULT,
                f"Redis uses {used:.0%} of the memory that it may use",
                "When it is full workers end, and no task begins.",
                "docker compose exec redis redis-cli --bigkeys; docker compose restart redis",
            )
        waiting = _waiting(settings.broker)
        served = _served(settings.broker)
    except Exception as error:  # its text may hold the password, its type does not
        yield Finding(
            Level.FAULT,
            f"the broker does not answer: {type(error).__name__}",
            "No task begins.",
            "docker compose ps redis; docker compose logs redis",
        )
        return
    yield from _judged(served, waiting)


def _judged(served: Mapping[str, int], waiting: Mapping[str, int]) -> Iterator[Finding]:
    bad = False
    for queue, (level, why) in QUEUES.items():
        if not served.get(queue):
            bad = True
            what = f"no worker answers that serves the queue {queue}"
            yield Finding(level, what, why, "docker compose up -d; docker compose ps")
        if (count := waiting.get(queue, 0)) > _MANY:
            bad = True
            what = f"{count} tasks wait in the queue {queue}"
            yield Finding(Level.WARNING, what, why, "more workers: WORKERS in .env")
    if not bad:
        counts = ", ".join(f"{served[queue]} for {queue}" for queue in QUEUES)
        yield fine(f"workers answer: {counts}; {sum(waiting.values())} tasks wait")


def _waiting(broker: str) -> dict[str, int]:
    """How many tasks wait in each queue; of another broker than Redis nothing is known."""
    if not broker.startswith(_REDIS):
        return {}
    import redis

    limits: Any = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
    with redis.Redis.from_url(broker, **limits) as connection:
        return {queue: int(connection.llen(queue)) for queue in QUEUES}


def _used(broker: str) -> float:
    """How much of its memory Redis uses, from 0 to 1; 0 where nothing bounds it."""
    if not broker.startswith(_REDIS):
        return 0.0
    import redis

    limits: Any = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
    with redis.Redis.from_url(broker, **limits) as connection:
        memory: Any = connection.info("memory")
    most = int(memory.get("maxmemory") or 0)
    return int(memory["used_memory"]) / most if most else 0.0


def _served(broker: str) -> dict[str, int]:
    """How many workers answer, by the queue that they serve."""
    from celery import Celery

    with Celery(broker=broker) as app:
        answers = app.control.inspect(timeout=_SECONDS).active_queues() or {}
    served: dict[str, int] = {}
    for queues in answers.values():
        for queue in queues:
            served[queue["name"]] = served.get(queue["name"], 0) + 1
    return served
