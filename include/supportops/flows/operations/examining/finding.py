"""What an examination of an installation finds, and what its checks are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.config.configuration import Configuration
from supportops.context import Context


class Level(StrEnum):
    """How bad a finding is. `unknown`: it could not be found out, which may be harmless."""

    FINE = "fine"
    UNKNOWN = "unknown"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """`why` it matters and the command or act that mends it are empty where all is fine."""

    level: Level
    what: str
    why: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class AirflowState:
    """What Airflow says of itself. `paused`: by the id of each DAG that its files have.
    `import_errors`: the names of files that cannot be loaded. `unhealthy`: of its parts."""

    paused: Mapping[str, bool]
    import_errors: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installation:
    """What is examined. `configuration` is what is used of the files in the folder.

    `online`: whether other machines may be asked. `airflow` reads Airflow's own list of DAGs, None
    where that cannot be reached.
    """

    context: Context
    configuration: Configuration
    now: datetime
    online: bool
    airflow: Callable[[], AirflowState] | None = None


Check = Callable[[Installation], Iterator[Finding]]


def fine(what: str) -> Finding:
    """A finding that nobody has to act on."""
    return Finding(Level.FINE, what)


def unknown(what: str, why: str = "", mend: str = "") -> Finding:
    """A finding that could not be made."""
    return Finding(Level.UNKNOWN, what, why, mend)
