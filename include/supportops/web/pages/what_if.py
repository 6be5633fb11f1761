"""What if: another service_levels.yaml replayed over a period beside the one in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field
from sqlalchemy import select

from supportops.config.configuration import File
from supportops.db.schema import tickets
from supportops.files import open_file
from supportops.flows.sla import what_if as flow
from supportops.flows.sla.what_if import State, WhatIf
from supportops.sla.words.explanation import METRIC_TITLES
from supportops.web.page import NotFound, Page, PageContext, Query, last_check, link

USUAL = timedelta(days=28)


class Run(Query):
    """The number of a replay; without one the form alone."""

    run: Annotated[int, Field(ge=1, le=2**62)] | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """Of the promises of one tier and metric that fell due, how many were met."""

    due: int
    met: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing fell due."""
        return self.met / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Line:
    """A tier and a metric under both policies."""

    tier: str
    metric: str
    first: Side
    second: Side


@dataclass(frozen=True, slots=True)
class Changed:
    """A promise that is judged otherwise: the words of each verdict."""

    ticket: str
    subject: str
    href: str
    metric: str
    first: str
    second: str


def what_if(page: PageContext, query: Run) -> dict[str, Any]:
    """What the template shows. Raises NotFound where no replay has this number."""
    shown = None
    if query.run is not None:
        shown = flow.find(page.connection, query.run, page.now)
        if shown is None:
            raise NotFound("no replay has this number")
    today = page.now.astimezone(ZoneInfo(page.zone)).date()
    return {
        "check": last_check(page.connection, page.now),
        "shown": shown,
        "running": shown is not None and shown.state is State.RUNNING,
        "lines": _lines(page, shown) if shown and shown.result else [],
        "changed": _changed(page, shown) if shown and shown.result else [],
        "runs": [(each, link("what_if", run=each.id)) for each in _latest(page)],
        "policy": shown.policy if shown else _in_force(page),
        "begin": today - USUAL,
        "end": today - timedelta(days=1),
        "now": page.now,
        "zone": page.zone,
    }


def _latest(page: PageContext) -> list[WhatIf]:
    return flow.latest(page.connection, page.now)


def _in_force(page: PageContext) -> str:
    """The file as its authors wrote it, else what is in force of it."""
    try:
        with open_file(page.context.config / flow.FILE) as file:
            return file.read(flow.LONGEST_POLICY).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        data = page.configuration.document.get(File.SERVICE_LEVELS.value)
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True) if data else ""


def _lines(page: PageContext, shown: WhatIf) -> list[Line]:
    titles = page.configuration.tiers.titles()
    assert shown.result is not None
    return [
        Line(
            titles.get(each["tier"], each["tier"]),
            _metric(each["metric"]),
            Side(each["due"][0], each["met"][0]),
            Side(each["due"][1], each["met"][1]),
        )
        for each in shown.result["attainment"]
    ]


def _changed(page: PageContext, shown: WhatIf) -> list[Changed]:
    assert shown.result is not None
    subjects = _subjects(page, {each["ticket"] for each in shown.result["changed"]})
    words = {True: "met", False: "broken", None: "not due"}
    return [
        Changed(
            f"{each['source']}/{each['ticket']}",
            subjects.get((each["source"], each["ticket"]), ""),
            link("ticket", source=each["source"], id=each["ticket"]),
            _metric(each["metric"]),
            words[each["met"][0]],
            words[each["met"][1]],
        )
        for each in shown.result["changed"]
    ]


def _subjects(page: PageContext, numbers: set[str]) -> dict[tuple[str, str], str]:
    c = tickets.c
    statement = select(c.source, c.ticket, c.subject).where(c.ticket.in_(sorted(numbers)))
    rows = page.connection.execute(statement)
    return {(source, ticket): subject or "" for source, ticket, subject in rows}


def _metric(name: str) -> str:
    titles = {metric.value: title for metric, title in METRIC_TITLES.items()}
    return titles.get(name, name)


WHAT_IF = Page("what_if", Run, what_if)
