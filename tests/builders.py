"""Short words for what tests are about: each says only what matters and fills in the rest."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.incident import VANTAGE, Change, FleetState, Run
from supportops.sites.judging.fold import fold
from supportops.sites.site import CheckPolicy, Fleet, Site
from supportops.sites.standing import Attempt

NOON = datetime(2026, 4, 7, 12, tzinfo=UTC)
CONTROL = (VANTAGE, "https://control.example/")
TRIES_AT = (0, 10, 40, 50, 60, 70)
MARKS = {
    ".": Reason.OK,
    "x": Reason.TIMEOUT,
    "5": Reason.STATUS,
    "s": Reason.SLOW,
    "i": Reason.INTERNAL,
}


def site(name: str = "shop", **fields: Any) -> Site:
    return Site(name, **{"customer": "Acme", "url": "https://shop.example/"} | fields)


def fleet(*sites: Site | str, **policy: Any) -> Fleet:
    """Sites, or their names, and what is special about the policy."""
    found = tuple(site(s) if isinstance(s, str) else s for s in sites)
    return Fleet(found, CheckPolicy(**policy))


def result(reason: Reason = Reason.OK, at: datetime = NOON, **fields: Any) -> ProbeResult:
    return ProbeResult("https://shop.example/", State.of(reason), reason, at, **fields)


def tries(key: str | tuple[str, str], marks: str, at: datetime = NOON) -> list[Attempt]:
    """One page's tries: `.` good, `x` timed out, `5` an error page, `s` slow, `i` failed on our
    side; blanks left out."""
    name, page = (key, "") if isinstance(key, str) else key
    return [
        Attempt(name, page, number, result(MARKS[mark], at + timedelta(seconds=TRIES_AT[number])))
        for number, mark in enumerate(marks)
        if mark != " "
    ]


def checks(minute: float, answers: Mapping[str | tuple[str, str], str]) -> Run:
    """The run at `minute` past noon: each page's answers as marks (see `tries`)."""
    at = NOON + timedelta(minutes=minute)
    return Run(at, [a for key, marks in answers.items() for a in tries(key, marks, at)])


def fold_all(runs: Iterable[Run], fleet: Fleet) -> Iterator[tuple[FleetState, list[Change]]]:
    """Folds runs from nothing: after each one the state, and what it changed."""
    state = FleetState()
    for run in runs:
        state, changes = fold(state, run, fleet)
        yield state, changes


SHIPPED = Path(__file__).parents[1] / "include" / "config"


def configure(
    folder: Path, sites: Sequence[Mapping[str, Any]], *, vantage: Sequence[str] = (), **check: Any
) -> Path:
    """A configuration folder with these sites; one that says no more than its url is private."""
    entries = [{"customer": "Acme", "allow_private": True} | dict(entry) for entry in sites]
    written = {"check": check, "vantage": list(vantage), "sites": entries}
    folder.mkdir(exist_ok=True)
    (folder / "sites.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    for name in ("alerts.yaml", "service_levels.yaml", "reports.yaml"):
        shutil.copy(SHIPPED / name, folder)
    return folder


class Clock:
    """A clock that only pauses move: `clock()` tells it, `clock.pause(seconds)` moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)

    def move(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)
