"""Every address of the help desk with hostile answers: an error of the source, or records set
aside, never a traceback; and the next sync has everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from cli.hostile.values import SEQUENCES
from flows.tickets.syncing.syncing import everything, pass_delay, sync
from supportops.tickets.source import SourceError
from tickets.fake_zendesk import AGENT, Body, FakeZendesk, Status, fake_zendesk

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1.5,
    "",
    SEQUENCES,
    "a\0b",
    "\ud800",
    [],
    [None],
    {},
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "x" * 100_000,
)
BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"NaN",
    b"\xff\xfe{}",
    b'{"a": "\xed\xa0\x80"}',
    b"[" * 50_000 + b"]" * 50_000,
    b"9" * 10_000,
    b"<html>\x1b[2J</html>",
)
STATUSES = tuple(
    Status(code, headers)
    for code in (400, 418, 500, 599)
    for headers in ({}, {"Retry-After": "nan"}, {"Retry-After": "9" * 400}, {"Location": "\x1b"})
)


def places(store: Engine) -> list[str]:
    """The addresses that a sync asks."""
    with fake_zendesk() as fake:
        fill(fake)
        sync(store, fake)
        return sorted({each.path for each in fake.asked})


def fill(fake: FakeZendesk) -> None:
    ticket = fake.raise_ticket()
    fake.comment(ticket, "Looking", by=AGENT)
    pass_delay(fake)


def keys(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in an answer that has a value, one item of each list."""
    found = [path] if path else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += keys(inner, (*path, name))
    elif isinstance(value, list) and value:
        found += keys(value[0], (*path, 0))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    whole = json.loads(json.dumps(value))
    here = whole
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = new
    return whole


def attempt(store: Engine, fake: FakeZendesk) -> None:
    try:
        sync(store, fake)
    except SourceError as error:
        if not str(error):
            raise AssertionError("an error without a word") from error


@pytest.mark.timeout(170)
def test_every_body_and_status_of_every_address(store: Engine) -> None:
    for place in places(store):
        with fake_zendesk() as fake:
            for fault in (*map(Body, BODIES), *STATUSES):
                fill(fake)
                fake.fail(place, fault)
                attempt(store, fake)
            fake.faults.clear()
            pass_delay(fake)
            sync(store, fake)
            numbers = {f"'{number}'" for number in fake.tickets}
            rows = " ".join(everything(store)["tickets"])
            assert all(number in rows for number in numbers)


@pytest.mark.timeout(170)
def test_every_field_of_the_lists_of_tickets_and_events(store: Engine) -> None:
    tried = 0
    with fake_zendesk() as fake:
        fill(fake)
        for place in places(store):
            asked = next(each for each in recorded(store, fake) if each.path == place)
            _, answer = fake.answer(asked, None)
            for number, path in enumerate(keys(answer)):
                for value in VALUES[number % 8 :: 8]:
                    written = json.dumps(changed(answer, path, value)).encode()
                    fake.fail(place, Body(written))
                    attempt(store, fake)
                    tried += 1
    assert tried > 50


def recorded(store: Engine, fake: FakeZendesk) -> list[Any]:
    sync(store, fake)
    return list(fake.asked)
