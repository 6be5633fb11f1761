"""Which of a file's rows came first at one instant, and what was known of a creation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, select

from builders import SHIPPED
from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.flows.tickets.ticket_import import run
from supportops.tickets.imports.mapping import sequence_number
from supportops.tickets.imports.summary import ImportSummary

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADER = "ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags"


def row(event: str, at: str, kind: str, author: str, value: str = "", subject: str = "") -> str:
    return f"7,{event},2026-07-06 {at},{kind},{author},{value},{subject},,,,,,"


def load(
    store: Engine, folder: Path, *lines: str, sequence: str | None = None, ticket: str = "7"
) -> ImportSummary:
    config = folder / "config"
    if not config.exists():
        (config / "imports").mkdir(parents=True)
        for name in ("triage.yaml", "service_levels.yaml"):
            (config / name).write_text((SHIPPED / name).read_text())
        mapping = yaml.safe_load((SHIPPED / "imports/generic.yaml").read_text())
        if sequence is not None:
            mapping["sequence"] = sequence
        (config / "imports/ordered.yaml").write_text(yaml.safe_dump(mapping))
    path = folder / "rows.csv"
    path.write_text("\n".join([HEADER, *(ticket + line[1:] for line in lines)]) + "\n")
    return run(store, config, path, "ordered", NOW)


def state(store: Engine) -> tuple[str, str | None, str | None]:
    with reading(store) as connection:
        found = connection.execute(select(tickets)).one()
    return found.status, found.tier, found.tier_rule


CREATED = row("8", "10:00", "created", "customer", subject="My site is down")
OPEN = row("9", "11:00", "status", "agent", "open")
SOLVED = row("10", "11:00", "status", "agent", "solved")


def test_at_one_instant_the_later_row_comes_later(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, CREATED, OPEN, SOLVED)
    assert state(store)[0] == "solved"


def test_a_sequence_column_counts_in_natural_order(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, SOLVED, OPEN, CREATED, sequence="event")
    assert state(store)[0] == "solved"


def test_the_order_holds_over_two_files(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, CREATED, SOLVED, sequence="event")
    load(store, tmp_path, OPEN, sequence="event")
    assert state(store)[0] == "solved"


def test_a_word_that_is_no_sequence_makes_a_bad_row(store: Engine, tmp_path: Path) -> None:
    summary = load(
        store, tmp_path, CREATED, row("last", "11:00", "status", "agent", "open"), sequence="event"
    )
    assert (summary.loaded, summary.bad) == (1, 1)
    assert (
        "'last' is no number of a sequence" in (tmp_path / "rows.csv.quarantine.jsonl").read_text()
    )


@pytest.mark.parametrize(
    "ascending",
    [
        ["0", "1", "9", "10", "4711"],
        ["evt-9", "evt-10", "evt-0000000011"],
        ["7.1", "7.9", "7.10", "8.0"],
        ["9007199254740993", "9007199254740994"],
    ],
)
def test_sequence_numbers_ascend_naturally(ascending: list[str]) -> None:
    found = [sequence_number(word) for word in ascending]
    assert None not in found
    assert found == sorted(found, key=lambda place: place or 0)
    assert len(set(found)) == len(found)
    assert min(place or 0 for place in found) >= 1


@pytest.mark.parametrize("word", ["", "last", "1.2.3.4", "1.1048576", "9" * 25, "٣"])
def test_other_words_are_no_sequence(word: str) -> None:
    assert sequence_number(word) is None


@pytest.mark.parametrize("ticket", ["7", "a1", "triage", "z1"])
@pytest.mark.parametrize("first", [True, False])
def test_an_agents_tier_at_the_creation_stands(
    store: Engine, tmp_path: Path, ticket: str, first: bool
) -> None:
    tier = row("9", "10:00", "tier", "agent", "user_support")
    load(store, tmp_path, *((tier, CREATED) if first else (CREATED, tier)), ticket=ticket)
    assert state(store)[1] == "user_support"


def test_a_ticket_is_triaged_by_all_rows_of_its_first_instant(
    store: Engine, tmp_path: Path
) -> None:
    created = row("8", "10:00", "created", "customer", subject="Hello")
    load(store, tmp_path, created, row("9", "10:00", "priority", "agent", "urgent"))
    assert state(store)[1:] == ("mission_critical", "an agent's priority: urgent")


def test_a_ticket_is_triaged_when_a_later_file_creates_it(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, OPEN)
    assert state(store)[1] is None
    load(store, tmp_path, CREATED)
    assert state(store)[:2] == ("open", "mission_critical")


def test_events_dated_before_their_creation_are_counted(store: Engine, tmp_path: Path) -> None:
    summary = load(store, tmp_path, row("9", "09:55", "comment", "agent"), CREATED, OPEN)
    assert summary.early == 1
    assert load(store, tmp_path, OPEN).early == 1
