"""Files of tickets: what their rows mean, which are bad and why, and that a repetition is safe."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from builders import SHIPPED
from supportops.config.loader import load_mapping
from supportops.db.engine import reading
from supportops.db.schema import quarantine, ticket_events, tickets
from supportops.flows.operations.demo_tickets import import_demo
from supportops.flows.tickets.ticket_import import run
from supportops.local.demo.tickets import UCI_LOG as DEMO_FILE
from supportops.tickets.imports.file_form import ImportFault
from supportops.tickets.imports.file_import import import_file, weeks_until
from supportops.tickets.imports.summary import ImportSummary
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Author, EventKind, Status
from tickets.histories import rows, ticket_at

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADER = (
    "number,incident_state,sys_mod_count,opened_at,sys_updated_at,caller_id,category,subcategory,"
    "priority,assigned_to"
)
FIRST = "7,New,0,29/2/2016 01:16,29/2/2016 01:23,Caller 1,Cat,Sub,3,?"
HISTORY = [
    FIRST,
    "7,New,1,29/2/2016 01:16,29/2/2016 01:30,Caller 1,Cat,Sub,3,?",
    "7,Active,2,29/2/2016 01:16,29/2/2016 09:00,Caller 1,Cat,Sub,3,Bo",
    "7,Awaiting User Info,3,29/2/2016 01:16,29/2/2016 10:00,Caller 1,Cat,Sub,3,Bo",
    "7,Resolved,4,29/2/2016 01:16,1/3/2016 08:00,Caller 1,Cat,Sub,1,Bo",
    "7,Active,5,29/2/2016 01:16,2/3/2016 08:00,Caller 1,Cat,Sub,1,Bo",
    "7,Closed,6,29/2/2016 01:16,3/3/2016 08:00,Caller 1,Cat,Sub,1,Bo",
]
GENERIC_HEADER = (
    "ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags"
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2016, 2, 29, hour, minute, tzinfo=UTC) + timedelta(days=day)


def write(folder: Path, *lines: str, header: str = HEADER, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def load(store: Engine, path: Path, mapping: str = "uci", **more: Any) -> ImportSummary:
    return import_file(store, path, load_mapping(SHIPPED, mapping), NOW, **more)


def quarantined(store: Engine) -> list[tuple[str, str]]:
    with reading(store) as connection:
        found = connection.execute(select(quarantine).order_by(quarantine.c.id))
        return [(row.place, row.reason) for row in found]


def test_an_incident_log_becomes_the_events_of_its_tickets(store: Engine, tmp_path: Path) -> None:
    summary = load(store, write(tmp_path, *HISTORY))
    assert (summary.rows, summary.loaded, summary.bad, summary.new_tickets) == (7, 7, 0, 1)
    with reading(store) as connection:
        found = [
            (e.happened_at, e.kind.value, e.author.value, e.value)
            for e in events_of(connection, "uci", "7")
        ]
    assert found == [
        (at(0, 1, 16), "created", "customer", None),
        (at(0, 1, 16), "priority", "agent", "3"),
        (at(0, 1, 16), "tier", "agent", "bug_fix"),
        (at(0, 1, 23), "note", "agent", None),
        (at(0, 1, 30), "note", "agent", None),
        (at(0, 9), "comment", "agent", None),
        (at(0, 9), "status", "agent", "open"),
        (at(0, 9), "assignee", "agent", "Bo"),
        (at(0, 10), "status", "agent", "pending"),
        (at(1, 8), "status", "agent", "solved"),
        (at(1, 8), "priority", "agent", "1"),
        (at(1, 8), "tier", "agent", "mission_critical"),
        (at(2, 8), "status", "agent", "open"),
        (at(3, 8), "status", "agent", "solved"),
    ]


def test_an_imported_ticket_stands_as_its_last_row_says(store: Engine, tmp_path: Path) -> None:
    load(store, write(tmp_path, *HISTORY))
    with reading(store) as connection:
        row = connection.execute(select(tickets)).one()
        before = ticket_at(connection, "uci", "7", at(1, 7))
    assert (row.subject, row.requester) == ("Incident 7: category Cat, Sub", "Caller 1")
    assert (row.status, row.tier, row.assignee, row.open) == (
        "solved",
        "mission_critical",
        "Bo",
        False,
    )
    assert row.solved_at == at(3, 8)
    assert row.tier_rule == "priority 1 in the source"
    assert before is not None
    assert (before.status, before.tier) == (Status.PENDING, "bug_fix")


def test_loading_twice_in_parts_or_interleaved_changes_nothing(
    store: Engine, tmp_path: Path
) -> None:
    other = [row.replace("7,", "8,", 1) for row in HISTORY]
    mixed = [row for pair in zip(HISTORY, other, strict=True) for row in pair]
    load(store, write(tmp_path, *HISTORY[:3], name="half.csv"))
    first = load(store, write(tmp_path, *mixed))
    expected = rows(store)
    again = load(store, write(tmp_path, *HISTORY, *other))
    assert first.new_tickets == 1
    assert (again.new_events, again.new_tickets) == (0, 0)
    assert rows(store) == expected


BAD_ROWS = [
    ("7,New,0,29/2/2016 01:16,31/2/2016 01:23,C,c,s,3,?", "31/2/2016"),
    ("7,New,0,29/2/2016 01:16,?,C,c,s,3,?", "sys_updated_at: no instant"),
    ("7,New,0,29/2/2016 01:16,1/1/1066 01:23,C,c,s,3,?", "between 1970 and 2200"),
    (",New,0,29/2/2016 01:16,29/2/2016 01:23,C,c,s,3,?", "number: no ticket number"),
    ("7,New,0,29/2/2016 01:16", "4 cells where the first line has 10"),
    ("7,New,0,29/2/2016 01:16,29/2/2016 01:23,C,c,s,3,a\0b", "a NUL character"),
    ("7" * 300 + ",New,0,29/2/2016 01:16,29/2/2016 01:23,C,c,s,3,?", "300 characters"),
    (f"7,New,0,29/2/2016 01:16,{'9' * 100_000},C,c,s,3,?", "no instant"),
    (f"7,New,0,29/2/2016 01:16,29/2/2016 01:23,C,c,s,3,{'a' * 100_000}", "100000 characters"),
    (f"7,New,0,29/2/2016 01:16,29/2/2016 01:23,C,c,s,3,{'a' * 200_000}", "field limit"),
    ('7,New,0,29/2/2016 01:16,29/2/2016 01:23,C,c,s,3,"a"b', "expected after"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS)
def test_a_bad_row_is_quarantined_and_the_valid_ones_load(
    store: Engine, tmp_path: Path, bad: str, reason: str
) -> None:
    path = write(tmp_path, *HISTORY[:2], bad, *HISTORY[2:])
    summary = load(store, path)
    assert (summary.rows, summary.loaded, summary.bad, summary.new_tickets) == (8, 7, 1, 1)
    assert [place for place, _ in quarantined(store)] == ["log.csv:4"]
    assert reason in quarantined(store)[0][1]
    assert summary.rejects is not None
    (rejected,) = [json.loads(line) for line in Path(summary.rejects).read_text().splitlines()]
    assert rejected["line"] == 4
    assert reason in rejected["reason"]
    assert len(rejected["content"]) <= 2_000
    assert load(store, path).bad == 1
    assert len(quarantined(store)) == 1


def test_a_mended_file_leaves_no_file_of_bad_rows(store: Engine, tmp_path: Path) -> None:
    summary = load(store, write(tmp_path, FIRST, "8,New"))
    assert summary.rejects is not None
    assert Path(summary.rejects).exists()
    assert load(store, write(tmp_path, FIRST)).rejects is None
    assert not Path(summary.rejects).exists()


def test_a_row_in_another_encoding_is_bad_and_the_others_load(
    store: Engine, tmp_path: Path
) -> None:
    other = FIRST.replace("7,", "8,", 1).replace("Caller 1", "Zoë")
    path = write(tmp_path, FIRST.replace("Caller 1", "Renée"), other)
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9"))
    summary = load(store, path)
    assert (summary.loaded, summary.bad) == (1, 1)
    assert quarantined(store) == [("log.csv:2", "bytes that are no utf-8-sig")]


def test_a_cell_with_line_breaks_is_reported_by_its_first_line(
    store: Engine, tmp_path: Path
) -> None:
    broken = FIRST.replace("Caller 1", '"Caller\n1"').replace("01:23", "99:99")
    load(store, write(tmp_path, FIRST, broken))
    assert [place for place, _ in quarantined(store)] == ["log.csv:3"]


def test_a_quote_that_never_closes_takes_the_rest_with_it(store: Engine, tmp_path: Path) -> None:
    summary = load(store, write(tmp_path, FIRST, '8,New,0,"29/2/2016 01:16,', *HISTORY[1:]))
    assert (summary.loaded, summary.bad) == (1, 1)
    assert quarantined(store) == [("log.csv:3", "unexpected end of data")]


@pytest.mark.parametrize("damage", ["cut", "scribbled"])
def test_of_a_broken_gzip_the_rows_before_the_break_load(
    store: Engine, tmp_path: Path, damage: str
) -> None:
    packed = bytearray(DEMO_FILE.read_bytes())
    path = tmp_path / "log.csv.gz"
    middle = len(packed) // 8
    packed[middle : middle + 400] = b"\xff" * 400
    path.write_bytes(bytes(packed) if damage == "scribbled" else bytes(packed[:middle]))
    summary = load(store, path)
    assert summary.loaded > 1_000
    assert summary.bad >= 1
    assert "cannot be read from here on" in quarantined(store)[-1][1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no column"),
        (b"\x1f\x8bnonsense", "first line cannot be read"),
        (f"{HEADER},number\n".encode(), "twice"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    store: Engine, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ImportFault, match=reason):
        load(store, path)
    with pytest.raises(ImportFault, match="No such file"):
        load(store, tmp_path / "none.csv")
    assert rows(store) == ([], [])


def test_bad_rows_are_never_written_over_the_file_itself(store: Engine, tmp_path: Path) -> None:
    path = write(tmp_path, FIRST)
    with pytest.raises(ImportFault, match="over the file"):
        load(store, path, rejects=path)
    assert path.read_text().startswith("number")


def test_a_long_text_is_loaded_whole(store: Engine, tmp_path: Path) -> None:
    text = "long " * 20_000
    line = f"T1,e1,2026-11-20T10:00,created,customer,,Hello,{text},ann,,,,"
    summary = load(store, write(tmp_path, line, header=GENERIC_HEADER), "generic")
    assert summary.bad == 0
    with reading(store) as connection:
        assert events_of(connection, "import", "T1")[0].facts["text"] == text


def test_progress_ends_at_the_whole_of_the_file(store: Engine, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    path = write(tmp_path, *(FIRST.replace("7,", f"{n},", 1) for n in range(1200)))
    load(store, path, progress=lambda done, size: calls.append((done, size)))
    assert calls == sorted(calls)
    assert len(calls) > 2
    assert calls[-1] == (path.stat().st_size, path.stat().st_size)


def test_an_import_that_was_killed_goes_on_where_it_was(store: Engine, tmp_path: Path) -> None:
    lines = [row.replace("7,", f"{n},", 1) for n in range(500) for row in HISTORY]
    path = write(tmp_path, *lines)

    def killed(done: int, size: int) -> None:
        if done > size * 0.9:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load(store, path, progress=killed)
    with reading(store) as connection:
        stored = connection.execute(select(func.count()).select_from(ticket_events)).scalar()
    whole = load(store, path)
    assert (whole.known_events, whole.known_events + whole.new_events) == (stored, 500 * 14)
    assert 0 < stored < 500 * 14


def test_a_log_is_moved_by_whole_weeks_only(store: Engine, tmp_path: Path) -> None:
    path = write(tmp_path, *HISTORY)
    weeks = weeks_until(path, load_mapping(SHIPPED, "uci"), NOW)
    assert NOW - timedelta(weeks=1) < at(3, 8) + weeks <= NOW
    load(store, path, shift=weeks)
    with reading(store) as connection:
        assert connection.execute(select(tickets.c.created_at)).scalar() == at(0, 1, 16) + weeks
    with pytest.raises(ValueError, match="whole weeks"):
        load(store, path, shift=timedelta(days=3))


def test_the_shipped_log_loads_whole_and_twice_is_once(store: Engine, tmp_path: Path) -> None:
    aside_file = tmp_path / "bad.jsonl"
    summary = load(store, DEMO_FILE, rejects=aside_file)
    assert (summary.rows, summary.bad, summary.new_tickets) == (28_071, 0, 3_931)
    again = load(store, DEMO_FILE, rejects=aside_file)
    assert (again.new_events, again.known_events) == (0, summary.new_events)
    with reading(store) as connection:
        assert connection.execute(select(func.count()).select_from(tickets)).scalar() == 3_931
        still_open = select(func.count()).select_from(tickets).where(tickets.c.open)
        assert connection.execute(still_open).scalar() == 0
        replies = select(func.count()).where(ticket_events.c.kind == "comment")
        assert connection.execute(replies).scalar() == 3_931


def test_the_demo_goes_on_with_time_and_keeps_its_weeks(store: Engine, tmp_path: Path) -> None:
    lines = [row.replace("7,", "9,", 1) for row in HISTORY]
    path = write(tmp_path, *lines)
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday; the log begins on a Monday
    first = import_demo(store, SHIPPED, now, file=path, by="uci")
    assert first.later > 0
    with reading(store) as connection:
        newest = connection.execute(select(func.max(ticket_events.c.happened_at))).scalar()
    assert newest <= now
    last = import_demo(store, SHIPPED, now + timedelta(weeks=5), file=path, by="uci")
    assert (last.later, last.known_events) == (0, first.new_events)
    with reading(store) as connection:
        assert connection.execute(select(tickets.c.created_at)).scalar() > now - timedelta(weeks=1)
    assert (
        import_demo(store, SHIPPED, now + timedelta(weeks=9), file=path, by="uci").new_events == 0
    )


def generic(**words: str) -> str:
    names = GENERIC_HEADER.split(",")
    return ",".join(words.get(name, "") for name in names)


def test_a_generic_file_says_what_happened_row_by_row(store: Engine, tmp_path: Path) -> None:
    opened = {"ticket": "T1", "event": "1", "at": "2026-07-01T10:00", "kind": "created"}
    path = write(
        tmp_path,
        generic(
            **opened, author="customer", subject="Broken", text="The site is down", site="shop"
        ),
        generic(
            ticket="T1",
            event="2",
            at="2026-07-01T11:00",
            kind="comment",
            author="agent",
            text="On it",
        ),
        generic(
            ticket="T1",
            event="3",
            at="2026-07-01T12:00",
            kind="status",
            author="agent",
            value="solved",
        ),
        generic(ticket="T1", event="4", at="2026-07-01T13:00", kind="shouting", author="agent"),
        generic(
            ticket="T1",
            event="5",
            at="2026-07-01T13:00",
            kind="status",
            author="agent",
            value="gone",
        ),
        header=GENERIC_HEADER,
    )
    summary = run(store, SHIPPED, path, "generic", NOW)
    assert (summary.loaded, summary.bad) == (3, 2)
    with reading(store) as connection:
        row = connection.execute(select(tickets)).one()
        events = events_of(connection, "import", "T1")
    assert (row.subject, row.site, row.status) == ("Broken", "shop", "solved")
    assert row.created_at == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert (row.tier, row.tier_rule) == ("mission_critical", "a site or server is down")
    assert [e.facts["text"] for e in events if e.kind is EventKind.COMMENT] == ["On it"]
    tier = next(e for e in events if e.kind is EventKind.TIER)
    assert tier.author is Author.AUTOMATIC


JSON_MAPPING: Mapping[str, Any] = {"format": "json_lines"}


def test_json_lines_are_read_the_same_way(store: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    (folder / "imports").mkdir(parents=True)
    text = (SHIPPED / "imports" / "generic.yaml").read_text()
    text = text.replace("format: csv ", "format: json_lines ")
    (folder / "imports" / "lines.yaml").write_text(text)
    good = {
        "ticket": 1,
        "event": 1,
        "at": "2026-07-01T10:00Z",
        "kind": "created",
        "author": "customer",
        "subject": "Hi",
        "tags": ["a", "b"],
        "unknown": {"x": 1},
    }
    lines = [
        json.dumps(good),
        "{",
        "[1]",
        "[" * 100_000,
        json.dumps(good | {"ticket": {"a": 1}}),
        json.dumps(good | {"subject": "half \ud800"}),
        "",
        json.dumps(good | {"ticket": 2}),
    ]
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    summary = import_file(store, path, load_mapping(folder, "lines"), NOW)
    assert (summary.rows, summary.loaded, summary.bad) == (7, 2, 5)
    with reading(store) as connection:
        assert connection.execute(select(tickets.c.tags)).scalars().all() == ["a,b", "a,b"]
    assert [place for place, _ in quarantined(store)] == [f"log.jsonl.gz:{n}" for n in range(2, 7)]
