"""Explain, clocks and replay as a shell meets them: real processes, exit codes, one clear line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from airflow_home import ROOT
from cli.process.running import run_command as supportops
from sla.policies import story
from supportops.db.engine import make_engine, writing
from supportops.flows.sla.list_clocks import COLUMNS
from supportops.tickets.log.store import append_events

LEVELS = ROOT / "include/config/service_levels.yaml"
HOSTILE = "[bold]down\x1b[31m <script>x</script>"
EVENTS = [
    *story("2026-04-04 11:00 asks", "2026-04-09 17:10 answers"),
    *story("2026-04-07 10:00 asks", "2026-04-07 10:00 tier bug_fix", ticket="=cmd()"),
]
PERIOD = ("--from", "2026-04-01", "--to", "2026-05-01")


@pytest.fixture
def shop(store_address: str) -> str:
    """The address of a store with a few tickets."""
    engine = make_engine(store_address)
    answer = [replace(EVENTS[0], facts={"subject": HOSTILE}), *EVENTS[1:]]
    with writing(engine) as connection:
        append_events(connection, answer, datetime(2026, 5, 1, tzinfo=UTC))
    engine.dispose()
    return store_address


def run(store: str, *arguments: str) -> CompletedProcess[str]:
    return supportops(*arguments, SUPPORTOPS_DATABASE_URL=store)


def test_a_ticket_is_explained_in_words_and_with_a_bar(shop: str) -> None:
    done = run(shop, "explain", "1", "--at", "2026-04-10")
    assert done.returncode == 0, done.stderr
    assert "[bold]down" in done.stdout
    assert "\x1b" not in done.stdout
    assert "Due: Thu 9 Apr 2026 17:00 BST" in done.stdout
    assert "Easter Monday" in done.stdout
    assert "┃" in done.stdout
    answer = json.loads(run(shop, "explain", "test/1", "--at", "2026-04-10", "--json").stdout)
    assert (answer["ticket"], answer["source_id"]) == ("1", "test")
    assert answer["clocks"][0]["breached_at"] == "2026-04-09T16:00:00+00:00"


def test_an_explanation_is_a_page_fit_for_an_email(shop: str) -> None:
    done = run(shop, "explain", "1", "--at", "2026-04-10", "--html")
    assert done.returncode == 0, done.stderr
    assert "Due</th>" in done.stdout
    assert "\x1b" not in done.stdout
    assert "<style" not in done.stdout
    assert "<script" not in done.stdout
    assert run(shop, "explain", "1", "--html", "--json").returncode == 2


def test_clocks_are_listed_for_people_spreadsheets_and_programs(shop: str) -> None:
    table = run(shop, "clocks", "--at", "2026-05-01T00:00+00:00")
    assert table.returncode == 0, table.stderr
    written = run(shop, "clocks", "--csv", "--at", "2026-05-01").stdout
    rows = list(csv.DictReader(io.StringIO(written)))
    assert tuple(rows[0]) == COLUMNS
    assert {row["ticket"] for row in rows} == {"1", "'=cmd()"}
    answer = json.loads(run(shop, "clocks", "--json", "--open", "--tier", "bug_fix").stdout)
    assert {(row["ticket"], row["tier"]) for row in answer} == {("=cmd()", "bug_fix")}
    assert all(row["fulfilled_at"] is None for row in answer)


def test_a_replay_sets_another_policy_beside_the_one_in_force(shop: str, tmp_path: Path) -> None:
    other = tmp_path / "slack.yaml"
    other.write_text(LEVELS.read_text().replace("within: 3 working days", "within: 4 working days"))
    done = run(shop, "replay", *PERIOD, "--policy", str(other), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    met = [
        {(a["tier"], a["metric"]): (a["met"], a["due"]) for a in policy["attainment"]}
        for policy in answer["policies"]
    ]
    key = ("user_support", "first_reply_time")
    assert [each[key] for each in met] == [(0, 1), (1, 1)]
    assert [policy["name"] for policy in answer["policies"]] == ["in force", "slack"]
    assert answer["sweeps"][0]["told"][0]["what"] == "warning"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("explain", "nobody"), "no ticket 'nobody'"),
        (("explain", "1", "--source", "mars"), "no ticket '1' of source 'mars'"),
        (("explain", "1", "--at", "2020-01-01"), "nothing had happened to '1'"),
        (("clocks", "--tier", "gold"), "no tier 'gold'"),
        (("clocks", "--csv", "--json"), "either --csv or --json"),
        (("replay", "--from", "2026-05-01", "--to", "2026-04-01"), "--to must be after --from"),
        (("replay", *PERIOD, "--policy", "/nowhere.yaml"), "nowhere.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_what_cannot_be_answered_is_one_line_and_2(
    shop: str, arguments: tuple[str, ...], line: str
) -> None:
    done = run(shop, *arguments)
    assert done.returncode == 2
    assert line in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", [("clocks", "--json"), ("replay", *PERIOD, "--json")])
def test_a_ticket_beyond_all_calendars_is_named_and_1(shop: str, command: tuple[str, ...]) -> None:
    engine = make_engine(shop)
    far = story("2026-04-07 10:00 asks", "2150-01-01 10:00 answers", ticket="9")
    with writing(engine) as connection:
        append_events(connection, far, datetime(2026, 5, 1, tzinfo=UTC))
    engine.dispose()
    done = run(shop, *command)
    json.loads(done.stdout)
    if command[0] == "replay":
        assert done.returncode == 1
        assert "test/9 cannot be judged" in done.stderr
    else:
        assert done.returncode == 0, "what has not happened yet is not read"
