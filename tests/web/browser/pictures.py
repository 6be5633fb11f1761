"""Pictures of every page in both themes, of an agency's Wednesday: `make pictures`.

python -m web.browser.pictures FOLDER
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from sqlalchemy import Engine, select

from supportops.alerts import hold
from supportops.alerts.alert import Kind
from supportops.alerts.description import incident_path
from supportops.alerts.store import list_open
from supportops.context import Context, no_secrets
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import upgrade
from supportops.db.schema import configurations
from supportops.flows.active_configuration import active_configuration
from supportops.flows.reports import weekly_report
from supportops.flows.sla import sla_sweep, what_if
from supportops.reports import store as report_store
from supportops.reports.formats.file import PAGE, PDF, File
from supportops.reports.links import report_path
from supportops.reports.period import Cadence
from supportops.sites.check import Reason
from supportops.sites.site import Site
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind
from web import boards
from web.boards import (
    NOON,
    draft,
    live_through,
    make_board,
    site_entry,
    slots_until,
    write_config,
    write_rota,
)
from web.browser.noticing import add_notices
from web.browser.opening import LARGE, close_browser, in_browser_thread, open_page
from web.browser.serving import serving
from web.desk import event

THEMES = ("light", "dark")
TICKET = "20417"
PAGES = {
    "now": "",
    "wall": "?wall=1",
    "tickets": "tickets",
    "ticket": f"ticket?source=zendesk&id={TICKET}",
    "alerts": "alerts",
    "incident": "",
    "site": f"site?name={quote('Kestrel Hire')}",
    "call": f"call?site={quote('Bluebird Books')}",
    "silences": f"silences?value={quote('Bluebird Books')}",
    "configuration": "configuration?kind=outage&site=Bluebird%20Books&at=2026-11-21T23:30",
    "doctor": "doctor",
    "notices": "notices?id=3",
    "reports": "reports",
    "report": report_path(Cadence.WEEKLY, "2026-W46", "managers"),
    "rota": "rota",
    "what-if": "what_if?run=1",
}
# Those that the documents show.
IN_README = ("now", "tickets", "ticket", "alerts", "rota", "what-if", "report")
STRICTER = ("first_reply_time: {within: 1 working day}", "first_reply_time: {within: 5m}")
_NOTICES = """
notices: {signature: The support team}
customers: [{name: Bluebird, contacts: [manager]}]
"""
_NOW = NOON + timedelta(minutes=1)
_CUSTOMERS = {
    "Bluebird": ("Bluebird Books", "Bluebird Gifts", "Bluebird Events"),
    "Kestrel": ("Kestrel Hire", "Kestrel Careers"),
    "Harbour Dental": ("Harbour Dental", "Harbour Dental booking"),
    "Northgate Theatre": ("Northgate Theatre", "Northgate tickets"),
    "Fern & Co": ("Fern & Co", "Fern & Co trade"),
}
_SUBJECTS = (
    (TICKET, 95, "mission_critical", "Bluebird", "Checkout shows an empty page", "Bluebird Books"),
    (
        "20419",
        70,
        "bug_fix",
        "Kestrel",
        "Dates in the booking mail are a day early",
        "Kestrel Hire",
    ),
    ("20421", 180, "bug_fix", "Harbour Dental", "Reminder goes out twice", "Harbour Dental"),
    ("20388", 2900, "bug_fix", "Fern & Co", "Discount code is refused", "Fern & Co"),
    ("20402", 1500, "user_support", "Northgate Theatre", "Seat plan for the spring season", ""),
    (
        "20423",
        25,
        "bug_fix",
        "Northgate Theatre",
        "Refunds lose the note",
        "Northgate tickets",
    ),
    ("20424", 12, "bug_fix", "Kestrel", "Logo is cut off on phones", "Kestrel Careers"),
)


def seeded(engine: Engine, folder: Path) -> Engine:
    """Fills the empty store behind `engine`; its configuration is written into `folder`."""
    sites = [
        site_entry(name, customer, host=f"web-{number}", url=f"https://{_slug(name)}.example/")
        for number, (customer, names) in enumerate(_CUSTOMERS.items(), 1)
        for name in names
    ]
    slots = slots_until(NOON, 150)
    folder.mkdir(exist_ok=True)
    (folder / "customers.yaml").write_text(_NOTICES, encoding="utf-8")
    live_through(engine, write_rota(write_config(folder, sites)), slots, _answer)
    with writing(engine) as connection:
        hold.release(connection, "ada", slots[0])
        append_events(connection, [*_tickets(), *_last_weeks()], NOON)
        digest = connection.execute(select(configurations.c.digest)).scalar_one()
        for week in ("2026-W44", "2026-W45"):
            report = draft(digest, NOON, week, subject=f"SLA week {week}: bug fixes 91 %")
            files = [File(PAGE, "text/html", b"<p>Week"), File(PDF, "application/pdf", b"%PDF")]
            report_store.keep(connection, report, files)
    with reading(engine) as connection:
        active = active_configuration(connection).displayed()
    with reading(engine) as connection:
        incident = list_open(connection, Kind.OUTAGE)[0].key
    add_notices(engine, "Bluebird", "Bluebird Books", incident, NOON)
    sla_sweep.run(engine, active.promises, active.tiers, NOON, NOON)
    _replay(engine, folder)
    weekly_report.run(
        Context(engine, folder, no_secrets), NOON, NOON, week="2026-W46", audience="managers"
    )
    return engine


def _replay(engine: Engine, folder: Path) -> None:
    """A stricter first reply for bugs, over the last week."""
    stricter = (folder / what_if.FILE).read_text().replace(*STRICTER)
    context = Context(engine, folder, no_secrets)
    number = what_if.start(context, stricter, NOON - timedelta(days=7), NOON, "ada", NOON)
    state = what_if.State.RUNNING
    while state is what_if.State.RUNNING:
        time.sleep(0.1)
        with reading(engine) as connection:
            found = what_if.find(connection, number, NOON)
        assert found is not None
        state = found.state
    assert state is what_if.State.DONE


def _slug(name: str) -> str:
    return name.lower().replace(" & ", "-").replace(" ", "-")


def _answer(site: Site, page: str, at: datetime) -> Reason:
    ago = (NOON - at).total_seconds() / 60
    if site.name == "Bluebird Books":
        return Reason.REFUSED if ago < 22 else Reason.OK
    if site.name == "Kestrel Hire":
        return Reason.STATUS if 310 < ago < 350 else Reason.OK
    return Reason.OK


def _tickets() -> Iterator[Event]:
    for number, minutes, tier, customer, subject, site in _SUBJECTS:
        at = NOON - timedelta(minutes=minutes)
        text = "It began this morning. Could you have a look, please?"
        yield event(number, EventKind.CREATED, at, Author.CUSTOMER, subject=subject, text=text)
        yield event(number, EventKind.TIER, at, value=tier)
        yield event(number, EventKind.CUSTOMER, at, value=customer)
        if site:
            yield event(number, EventKind.SITE, at, value=site)
        if minutes > 60:
            at += timedelta(minutes=11)
            yield event(number, EventKind.ASSIGNEE, at, value="Grace")
            yield event(number, EventKind.COMMENT, at, text="Thank you, we are looking into it.")


def _last_weeks() -> Iterator[Event]:
    """Those of the week before, answered and solved, a few of them late."""
    tiers = ("bug_fix", "user_support", "bug_fix", "mission_critical")
    people = ("Grace", "Owen", "Marta")
    for n in range(24):
        number, tier = f"2{n:03}", tiers[n % 4]
        at = NOON - timedelta(days=9 - n % 5, minutes=37 * (n // 5))
        customer, (site, *_) = list(_CUSTOMERS.items())[n % 5]
        subject = f"{_SUBJECTS[n % 7][4]} again"
        yield event(number, EventKind.CREATED, at, Author.CUSTOMER, subject=subject, text="Hello.")
        yield event(number, EventKind.TIER, at, value=tier)
        yield event(number, EventKind.CUSTOMER, at, value=customer)
        yield event(number, EventKind.SITE, at, value=site)
        yield event(number, EventKind.ASSIGNEE, at, value=people[n % 3])
        reply = at + timedelta(minutes=9 + 4 * n)
        yield event(number, EventKind.COMMENT, reply, text="Thank you, we are on it.")
        solved = reply + timedelta(minutes=45 if tier == "mission_critical" else 300 + 40 * n)
        yield event(number, EventKind.STATUS, solved, value="solved")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        engine = make_engine(f"sqlite+pysqlite:///{scratch}/store.db")
        upgrade(engine)
        config = Path(scratch) / "config"
        seeded(engine, config)
        boards.CONFIG = config
        with serving(make_board(engine, lambda: _NOW), user=None) as server:
            try:
                in_browser_thread(lambda: _take(engine, f"{server.url}/", folder))
            finally:
                close_browser()
        engine.dispose()


def _take(engine: Engine, board: str, folder: Path) -> None:
    with reading(engine) as connection:
        outage = list_open(connection, Kind.OUTAGE)[0]
    for name, address in (PAGES | {"incident": incident_path(outage.key)}).items():
        for theme in THEMES:
            with open_page(board + address, theme, LARGE) as opened:
                opened.page.wait_for_timeout(600)
                whole = name not in IN_README
                picture = folder / f"{name}-{theme}.png"
                opened.page.screenshot(path=picture, full_page=whole)
                _make_small(picture)


def _make_small(picture: Path) -> None:
    with Image.open(picture) as found:
        small = found.convert("RGB").quantize(192)
    small.save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
