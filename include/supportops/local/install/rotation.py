"""Puts a new secret in the place of one in `.env`, and says what has to be done with it.

Where two can hold for a while, the one before stays behind the new one, with a comma between, until
it is dropped. Standard library only, as what writes `.env`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from supportops.local.install.credentials import fernet_key, word

_UP = "docker compose up -d"
_ROTATE = "docker compose run --rm airflow-scheduler airflow rotate-fernet-key"


class RotationError(ValueError):
    """Why nothing was rotated, in a sentence."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """How one secret is rotated. `overlaps`: the one before holds on beside it. `then`: what to run
    now; `breaks`: what it ends."""

    make: Callable[[], str]
    then: str
    breaks: str
    overlaps: bool = False


ROTATIONS = {
    "POSTGRES_PASSWORD": Rotation(lambda: word(32), _UP, "nothing: only people use it"),
    "AIRFLOW_DB_PASSWORD": Rotation(lambda: word(32), _UP, "a task that runs is run again"),
    "SUPPORTOPS_DB_PASSWORD": Rotation(lambda: word(32), _UP, "a task that runs is run again"),
    "AIRFLOW_JWT_SECRET": Rotation(
        lambda: word(64), _UP, "everybody signs in again, and a task that runs is run again"
    ),
    "AIRFLOW_API_SECRET_KEY": Rotation(lambda: word(64), _UP, "everybody signs in again"),
    "AIRFLOW_FERNET_KEY": Rotation(
        fernet_key, f"{_UP}, {_ROTATE}, then drop the one before", "nothing", overlaps=True
    ),
    "ADMIN_PASSWORD": Rotation(
        lambda: word(20), _UP, "nothing: a session that is open stays so until it ends"
    ),
    "ALERT_LINKS_SECRET": Rotation(
        lambda: word(64),
        f"{_UP} (with --profile public), and drop the one before after seven days",
        "nothing: links that are in messages go on working",
        overlaps=True,
    ),
    "REDIS_PASSWORD": Rotation(lambda: word(32), _UP, "a task that runs is run again"),
    "CELERY_DB_PASSWORD": Rotation(lambda: word(32), _UP, "a task that runs is run again"),
}


def rotated(text: str, name: str) -> str:
    """The text of `.env` with a new value of `name`. Raises RotationError."""
    rotation, value = _found(text, name)
    if rotation.overlaps and "," in value:
        raise RotationError(f"the one before of {name} still holds: drop it first")
    new = rotation.make()
    return _with(text, name, f"{new},{value}" if rotation.overlaps and value else new)


def dropped(text: str, name: str) -> str:
    """The text of `.env` without the value of `name` that held before. Raises RotationError."""
    _, value = _found(text, name)
    if not ROTATIONS[name].overlaps or "," not in value:
        raise RotationError(f"{name} has no value before")
    return _with(text, name, value.partition(",")[0])


def _found(text: str, name: str) -> tuple[Rotation, str]:
    if name not in ROTATIONS:
        raise RotationError(f"no secret {name}: one of {', '.join(ROTATIONS)}")
    found = [line.partition("=")[2].strip() for line in text.splitlines() if _is(line, name)]
    if len(found) != 1:
        raise RotationError(f".env has {name} {len(found)} times, not once")
    return ROTATIONS[name], found[0].strip("\"'")


def _is(line: str, name: str) -> bool:
    return line.partition("=")[0].strip() == name and "=" in line


def _with(text: str, name: str, value: str) -> str:
    lines = [f"{name}={value}" if _is(line, name) else line for line in text.splitlines()]
    return "\n".join(lines) + "\n"
