"""Whoever may only read meets no button, form or link to a form that would be refused to them.

The pages and the acts are walked: a page without a state here, or an act without a button, fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from supportops.alerts.alert import Kind
from supportops.alerts.description import incident_path
from supportops.alerts.store import list_open
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import configurations, tickets, what_ifs
from supportops.reports import store as report_store
from supportops.reports.formats.file import PAGE, File
from supportops.sites.check import Reason
from supportops.sites.site import Site
from supportops.web.acts.registry import ACTS
from supportops.web.pages.registry import PAGES
from web.boards import ACTOR, NOON, READER, draft, live_through, slots_until
from web.desk import Desk

REPORT = "report?cadence=weekly&period=2026-W46&audience=managers"
# What a script sends while a form is filled in has no button.
WITHOUT_BUTTON = {"call_look"}
# Their buttons need drafts, which the tests of their pages make.
OF_DRAFTS = ("_notice", "_reports")
# What an act's body must have, valid wherever it is asked for.
VALUES: dict[str, object] = {
    "key": "x",
    "keys": ["x"],
    "id": "1",
    "name": "x",
    "label": "site",
    "value": "x",
    "scope": "site",
    "reason": "x",
    "source": "phone",
    "tier": "x",
    "call": "0" * 32,
    "begin": "2026-11-01",
    "end": "2026-11-02",
    "policy": "x",
    "text": "x",
    "was": "x",
    "cause": "x",
    "ids": [1],
    "version": 1,
    "subject": "x",
    "note": "x",
    "minutes": 30,
}


class Doors(HTMLParser):
    """The acts that a page offers, by name, and the pages that it links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.acts: set[str] = set()
        self.links: set[str] = set()
        self.foreign: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.acts |= {given[name] for name in ("data-act", "data-form-act") if name in given}
        if tag == "form" and given.get("method", "get") != "get":
            self.foreign.append(given["method"])
        if tag == "a":
            self.links.add(given.get("href", "").partition("?")[0].partition("#")[0])


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Something of everything that can be acted on: open, taken, put off, silenced, announced."""
    folder = tmp_path_factory.mktemp("viewers")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    desk = Desk(engine, folder / "config")
    live_through(engine, folder / "config", slots_until(NOON, 3), _down)
    doubt = {"doubtful": ["mission_critical"], "rule": "words"}
    desk.ticket("7", tier_facts=doubt)
    calls = [
        desk.act("call_take", call=f"{n}" * 32, customer="Acme", what="Help").json()["to"]
        for n in (1, 2)
    ]
    with reading(engine) as connection:
        own = connection.execute(
            select(tickets.c.ticket).where(tickets.c.source == "phone")
        ).scalars()
        solved = sorted(own)[1]
        keys = [alert.key for alert in list_open(connection, Kind.OUTAGE)]
        digest = connection.execute(select(configurations.c.digest)).scalars().first()
    assert len(calls) == 2
    assert len(keys) == 2
    for name, body in {
        "ticket_solve": {"source": "phone", "id": solved},
        "acknowledge": {"key": keys[0]},
        "snooze": {"key": keys[0], "minutes": 60},
        "add_silence": {"label": "host", "value": "web-2", "minutes": 60, "reason": "disk"},
        "announce_maintenance": {
            "scope": "site",
            "name": "shop.example",
            "reason": "kernel",
            "minutes": 60,
        },
    }.items():
        answer = desk.act(name, **body)
        assert answer.status_code == 200, answer.text
    with writing(engine) as connection:
        report_store.keep(connection, draft(digest, NOON), [File(PAGE, "text/html", b"<p>x")])
        connection.execute(insert(what_ifs).values(**_running()))
    yield desk
    engine.dispose()


def _down(site: Site, page: str, at: object) -> Reason:
    return Reason.REFUSED


def _running() -> dict[str, object]:
    begin = NOON - timedelta(days=7)
    return {
        "started_by": "ada",
        "started_at": NOON,
        "starts_at": begin,
        "ends_at": NOON,
        "state": "running",
        "seen_at": NOON,
        "done": 1,
        "total": 9,
        "policy": "x",
    }


def addresses(engine: Engine) -> dict[str, list[str]]:
    """Addresses of every page by its name, in the states that have buttons of their own."""
    with reading(engine) as connection:
        alerts = list_open(connection, Kind.OUTAGE)
        own = connection.execute(
            select(tickets.c.ticket).where(tickets.c.source == "phone")
        ).scalars()
        found = [f"ticket?source=phone&id={each}" for each in own]
    return {page.name: [page.path.lstrip("/")] for page in PAGES} | {
        "ticket": ["ticket?source=zendesk&id=7", *found],
        "incident": [incident_path(each.key) for each in alerts],
        "alerts": ["alerts", "alerts?about=incidents"],
        "silences": ["silences?value=alpha"],
        "site": ["site?name=shop.example", "site?name=wiki.example"],
        "report": [REPORT],
        "what_if": ["what_if", "what_if?run=1"],
        "configuration": ["configuration?kind=outage&site=shop.example&name=x"],
    }


def doors(desk: Desk, address: str, headers: dict[str, str]) -> Doors:
    answer = desk.client.get(f"/{address}", headers=headers)
    assert answer.status_code == 200, address
    return Doors(answer.text)


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_a_page_offers_a_reader_no_act_and_no_way_to_one(name: str, desk: Desk) -> None:
    for address in addresses(desk.engine)[name]:
        found = doors(desk, address, dict(READER))
        assert found.acts == set(), address
        assert found.foreign == [], address
        assert "call" not in found.links, address


def test_every_act_has_a_button_for_whoever_may_act(desk: Desk) -> None:
    pages = [address for each in addresses(desk.engine).values() for address in each]
    found = [doors(desk, address, dict(ACTOR)) for address in pages]
    offered = {name for each in found for name in each.acts}
    wanted = {name for name in ACTS if not name.endswith(OF_DRAFTS)} - WITHOUT_BUTTON
    assert wanted <= offered
    assert any("call" in each.links for each in found)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_a_reader_sends_by_hand_is_refused(name: str, desk: Desk) -> None:
    fields = ACTS[name].body.model_fields.items()
    body = {field: VALUES[field] for field, info in fields if info.is_required()}
    if "id" in body and not name.startswith("ticket"):
        body["id"] = 1
    headers = dict(ACTOR) | dict(READER)
    answer = desk.client.post(f"/act/{name}", json=body, headers=headers)
    assert (answer.status_code, answer.json()) == (403, {"detail": "You may only read."})
