"""Killed at any point and run again, or run twice at once, a report is issued and queued once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, select

import reporter_process
from supportops.db.engine import reading, store_url, writing
from supportops.db.schema import alerts, configurations, messages, report_documents, reports

TESTS = Path(__file__).parents[3]
# In the order in which rows may be deleted.
KEPT = (messages, alerts, report_documents, reports, configurations)
NUMBERS = {"id", "report"}


def reporter(address: str, act: str) -> subprocess.Popen[str]:
    where = store_url(address).render_as_string(hide_password=False)
    return subprocess.Popen(
        [
            *(sys.executable, str(TESTS / "reporter_process.py")),
            json.dumps({"store": where, "act": act}),
        ],
        env={"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def rows(store: Engine) -> list[list[dict[str, Any]]]:
    """All that is kept of reports, in order, without the numbers that the store gave."""
    with reading(store) as connection:
        return [
            [
                {name: value for name, value in row.items() if name not in NUMBERS}
                for row in connection.execute(select(t).order_by(*t.primary_key)).mappings()
            ]
            for t in KEPT
        ]


def empty(store: Engine) -> None:
    with writing(store) as connection:
        for table in KEPT:
            connection.execute(delete(table))


def queued(store: Engine) -> list[tuple[str, str]]:
    with reading(store) as connection:
        found = connection.execute(select(messages.c.target, messages.c.alert))
        return sorted((row.target, row.alert.removeprefix("report:weekly:")) for row in found)


def test_killed_at_any_statement_the_store_is_the_same_row_for_row(
    store: Engine, store_address: str
) -> None:
    with reporter(store_address, "die_everywhere") as process:
        died = int(process.communicate(timeout=250)[0])
    killed, messages = rows(store), queued(store)

    empty(store)
    for each in reporter_process.REPORTS:
        assert reporter_process.keep_one(store, *each).state == "sent"
    assert killed == rows(store)
    assert died > 25
    assert messages == [
        ("boss_email", "2026-W46:managers:1"),
        ("boss_email", "2026-W47:managers:1"),
        ("owner_email", "2026-W46:managers:1"),
        ("owner_email", "2026-W47:managers:1"),
    ]


def test_of_two_at_the_same_moment_one_sends_and_the_other_finds_it_sent(
    store: Engine, store_address: str
) -> None:
    with reporter(store_address, "once") as one, reporter(store_address, "once") as other:
        both = (one, other)
        for each in both:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in both:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        said = sorted(each.communicate(timeout=60)[0].strip() for each in both)
    assert said == ["sent", "sent before"]
    assert queued(store) == [
        ("boss_email", "2026-W46:managers:1"),
        ("owner_email", "2026-W46:managers:1"),
    ]
