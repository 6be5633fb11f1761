"""What the log does not have is not taken for silence: no promise is judged broken by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from builders import SHIPPED
from flows.tickets.syncing.syncing import events, everything, pass_delay, state, sync
from flows.tickets.test_who_acted import a_history, rows_after
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.flows.sla import explain_ticket
from supportops.flows.sla.judging.judged_tickets import policy_book
from supportops.flows.tickets import ticket_import
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.tickets.log.event_reading import event_columns
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Author, EventKind, fold
from supportops.tickets.zendesk import streams
from tickets.fake_zendesk import AGENT, CUSTOMER, START, FakeZendesk

DAY = 86_400
LONG_AGO = datetime.fromtimestamp(START, UTC)


def broken(store: Engine, as_of: datetime) -> list[tuple[int, str]]:
    """Ticket and metric of every broken promise."""
    with reading(store) as connection:
        columns = event_columns(connection, until=as_of)
    found = judge(prepare(columns), policy_book(SHIPPED), as_of).frame()
    late = found[found.breached_at.notna()]
    return [(row.ticket, row.metric) for row in late.itertuples()]


def two_answered_tickets(zendesk: FakeZendesk) -> tuple[list[int], int]:
    """Raised 40 and 30 days ago and answered within the hour, solved today; and the start."""
    made = []
    for _ in range(2):
        ticket = zendesk.raise_ticket()
        zendesk.advance(1800)
        zendesk.comment(ticket, "Here is how")
        zendesk.change(ticket, "status", "pending")
        made.append(ticket)
        zendesk.advance(10 * DAY)
    zendesk.advance(20 * DAY)
    start = int(zendesk.now) - 7 * DAY
    for ticket in made:
        zendesk.change(ticket, "status", "solved")
    pass_delay(zendesk)
    return made, start


@pytest.mark.parametrize("shown", [True, False])
def test_tickets_answered_before_the_start_broke_no_promise(
    store: Engine, zendesk: FakeZendesk, shown: bool
) -> None:
    made, start = two_answered_tickets(zendesk)
    zendesk.hides_audits = not shown
    sync(store, zendesk, start=start)
    now = datetime.fromtimestamp(zendesk.now, UTC)
    assert broken(store, now) == []
    assert [state(store, ticket).status for ticket in made] == ["solved", "solved"]
    replies = [event for ticket in made for event in events(store, ticket, EventKind.COMMENT)]
    assert [reply.author for reply in replies] == ([Author.AGENT] * 2 if shown else [])
    # Nor does a look back at the days before the start find a promise broken.
    for days in range(0, 45, 5):
        assert broken(store, LONG_AGO + timedelta(days=days)) == []


def test_a_ticket_older_than_the_start_that_nobody_answered_is_judged_whole(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.advance(30 * DAY)
    zendesk.comment(ticket, "Is anybody there?", by=CUSTOMER)
    pass_delay(zendesk)
    sync(store, zendesk, start=int(zendesk.now) - DAY)
    now = datetime.fromtimestamp(zendesk.now, UTC)
    assert [metric for _, metric in broken(store, now)] == ["first_reply_time"]


def test_what_a_customer_asks_after_the_beginning_is_owed_an_answer(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.hides_audits = True
    zendesk.advance(30 * DAY)
    zendesk.change(ticket, "priority", "low")
    pass_delay(zendesk)
    start = int(zendesk.now) - DAY
    sync(store, zendesk, start=start)
    zendesk.comment(ticket, "And now?", by=CUSTOMER)
    pass_delay(zendesk)
    sync(store, zendesk, start=start)
    assert broken(store, datetime.fromtimestamp(zendesk.now, UTC)) == []
    later = datetime.fromtimestamp(zendesk.now + 9 * DAY, UTC)
    assert {metric for _, metric in broken(store, later)} == {"next_reply_time"}


def test_the_history_of_many_comes_in_parts_and_goes_on_where_it_stopped(
    store: Engine, zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HISTORIES_AT_ONCE", 2)
    made = [zendesk.raise_ticket() for _ in range(7)]
    zendesk.advance(30 * DAY)
    for ticket in made:
        zendesk.comment(ticket, "Sorry", by=AGENT)
    new = zendesk.raise_ticket()
    pass_delay(zendesk)
    start = int(zendesk.now) - DAY
    stops = 0
    while not sync(store, zendesk, start=start, seconds_a_look=60)["caught_up"] and stops < 30:
        stops += 1
    assert 0 < stops < 30
    assert [len(events(store, each, EventKind.COMMENT)) for each in made] == [1] * 7
    assert state(store, new).subject == f"Help {new}"
    asked = [each.path for each in zendesk.requests("audits")]
    assert len(asked) == len(set(asked)) == 7
    before = everything(store)
    sync(store, zendesk, start=start)
    assert everything(store)["ticket_events"] == before["ticket_events"]


@pytest.mark.parametrize("seed", range(4))
def test_any_cut_with_a_start_leaves_the_same_rows(store: Engine, seed: int) -> None:
    history, start = a_history(seed), START + 300
    often = rows_after(store, history, often=True, start=start)
    assert often == rows_after(store, history, often=False, start=start)


def a_file(folder: Path, rows: list[str]) -> Path:
    file = folder / "log.csv"
    columns = "number,sys_mod_count,sys_updated_at,opened_at,incident_state,category,subcategory"
    file.write_text("\n".join([f"{columns},caller_id,priority,assigned_to", *rows]) + "\n")
    return file


def test_a_file_that_begins_in_the_middle_judges_no_silence(store: Engine, tmp_path: Path) -> None:
    words = "A,B,Ada,4,Eve"
    rows = [
        f"1,7,02/03/2026 10:00,05/01/2026 09:00,New,{words}",
        f"2,0,05/01/2026 09:05,05/01/2026 09:00,New,{words}",
    ]
    for _ in range(2):
        ticket_import.run(store, SHIPPED, a_file(tmp_path, rows), "uci", LONG_AGO)
    as_of = datetime(2026, 3, 20, tzinfo=UTC)
    with reading(store) as connection:
        ids = {row.ticket: row.id for row in connection.execute(select(tickets)).all()}
        first = fold(events_of(connection, "uci", "1"))
    assert {ticket for ticket, _ in broken(store, as_of)} == {ids["2"]}
    assert first.known_since == datetime(2026, 3, 2, 10, tzinfo=UTC)
    context = Context(store, SHIPPED, lambda _: None)
    found = explain_ticket.run(context, "uci/1", None, as_of)
    assert "What happened before Mon 2 Mar 2026 10:00 GMT is not known." in found.story.gaps
    assert found.to_json()["known_since"] == "2026-03-02T10:00:00+00:00"


def test_a_later_file_does_not_doubt_what_an_earlier_one_said(
    store: Engine, tmp_path: Path
) -> None:
    words = "A,B,Ada,4,Eve"
    for row in (
        f"1,0,05/01/2026 09:05,05/01/2026 09:00,New,{words}",
        f"1,7,02/03/2026 10:00,05/01/2026 09:00,New,{words}",
    ):
        ticket_import.run(store, SHIPPED, a_file(tmp_path, [row]), "uci", LONG_AGO)
    found: list[Any] = broken(store, datetime(2026, 3, 20, tzinfo=UTC))
    assert "first_reply_time" in {metric for _, metric in found}
    with reading(store) as connection:
        assert fold(events_of(connection, "uci", "1")).known_since is None
