"""A store with a past, made by the product itself: configurations, checks, incidents, alerts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Header, HTTPException
from sqlalchemy import Engine

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sites.site_check import judge
from supportops.reports.period import Cadence, parse
from supportops.reports.store import Draft
from supportops.sites import store
from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.site import FIVE_MINUTES, Site
from supportops.sites.standing import Attempt
from supportops.web.app import make_app
from supportops.web.page import Viewer

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "include" / "config"

Answer = Callable[[Site, str, datetime], Reason]
"""What a site's page ("" is the front page) answers at an instant."""


def write_config(folder: Path, sites: list[dict[str, Any]], **check: Any) -> Path:
    """The project's own configuration with other sites; JSON is YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("alerts", "service_levels", "reports"):
        (folder / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
    document = {"check": {"confirm_after": ["10s", "30s"]} | check, "sites": sites}
    (folder / "sites.yaml").write_text(json.dumps(document))
    return folder


def write_rota(folder: Path, **web: Any) -> Path:
    """The team `web`: Anna and Ben week by week, Ben's Saturday, and no duty on Sundays."""
    turns = {
        "start": "2026-01-05",
        "at": "09:00",
        "people": ["ben", "anna"],
        "days": ["mon", "tue", "wed", "thu", "fri", "sat"],
    }
    saturday = {"from": "2026-11-21 09:00", "until": "2026-11-22 00:00", "person": "ben"}
    people = {
        "anna": {"name": "Anna Berg", "receivers": ["engineers"]},
        "ben": {"name": "Ben Okafor", "receivers": ["team"]},
    }
    teams = {"web": {"turns": [turns], "overrides": [saturday]} | web}
    (folder / "rota.yaml").write_text(json.dumps({"people": people, "teams": teams}))
    return folder


def site_entry(name: str, customer: str = "Acme", **fields: Any) -> dict[str, Any]:
    return {"name": name, "customer": customer, "url": "https://shop.example/"} | fields


def live_through(
    engine: Engine, folder: Path, slots: list[datetime], answer: Answer, latency: float = 80.0
) -> None:
    """Every slot's run: recorded and judged as the flow does, without any request."""
    configuration, error = load_or_last_good(engine, folder, slots[0])
    assert error is None
    for slot in slots:
        due = configuration.fleet.due(slot)
        attempts = [each for site in due for each in _tries(site, slot, answer, latency)]
        with writing(engine) as connection:
            store.begin_run(connection, slot, configuration.digest, slot, len(due))
            store.append_results(connection, slot, attempts)
        judge(engine, slot, slot + timedelta(seconds=45))


def slots_until(end: datetime, count: int) -> list[datetime]:
    return [end - FIVE_MINUTES * number for number in range(count, 0, -1)]


def _tries(site: Site, slot: datetime, answer: Answer, latency: float) -> Iterator[Attempt]:
    for page in ("", *(page.path for page in site.pages)):
        for number, pause in enumerate((0, 10, 40)):
            at = slot + timedelta(seconds=pause + 1)
            reason = answer(site, page, at)
            yield Attempt(site.name, page, number, _result(site, reason, at, latency))
            if reason is Reason.OK:
                break


def _result(site: Site, reason: Reason, at: datetime, latency: float) -> ProbeResult:
    good = reason is Reason.OK
    swing = latency * (1 + (len(site.name) * int(at.timestamp()) // 300 % 37) / 60)
    phases = Phases(4.0, 19.0, 46.0, round(swing * 0.8, 1), round(swing, 1))
    return ProbeResult(
        site.url,
        State.UP if good else State.DOWN,
        reason,
        at,
        detail="" if good else "HTTP 503 Service Unavailable",
        status=200 if good else 503,
        phases=phases,
        certificate_expires=at + timedelta(days=61),
        address="192.0.2.10",
        bytes=18_400,
    )


def draft(
    configuration: str,
    made_at: datetime,
    period: str = "2026-W46",
    cadence: Cadence = Cadence.WEEKLY,
    **fields: Any,
) -> Draft:
    """A report that was made under a stored configuration, with no figures in it."""
    about = parse(cadence, period, "Europe/London")
    values: dict[str, Any] = {
        "audience": "managers",
        "customer": None,
        "data_until": about.end + timedelta(hours=7),
        "ends_at": about.end,
        "code": "1.2.3",
        "subject": "SLA week: bug fixes 91 %",
        "figures": {},
    }
    return Draft(
        cadence=cadence,
        period=period,
        starts_at=about.start,
        as_of=about.end + timedelta(hours=8),
        made_at=made_at,
        configuration=configuration,
        **values | fields,
    )


def context_of(engine: Engine) -> Context:
    """The project's own configuration over this store, without secrets."""
    return Context(engine, CONFIG, {}.get)


def make_board(engine: Engine, clock: Callable[[], datetime]) -> FastAPI:
    """The board, guarded by a header: any user may read, `ada` may act."""

    def viewer(x_user: str | None = Header(None)) -> Viewer:
        if x_user is None:
            raise HTTPException(401)
        return Viewer(x_user, may_act=x_user == "ada")

    @contextmanager
    def open_context() -> Iterator[Context]:
        yield context_of(engine)

    return make_app(open_context, LastConfiguration(), clock, viewer=viewer)


READER: Mapping[str, str] = {"x-user": "bob"}
ACTOR: Mapping[str, str] = {
    "x-user": "ada",
    "x-supportops": "act",
    "sec-fetch-site": "same-origin",
}


class _Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def visible(page: str) -> str:
    """What a reader sees of a page, white space collapsed."""
    reader = _Visible()
    reader.feed(page)
    return " ".join(" ".join(reader.parts).split())
