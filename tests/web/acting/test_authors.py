"""Every act leaves in the store who did it, when, and why where a reason was given."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import configurations, metadata, tickets, what_ifs
from supportops.reports import store as report_store
from supportops.reports.formats.file import PAGE, File
from supportops.web.acts.registry import ACTS
from web.alerting.test_notices_page import Board
from web.boards import ACTOR, NOON, draft, live_through, slots_until
from web.desk import Desk
from web.test_viewers import _down, _running

WHY = "because zq7"
# They look, or check at once: nothing is stored, so that nothing is done.
LOOKS = {"call_look", "examine", "check_site", "test_receiver"}
Body = Mapping[str, Any]


class Walk:
    """A desk with something for every act, each at a minute of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.desk = desk = Desk(engine, folder)
        live_through(engine, folder, slots_until(NOON, 3), _down)
        desk.ticket("7", tier_facts={"doubtful": ["mission_critical"], "rule": "words"})
        with reading(engine) as connection:
            self.digest = connection.execute(select(configurations.c.digest)).scalar_one()
            self.keys = [each.key for each in list_open(connection, Kind.OUTAGE)]
        for number in "12":
            self.act("call_take", {"call": number * 32, "customer": "Acme", "what": "Help"})
        with reading(engine) as connection:
            chosen = select(tickets.c.ticket).where(tickets.c.source == "phone")
            self.calls = sorted(connection.execute(chosen).scalars())

    def act(self, name: str, body: Body) -> None:
        self.desk.now += timedelta(minutes=1)
        answer = self.desk.act(name, **body)
        assert answer.status_code == 200, (name, answer.text)

    def kept(self) -> list[int]:
        made = [
            draft(self.digest, NOON, audience=audience) for audience in ("managers", "customers")
        ]
        with writing(self.engine) as connection:
            kept = [
                report_store.keep(connection, each, [File(PAGE, "text/html", b"<p>x")])
                for each in made
            ]
            for each in kept:
                report_store.ask(connection, each)
        return [each.id for each in kept]

    def replay(self) -> int:
        with writing(self.engine) as connection:
            row = _running() | {"started_by": "bob", "seen_at": self.desk.now}
            made = insert(what_ifs).values(**row).returning(what_ifs.c.id)
            return int(connection.execute(made).scalar_one())

    def bodies(self) -> Iterator[tuple[str, Callable[[], Body]]]:
        """Every act in an order in which each can be done, with its body."""
        one, two = self.keys
        call = {"source": "phone", "id": self.calls[0]}
        yield "acknowledge", lambda: {"key": one, "note": WHY, "minutes": 9}
        yield "unacknowledge", lambda: {"key": one}
        yield "acknowledge_several", lambda: {"keys": [one], "note": WHY}
        yield "take_over", lambda: {"key": one, "note": WHY, "holder": ACTOR["x-user"]}
        yield "snooze", lambda: {"key": two, "note": WHY, "minutes": 60}
        yield "end_snooze", lambda: {"key": two}
        yield "note_cause", lambda: {"key": one, "cause": "disk", "note": WHY, "done": "swapped"}
        silence = {"label": "host", "value": "web-2", "minutes": 60, "reason": WHY}
        yield "add_silence", lambda: silence
        yield "expire_silence", lambda: {"id": 1}
        work = {"scope": "site", "name": "shop.example", "reason": WHY, "minutes": 60}
        yield "announce_maintenance", lambda: work
        yield "end_maintenance", lambda: {"id": 1}
        taken = {"call": "3" * 32, "customer": "Acme", "what": "Help", "tier": "bug_fix"}
        yield "call_take", lambda: taken
        yield "ticket_note", lambda: call | {"text": WHY}
        yield "ticket_reply", lambda: call | {"text": WHY}
        yield "ticket_set", lambda: call | {"priority": "high", "status": "pending"}
        yield "ticket_solve", lambda: call | {"text": f"{WHY} at last"}
        yield "ticket_reopen", lambda: call
        yield "ticket_decide", lambda: {"source": "zendesk", "id": "7", "tier": "mission_critical"}
        first, second = self.kept()
        yield "approve_reports", lambda: {"ids": [first]}
        yield "reject_reports", lambda: {"ids": [second]}
        policy = (self.desk.context.config / "service_levels.yaml").read_text()
        days = {"begin": "2026-11-16", "end": "2026-11-16"}
        yield "start_what_if", lambda: {"policy": policy, **days}
        yield "cancel_what_if", lambda: {"id": self.replay()}


@pytest.fixture(scope="module")
def walk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    folder = tmp_path_factory.mktemp("authors")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    yield Walk(engine, folder / "config")
    engine.dispose()


def rows(engine: Engine) -> dict[tuple[str, Any], Mapping[str, Any]]:
    """Every row of the store by its table and key."""
    found = {}
    with reading(engine) as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                key = tuple(row[column.name] for column in table.primary_key)
                found[(table.name, key)] = dict(row)
    return found


def signed(
    before: Mapping[Any, Any], after: Mapping[Any, Any], who: str, at: datetime
) -> list[str]:
    """Rows that came or changed and name both the person and the instant, as JSON."""
    changed = [row for key, row in after.items() if before.get(key) != row]
    found = []
    for row in changed:
        text = json.dumps(row, default=_plain)
        if who in text and at.isoformat() in text:
            found.append(text)
    return found


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return repr(value)


def test_every_act_of_the_board_leaves_who_when_and_why(walk: Walk) -> None:
    missing, done = [], set()
    for name, body in walk.bodies():
        values = body()
        before = rows(walk.engine)
        walk.act(name, values)
        found = signed(before, rows(walk.engine), ACTOR["x-user"], walk.desk.now)
        if not found or (WHY in json.dumps(values) and not any(WHY in each for each in found)):
            missing.append(name)
        done.add(name)
    assert missing == []
    notices = {name for name in ACTS if name.endswith("_notice")}
    assert done | notices | LOOKS == set(ACTS)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["approve_notice", "drop_notice", "edit_notice"])
def test_every_act_on_a_notice_leaves_who_when_and_why(store: Engine, name: str) -> None:
    board = Board(store)
    body: Body = {
        "drop_notice": {"why": WHY},
        "edit_notice": {"subject": "x", "text": WHY},
    }.get(name, {})
    before = rows(store)
    assert board.act(name, **body).status_code == 200
    found = signed(before, rows(store), ACTOR["x-user"], board.agency.clock())
    assert found
    if body:
        assert any(WHY in json.dumps(row, default=_plain) for row in rows(store).values())
