"""Stories of sites for tests: runs of checks as marks, and what each of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from builders import NOON, checks, fleet, site
from supportops.sites.incident import Change, FleetState, Incident, Run
from supportops.sites.judging.fold import fold
from supportops.sites.site import Fleet

Answers = Mapping[str | tuple[str, str], str]
BASKET = ("shop", "/basket")


class Story:
    """A fleet and its runs, five minutes apart; `changes` is what they changed, one line each."""

    def __init__(self, them: Fleet) -> None:
        self.fleet = them
        self.state = FleetState()
        self.minute = 0.0
        self.changes: list[Change] = []

    def run(self, answers: Answers, every: float = 5) -> list[str]:
        return self.fold(checks(self.minute, answers), every)

    def fold(self, run: Run, every: float = 5) -> list[str]:
        self.state, changes = fold(self.state, run, self.fleet)
        self.changes += changes
        self.minute += every
        return [f"{c.kind} {c.incident.kind} {c.incident.subject}" for c in changes]

    def alone(self, *runs: str) -> list[list[str]]:
        return [self.run({"shop": marks}) for marks in runs]

    @property
    def last(self) -> Incident:
        return self.changes[-1].incident


def shop() -> Story:
    return Story(fleet("shop"))


def server(count: int, *also: str, **policy: object) -> Story:
    """A server `web-1` with sites a, b, c ... and others that live elsewhere."""
    sites = [site(name, host="web-1") for name in "abcdefghij"[:count]]
    return Story(fleet(*sites, *also, **policy))


def same(names: str, marks: str) -> dict[str | tuple[str, str], str]:
    return dict.fromkeys(names, marks)


def minute(number: float, second: float = 0) -> datetime:
    return NOON + timedelta(minutes=number, seconds=second)
