"""Writes the demo's log of tickets: an agency's subjects over real timings.

Run once, and again after a change of the demo's promises or subjects:

    python -m bench.demo_story

Real histories of the UCI log are chosen so that most promises are met and a few are broken, by the
demo's own service levels. Two weeks of openings become ten, so that the calendar month before the
current one is always whole: each ticket is used once, those of later fortnights moved by as many.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from supportops.config.loader import load
from supportops.context import Context, no_secrets
from supportops.db.engine import make_engine
from supportops.db.migrate import upgrade
from supportops.flows.sla import list_clocks
from supportops.flows.tickets import ticket_import
from supportops.local.demo.tickets import LOG as STORY
from supportops.local.demo.tickets import UCI_LOG as LOG

DEMO = Path(__file__).parents[1] / "include" / "supportops" / "local" / "demo"
DATA, CONFIG = DEMO / "demo_data", DEMO / "demo_config"
SHIPPED = DEMO.parents[2] / "config"
END = datetime(2016, 6, 1, tzinfo=UTC)
FIRST_MONDAY = datetime(2016, 2, 29)
WEEKS, FORTNIGHT = 10, timedelta(days=14)
FIRST_NUMBER = 20_417
TIERS = ("user_support", "bug_fix", "mission_critical")
# Tickets of a week by tier: how many that keep every promise, how many that break exactly one.
KEPT = {"user_support": 26, "bug_fix": 20, "mission_critical": 2}
BROKEN = {"user_support": 1, "bug_fix": 2, "mission_critical": 0}
# A broken promise is broken by so much of business time: seconds.
LEAST, MOST = 20 * 60, 6 * 3600
PEOPLE = ("Priya Shah", "Tom Ellis", "Marta Nowak", "Owen Hughes", "Ines Costa", "Jo Bell")
CALLERS = ("A. Lindqvist", "S. Okafor", "M. Brandt", "C. Doyle", "R. Patel", "L. Fischer")
FIELDS = (
    *("ticket", "change", "at", "opened_at", "state", "tier", "assignee"),
    *("subject", "requester", "customer", "site"),
)

Row = dict[str, str]
Clock = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One ticket of the log, and in which tiers it would keep its promises, or break one."""

    rows: Sequence[Row]
    opened: datetime
    keeps: frozenset[str]
    breaks: frozenset[str]


def main() -> None:
    random.seed(11)
    found = list(candidates())
    rows = [row for number, story in enumerate(chosen(found)) for row in written(number, *story)]
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with STORY.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(f"{len({row['ticket'] for row in rows})} tickets, {len(rows)} rows: {STORY}")


def chosen(found: Sequence[Candidate]) -> Iterator[tuple[Candidate, str, timedelta]]:
    """The tickets of each week with their tier and by how much they move, as they are opened."""
    left = list(found)
    random.shuffle(left)
    stories = []
    for week in range(WEEKS):
        start = FIRST_MONDAY + timedelta(weeks=week % 2)
        for tier in reversed(TIERS):
            for count, is_one in (
                (BROKEN[tier], lambda c, tier=tier: tier in c.breaks),
                (KEPT[tier], lambda c, tier=tier: tier in c.keeps),
            ):
                fitting = [c for c in left if start <= c.opened < start + FORTNIGHT / 2]
                for each in [c for c in fitting if is_one(c)][:count]:
                    left.remove(each)
                    stories.append((each, tier, week // 2 * FORTNIGHT))
    yield from sorted(stories, key=lambda story: story[0].opened + story[2])


_SUBJECTS = {
    tier: cycle(subjects)
    for tier, subjects in yaml.safe_load((DATA / "subjects.yaml").read_text()).items()
}
_SITES = cycle(load(CONFIG).fleet.sites[index] for index in (1, 6, 3, 9, 0, 4, 11, 5, 2, 8, 7, 10))


def written(
    number: int, candidate: Candidate, tier: str, moved: timedelta
) -> Iterator[dict[str, str]]:
    """The ticket's rows as the demo's mapping reads them."""
    site = next(_SITES)
    subject = next(_SUBJECTS[tier]).replace("{site}", site.name)
    for row in candidate.rows:
        person = row["assigned_to"]
        yield {
            "ticket": str(FIRST_NUMBER + number),
            "change": row["sys_mod_count"],
            "at": (instant(row["sys_updated_at"]) + moved).isoformat(),
            "opened_at": (candidate.opened + moved).isoformat(),
            "state": row["incident_state"],
            "tier": tier,
            "assignee": PEOPLE[int(person) % len(PEOPLE)] if person.isdecimal() else "",
            "subject": subject,
            "requester": CALLERS[int(candidate.rows[0]["number"]) % len(CALLERS)],
            "customer": site.customer,
            "site": site.name,
        }


def candidates() -> Iterator[Candidate]:
    """The tickets that were opened in office hours and came to an end within five weeks."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    with gzip.open(LOG, "rt", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["number"]].append(row)
    clocks = {tier: judged(tier) for tier in TIERS}
    for number, mine in rows.items():
        opened = instant(mine[0]["opened_at"])
        if opened.weekday() > 4 or not 8 <= opened.hour < 18:
            continue
        if any(row["incident_state"] == "-100" for row in mine):
            continue
        if instant(mine[-1]["sys_updated_at"]) - opened > timedelta(weeks=5):
            continue
        if mine[0]["incident_state"] != "New":  # answered as it was opened
            continue
        by_tier = {tier: clocks[tier].get(number, []) for tier in TIERS}
        yield Candidate(
            mine,
            opened,
            frozenset(t for t, c in by_tier.items() if c and not any(map(is_broken, c))),
            frozenset(t for t, c in by_tier.items() if breaks_one(c)),
        )


def is_broken(clock: Clock) -> bool:
    return clock["breached_at"] is not None


def breaks_one(clocks: Sequence[Clock]) -> bool:
    broken = [clock for clock in clocks if is_broken(clock)]
    return len(broken) == 1 and LEAST <= (broken[0]["overdue_seconds"] or 0) <= MOST


def judged(tier: str) -> dict[str, list[Clock]]:
    """The clocks of every ticket, were all of them of `tier`, by the ticket's number."""
    found: defaultdict[str, list[Clock]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        shutil.copytree(CONFIG, config)
        shutil.copy(SHIPPED / "triage.yaml", config)
        mapping = yaml.safe_load((SHIPPED / "imports" / "uci.yaml").read_text())
        mapping["times"]["zone"] = "office"
        mapping["state"]["tier"]["values"] = dict.fromkeys("1234", tier)
        (config / "imports" / "uci.yaml").write_text(yaml.safe_dump(mapping))
        engine = make_engine(f"sqlite+pysqlite:///{folder}/store.db")
        upgrade(engine)
        ticket_import.run(engine, config, LOG, "uci", END)
        with list_clocks.listing(Context(engine, config, no_secrets), END) as listed:
            for clock in listed.rows:
                found[clock["ticket"]].append(clock)
        engine.dispose()
    return found


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M")


if __name__ == "__main__":
    main()
