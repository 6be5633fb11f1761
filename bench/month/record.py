"""What a run of the month leaves behind, beside its store: enough to judge it, also later."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.month.meter import Cost
from bench.month.running import Month
from bench.month.script import Script
from bench.month.sink import Arrival

FILE = "record.pickle"


@dataclass(frozen=True, slots=True)
class Record:
    """`now`: how far it came. `numbers`: of the help desk's tickets, by the script's. `answered`:
    how many of the answerphone's calls were answered."""

    script: Script
    now: datetime
    arrivals: list[Arrival]
    numbers: Mapping[int, int]
    costs: Mapping[str, Mapping[int, Cost]]
    answered: int
    deaths: int
    postgres_seconds: float = 0.0


def of_month(month: Month, postgres_seconds: float) -> Record:
    """The record of a month as far as it has come."""
    return Record(
        month.script,
        month.clock.now,
        month.sink.arrivals,
        month.people.numbers,
        dict(month.meter.costs),
        month.answered,
        month.deaths,
        postgres_seconds,
    )


def save(record: Record, folder: Path) -> None:
    """Replaces the folder's record."""
    new = folder / f"{FILE}.new"
    new.write_bytes(pickle.dumps(record))
    new.replace(folder / FILE)


def load(folder: Path) -> Record:
    """The record of a folder that a run wrote."""
    found = pickle.loads((folder / FILE).read_bytes())
    assert isinstance(found, Record)
    return found
