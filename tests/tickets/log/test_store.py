"""The log of events and the state folded from it: whatever the order, however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.exc import ResourceClosedError

from builders import NOON
from supportops.db.engine import reading, writing
from supportops.db.schema import ticket_events, tickets
from supportops.tickets.columns import EventColumns, epoch_microseconds
from supportops.tickets.log.event_reading import event_chunks, event_columns, events_query
from supportops.tickets.log.event_sql import _POSTGRES, Query, _named
from supportops.tickets.log.store import Appended, append_events, events_of
from supportops.tickets.ticket import Author, Event, EventKind, Status, fold, from_creation
from tickets.event_columns import columns_of
from tickets.histories import LATER, created, event, histories, rows, shuffled, ticket_at

FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def append(store: Engine, *events: Event) -> Appended:
    with writing(store) as connection:
        return append_events(connection, events, LATER)


def empty(store: Engine) -> None:
    with writing(store) as connection:
        connection.execute(delete(ticket_events))
        connection.execute(delete(tickets))


@FEW
@given(data=st.data())
def test_order_repetition_and_batches_change_nothing(store: Engine, data: st.DataObject) -> None:
    history = data.draw(histories())
    empty(store)
    append(store, *history)
    expected = rows(store)
    empty(store)
    for batch in shuffled(data.draw, history):
        append(store, *batch)
    assert rows(store) == expected


@FEW
@given(history=histories())
def test_the_stored_state_is_the_fold_of_the_events(store: Engine, history: list[Event]) -> None:
    empty(store)
    append(store, *history)
    states, _ = rows(store)
    assert len(states) == len({(each.source, each.ticket) for each in history})
    for state in states:
        own = [e for e in history if (e.source, e.ticket) == (state["source"], state["ticket"])]
        ticket = fold(own)
        for name in ("created_at", "subject", "status", "priority", "tier", "assignee", "site"):
            assert state[name] == getattr(ticket, name), name
        for name in ("customer", "merged_into", "ended_at", "solved_at", "updated_at", "open"):
            assert state[name] == getattr(ticket, name), name
        assert state["tags"] == ",".join(ticket.tags)
        assert state["touched_at"] == max(each.recorded_at for each in own)
        tiers = [each for each in from_creation(own) if each.kind is EventKind.TIER]
        assert state["tier_rule"] == (tiers[-1].facts["rule"] if tiers else None)


@FEW
@given(history=histories(), minute=st.integers(-1, 6))
def test_the_state_at_an_instant_knows_only_what_had_happened(
    store: Engine, history: list[Event], minute: int
) -> None:
    empty(store)
    append(store, *history)
    at = NOON + timedelta(minutes=minute)
    first = history[0]
    own = [e for e in history if (e.source, e.ticket) == (first.source, first.ticket)]
    before = [each for each in own if each.happened_at <= at]
    with reading(store) as connection:
        assert ticket_at(connection, first.source, first.ticket, at) == (
            fold(before) if before else None
        )


@FEW
@given(history=histories(), size=st.integers(1, 4))
def test_columns_from_the_store_are_those_of_the_events(
    store: Engine, history: list[Event], size: int
) -> None:
    empty(store)
    append(store, *history)
    with reading(store) as connection:
        stored = connection.execute(select(tickets)).all()
        whole = event_columns(connection)
        chunks = list(event_chunks(connection, size=size))
        ahead = list(event_chunks(connection, size=size, ahead=True))
    expected = columns_of(history, {(row.source, row.ticket): row.id for row in stored})
    assert meaning(whole) == meaning(expected.ordered())
    assert [each for chunk in chunks for each in meaning(chunk)] == meaning(whole)
    assert list(map(meaning, ahead)) == list(map(meaning, chunks))


def test_a_fault_of_the_database_while_reading_ahead_reaches_the_caller(store: Engine) -> None:
    append(store, created())
    with reading(store) as connection:
        connection.close()
        with pytest.raises(ResourceClosedError):
            next(event_chunks(connection, size=1, ahead=True))


def test_a_caller_that_stops_early_has_the_connection_to_itself_again(store: Engine) -> None:
    for number in range(20):
        append(store, created(ticket=str(number)))
    with reading(store) as connection:
        chunks = event_chunks(connection, size=1, ahead=True)
        next(chunks)
        chunks.close()
        assert len(connection.execute(select(tickets)).all()) == 20


def meaning(columns: EventColumns) -> list[tuple[object, ...]]:
    return [
        (ticket, at, kind, author, columns.values[value])
        for ticket, at, kind, author, value in zip(
            columns.ticket.tolist(),
            columns.at.tolist(),
            columns.kind.tolist(),
            columns.author.tolist(),
            columns.value.tolist(),
            strict=True,
        )
    ]


def test_the_counts_distinguish_new_from_known(store: Engine) -> None:
    first, second = created(), event(EventKind.NOTE, 1)
    assert append(store, first) == Appended(new=1, known=0, tickets=1)
    assert append(store, first, second, second) == Appended(new=1, known=2, tickets=0)


def test_a_late_event_touches_its_ticket_and_rewrites_the_state(store: Engine) -> None:
    append(store, created(), event(EventKind.STATUS, 10, "open"))
    late = event(EventKind.STATUS, 5, "solved", recorded_at=NOON + timedelta(hours=3))
    append(store, late)
    with reading(store) as connection:
        row = connection.execute(select(tickets)).one()
        assert row.status == "open"
        assert row.touched_at == NOON + timedelta(hours=3)
        at = ticket_at(connection, "desk", "1", NOON + timedelta(minutes=7))
    assert at is not None
    assert at.status is Status.SOLVED
    assert at.solved_at == NOON + timedelta(minutes=5)


def test_a_clock_ahead_of_ours_does_not_move_the_touch_past_now(store: Engine) -> None:
    append(store, created(recorded_at=LATER + timedelta(days=9)))
    with reading(store) as connection:
        assert connection.execute(select(tickets.c.touched_at)).scalar_one() == LATER


def test_events_are_read_as_they_were_stored(store: Engine) -> None:
    given_events = (created(facts={"text": "Grüße"}), event(EventKind.COMMENT, 3))
    append(store, *given_events)
    with reading(store) as connection:
        assert events_of(connection, "desk", "1") == given_events


def test_text_that_no_database_takes_is_stored_with_replacement_characters(store: Engine) -> None:
    append(store, created(subject="a\0b\ud800c"))
    with reading(store) as connection:
        assert connection.execute(select(tickets.c.subject)).scalar_one() == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ticket": ""}, "no ticket number"),
        ({"ticket": "1" * 201}, "201 characters"),
        ({"source_event": "a\0b"}, "NUL"),
        ({"kind": EventKind.STATUS, "value": "asleep"}, "asleep"),
        ({"kind": EventKind.SITE, "value": "s" * 9_999}, "9999 characters"),
        ({"happened_at": NOON.replace(tzinfo=None)}, "zone"),
    ],
)
def test_an_invalid_event_is_refused_with_its_reason(
    store: Engine, fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        append(store, created(), event(**{"kind": EventKind.NOTE, **fields}))  # type: ignore[arg-type]
    assert rows(store) == ([], [])


def test_only_what_is_asked_for_is_read(store: Engine) -> None:
    append(
        store,
        created(ticket="1"),
        created(ticket="2"),
        event(EventKind.STATUS, 30, "solved", ticket="2"),
        created(600, ticket="3"),
    )

    def found(**asked: object) -> set[str]:
        with reading(store) as connection:
            names = {row.id: row.ticket for row in connection.execute(select(tickets))}
            columns = event_columns(connection, **asked)  # type: ignore[arg-type]
        return {names[each] for each in columns.ticket.tolist()}

    with reading(store) as connection:
        ids = {row.ticket: row.id for row in connection.execute(select(tickets))}
    assert found() == {"1", "2", "3"}
    assert found(open_only=True) == {"1", "3"}
    assert found(tickets=[ids["2"], ids["3"]]) == {"2", "3"}
    assert found(tickets=np.array([], dtype=np.int64)) == set()
    assert found(touched_since=NOON + timedelta(minutes=20)) == {"2", "3"}
    assert found(touched_since=NOON + timedelta(minutes=20), open_only=True) == {"3"}
    assert found(until=NOON + timedelta(hours=1)) == {"1", "2"}


def test_an_event_at_the_last_instant_asked_for_is_read(store: Engine) -> None:
    append(store, created(), event(EventKind.COMMENT, 5, author=Author.AGENT))
    with reading(store) as connection:
        columns = event_columns(connection, until=NOON + timedelta(minutes=5))
    assert columns.at.tolist()[-1] == epoch_microseconds(NOON + timedelta(minutes=5))


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_postgresql_reads_through_the_indexes(store: Engine) -> None:
    with writing(store) as connection:
        connection.execute(text(_MANY_TICKETS))
        connection.execute(text(_MANY_EVENTS))
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE tickets"))
        connection.execute(text("ANALYZE ticket_events"))
    since = NOON + timedelta(days=52)
    with reading(store) as connection:
        some = events_query(connection, None, False, None).among(
            connection, "e.ticket", "tickets", [5, 900]
        )
        assert "ticket_events_ticket_happened_at_idx" in explained(connection, some)
        touched = explained(connection, events_query(connection, since, False, None))
        assert "tickets_touched_at_idx" in touched
        assert "ticket_events_ticket_happened_at_idx" in touched
        still_open = explained(connection, events_query(connection, None, True, None))
        assert "tickets_open_idx" in still_open
        one = "SELECT id FROM tickets WHERE source = 'desk' AND ticket = '77'"
        assert "tickets_source_ticket_key" in plan(connection, one, {})


def explained(connection, query: Query) -> str:
    parameters = {**query.parameters, "seed": 0}
    return plan(connection, _named(_POSTGRES + query.source, parameters), parameters)


def plan(connection, statement: str, parameters: dict[str, object]) -> str:
    found = connection.execute(text(f"EXPLAIN {statement}"), parameters)
    return "\n".join(found.scalars())


_MANY_TICKETS = """
INSERT INTO tickets (source, ticket, subject, requester, status, tags, open, touched_at)
SELECT 'desk', n::text, '', '', 'new', '', n % 1000 = 0,
       timestamptz '2026-04-07 12:00+00' + n * interval '5 minutes'
FROM generate_series(1, 15000) AS n
"""
_MANY_EVENTS = """
INSERT INTO ticket_events (source, source_event, ticket, kind, author, happened_at, recorded_at)
SELECT 'desk', id || '/' || n, id, 'note', 'agent', touched_at, touched_at
FROM tickets, generate_series(1, 4) AS n
"""


def test_concurrent_appenders_lose_nothing(store: Engine) -> None:
    history = [created(ticket="1"), created(ticket="2")]
    history += [event(EventKind.STATUS, n, "open", ticket=str(1 + n % 2)) for n in range(40)]
    history += [
        event(EventKind.ASSIGNEE, n, f"agent {n}", ticket=str(1 + n % 2)) for n in range(40)
    ]
    append(store, *history)
    expected = rows(store)
    empty(store)
    with ThreadPoolExecutor(4) as pool:
        parts = [history[n::4] + history[:10] for n in range(4)]
        counts = list(pool.map(lambda part: append(store, *part), parts))
    assert sum(each.new for each in counts) == len(history)
    assert rows(store) == expected


def interrupted(store: Engine) -> None:
    with writing(store) as connection:
        append_events(connection, [created(), event(EventKind.NOTE, 1)], LATER)
        raise InterruptedError


def test_events_that_were_not_committed_leave_nothing(store: Engine) -> None:
    with pytest.raises(InterruptedError):
        interrupted(store)
    assert rows(store) == ([], [])
