"""A store that runs are written to as the site check leaves them, and what is read back of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from builders import NOON, checks, configure
from supportops.config.configuration import Configuration
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reports.reporting.site_rows import site_and_incident_rows
from supportops.flows.sites import site_check
from supportops.flows.sites.site_availability import SiteAvailability, of_period
from supportops.sites import store as sites_store
from supportops.sites.availability import Availability
from web.boards import READER, make_board, visible

CONTROL = "https://control.example/"
MINUTE = timedelta(minutes=1)
SEEN = ("@vantage", CONTROL)
Answers = Mapping[str | tuple[str, str], str]


class Log:
    """Minutes count from noon; answers are marks, as in `builders.tries`."""

    def __init__(self, engine: Engine, folder: Path, names: Sequence[str] = ("shop",)) -> None:
        self.engine, self.folder = engine, folder
        self.configured(*names)

    def configured(self, *sites: str | Mapping[str, Any], **check: Any) -> None:
        """From the next run on these sites, or their names, are configured."""
        entries = [{"name": site} if isinstance(site, str) else dict(site) for site in sites]
        entries = [{"url": f"https://{each['name']}.example/"} | each for each in entries]
        configure(self.folder, entries, vantage=[CONTROL], **check)
        self.configuration: Configuration = load_or_last_good(self.engine, self.folder, NOON)[0]

    def run(self, minute: float, answers: Answers) -> None:
        self.record(minute, answers)
        slot = NOON + minute * MINUTE
        site_check.judge(self.engine, slot, slot + MINUTE)

    def record(self, minute: float, answers: Answers) -> None:
        """A run that nobody has judged yet."""
        run = checks(minute, answers)
        digest = self.configuration.digest
        with writing(self.engine) as connection:
            sites_store.begin_run(connection, run.slot, digest, run.slot, 1)
            sites_store.append_results(connection, run.slot, run.attempts)

    def runs(self, *marks: str, start: float = 0) -> None:
        """A run every five minutes, none for an empty text."""
        for number, answers in enumerate(marks):
            if answers:
                self.run(start + 5 * number, {"shop": answers, SEEN: "."})

    def rows(self, start: float, end: float, *only: str) -> list[SiteAvailability]:
        return of_period(self.engine, NOON + start * MINUTE, NOON + end * MINUTE, only or None)

    def of(self, start: float, end: float) -> Availability:
        return self.rows(start, end)[0].availability

    def report(
        self, start: float, end: float, as_of: float | None = None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The sites and the incidents of a report about a period, made now or at `as_of`."""
        first, last = NOON + start * MINUTE, NOON + end * MINUTE
        at: datetime = last if as_of is None else NOON + as_of * MINUTE
        with reading(self.engine) as connection:
            fleet = self.configuration.fleet
            return site_and_incident_rows(connection, fleet, first, last, at)


def page_of(log: Log, name: str, at: float) -> str:
    board = TestClient(make_board(log.engine, lambda: NOON + at * MINUTE))
    answer = board.get("/site", params={"name": name}, headers=dict(READER))
    assert answer.status_code == 200
    return visible(answer.text)
