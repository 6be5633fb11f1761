"""No code knows a tier by its name: another one that is configured alike behaves alike."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from flows.installations import Installation, installation
from sla.policies import story
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, messages, report_documents, ticket_events
from supportops.flows.sla import explain_ticket
from supportops.tickets.log.store import append_events

ROOT = Path(__file__).parents[2]
NAMES = ("mission_critical", "bug_fix", "user_support", "mission-critical")
# A Wednesday's ticket that nobody answers, swept in the middle of the night.
STORY = (
    "2026-11-18 23:00 asks",
    "2026-11-18 23:00 tier {}",
    "2026-11-18 23:00 customer Acme",
)


@pytest.mark.parametrize("folder", ["include/supportops", "dags", "plugins"])
def test_no_code_names_a_tier(folder: str) -> None:
    named = [
        str(path)
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".html", ".txt", ".typ", ".js", ".css", ".j2")
        and any(name in path.read_text(encoding="utf-8") for name in NAMES)
    ]
    assert named == []


def all_that_comes_of_it(place: Path, sqlite_template: Path, tier: str) -> dict[str, Any]:
    """What the product says of a ticket, an outage and a call whose tier has this name."""
    with installation(sqlite_template, place) as here:
        for file in here.folder.rglob("*.yaml"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("mission_critical", tier), encoding="utf-8")
        reports = here.file("reports").read_text().replace("[tiers]", "[tiers, open_breaches]")
        here.file("reports").write_text(f"targets: {{{tier}: 95%}}\n{reports}")
        here.site_check()
        here.log_call()
        events = story(*(line.format(tier) for line in STORY), ticket="9")
        facts = {"subject": "Help", "requester": "ann", "text": ""}
        with writing(here.engine) as connection:
            append_events(connection, [replace(events[0], facts=facts), *events[1:]], here.clock())
        here.clock.now = events[0].happened_at + timedelta(hours=2)
        here.sla_sweep()
        here.alert_dispatch()
        here.clock.now += timedelta(days=5)
        here.daily_report()
        here.weekly_report()
        explained = explain_ticket.run(here.context, "9", None, here.clock())
        return {"explain": repr(explained), **stored(here)}


def stored(here: Installation) -> dict[str, Any]:
    with reading(here.engine) as connection:
        tables = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in (alerts, messages, ticket_events, report_documents)
        }
    for row in tables["report_documents"]:
        row["content"] = row["content"].decode(errors="replace")
        row.pop("digest")
    return untimed(tables)


def untimed(value: Any) -> Any:
    """Without how long a connection took to be refused."""
    if isinstance(value, dict):
        return {key: untimed(inner) for key, inner in value.items() if key != "phases"}
    return [untimed(inner) for inner in value] if isinstance(value, list) else value


def test_a_renamed_tier_changes_nothing_but_the_name(tmp_path: Path, sqlite_template: Path) -> None:
    found = {}
    for tier in ("mission_critical", "platinum"):
        place = tmp_path / tier
        place.mkdir()
        text = json.dumps(all_that_comes_of_it(place, sqlite_template, tier), default=str, indent=1)
        text = re.sub(r"after \d+ ms", "after some ms", text.replace(str(place), ""))
        found[tier] = text.replace("platinum", "mission_critical")
        shutil.rmtree(place)
    assert found["platinum"].splitlines() == found["mission_critical"].splitlines()
    # And it is what wakes people, calls them, and stands in reports.
    for word in ('"severity": "critical"', '"kind": "call"', "Mission critical", "engineer_sms"):
        assert word in found["platinum"]
