"""Compares what the program did with the script: alerts, availability, service levels, reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.month.agency import contact
from bench.month.reckoning import Clock, attainment, clocks
from bench.month.record import Record
from bench.month.script import Act, Outage, Script, Step, Story
from bench.month.sink import Arrival
from sqlalchemy import Engine, select

from supportops.alerts.description import reference_of
from supportops.config.loader import load
from supportops.config.of_store.retention import LEAST_CHECKS, Retention
from supportops.db.engine import reading
from supportops.db.schema import alerts, check_results, incidents, messages, reports
from supportops.flows.operations.housekeeping import prune
from supportops.flows.operations.pruning.removal import Kind
from supportops.flows.reports.reporting.pipeline import make_reports
from supportops.flows.reports.reporting.selection import ReportRequest
from supportops.flows.sites import site_availability
from supportops.reports import store as report_store
from supportops.reports.formats.file import File
from supportops.reports.period import Cadence

PROMISED = timedelta(seconds=90)
# Of the shipped route `mission_critical`.
PAGED = ("engineer_sms", "engineer_chat", "team_email")
ESCALATED_AFTER = timedelta(minutes=30)
MARK = "may be repeated"
# A breach is found by the next sync or sweep, and goes out with the hourly digest, in office hours.
SETTLED = timedelta(days=3)


@dataclass
class Verdict:
    """What was compared: how many of each, and each that is otherwise than in the script."""

    compared: Counter[str] = field(default_factory=Counter)
    wrong: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def compare(self, what: str, name: str, found: object, expected: object) -> None:
        self.compared[what] += 1
        if found != expected:
            self.wrong[what].append(f"{name}: {found!r}, expected {expected!r}")

    @property
    def fine(self) -> bool:
        return not any(self.wrong.values())


@dataclass(frozen=True, slots=True)
class Found:
    """A month that was run: its record, its store, and the folder of its configuration."""

    record: Record
    engine: Engine
    config: Path

    @property
    def script(self) -> Script:
        return self.record.script


def judge(month: Found, verdict: Verdict) -> Verdict:
    """Everything."""
    compare_outages(month, verdict)
    compare_notices(month, verdict)
    compare_jobs(month, verdict)
    compare_arrivals(month, verdict)
    compare_breaches(month, verdict)
    compare_availability(month, verdict)
    compare_figures(month, verdict)
    compare_replays(month, verdict)
    return verdict


def notices_faults(month: Found) -> bool:
    """Whether the comparison would see a page that was lost, one that came twice, an outage that
    nobody knows of, and an answer that came too late."""
    record = month.record
    page = next(a for a in record.arrivals if a.target == "engineer_sms" and "DOWN" in a.text)
    first = min(month.script.stories, key=lambda each: each.created_at)
    late = replace(first, created_at=first.created_at - timedelta(days=30))
    unknown = Outage("unknown", ("nowhere",), month.script.start, record.now)
    scripts = [
        replace(month.script, outages=(*month.script.outages, unknown), by_site={}),
        replace(month.script, stories=(late, *month.script.stories[1:])),
    ]
    records = [
        replace(record, arrivals=[a for a in record.arrivals if a is not page]),
        replace(record, arrivals=[*record.arrivals, page]),
        *(replace(record, script=each) for each in scripts),
    ]
    compares = (compare_outages, compare_outages, compare_outages, compare_breaches)
    found = []
    for compare, each in zip(compares, records, strict=True):
        verdict = Verdict()
        compare(replace(month, record=each), verdict)
        found.append(not verdict.fine)
    return all(found)


# --- outages -------------------------------------------------------------------------------------


def compare_outages(month: Found, verdict: Verdict) -> None:
    """One incident and one alert each, one page and one end to each receiver, in time; and none
    beside them."""
    with reading(month.engine) as connection:
        wanted = incidents.c.kind.in_(("outage", "host_outage", "blind", "fault"))
        rows = connection.execute(select(incidents).where(wanted)).all()
    expected = sorted((each.host or each.sites[0]) for each in month.script.outages)
    found = sorted(row.subject for row in rows)
    verdict.compare("outages", "incidents", found, expected)
    for each in month.script.outages:
        row = next((row for row in rows if row.subject == (each.host or each.sites[0])), None)
        if row is not None:
            _compare_pages(month, verdict, each, row)


def _compare_pages(month: Found, verdict: Verdict, outage: Outage, row: Any) -> None:
    name, crash = outage.name, month.script.crash
    first = _first_check(month, outage.sites, outage.start)
    verdict.compare("outages", f"{name} began", row.started_at, first)
    verdict.compare("outages", f"{name} ended", row.ended_at,
                    _first_check(month, outage.sites[-1:], outage.end))  # fmt: skip
    by = first + PROMISED
    if crash is not None and crash.at <= first <= crash.until:
        by = crash.until + month.script.every + PROMISED
    taken = outage.taken_after is not None and outage.taken_after < ESCALATED_AFTER
    told = PAGED if taken else (*PAGED, "manager_email")
    mine = [a for a in month.record.arrivals if f"#{reference_of(row.key)}" in a.text + a.title]
    for target in told:
        about = [each for each in mine if each.target == target]
        pages = [a for a in about if not _is_end(a)]
        later = [a for a in pages if a.at >= pages[0].at + timedelta(minutes=50)]
        verdict.compare("pages", f"{name} to {target}", len(pages) - len(later), 1)
        verdict.compare("ends", f"{name} to {target}", sum(map(_is_end, about)), 1)
        if target in PAGED and pages:
            verdict.compare("pages in time", f"{name} to {target}", pages[0].at <= by, True)
        if not outage.taken_after and pages:
            hours = (row.ended_at - pages[0].at) // timedelta(hours=1)
            verdict.compare("reminders", f"{name} to {target}", len(later), hours)


def _is_end(arrival: Arrival) -> bool:
    first = (arrival.title or arrival.text).strip().partition("\n")[0]
    return "RESOLVED" in first


def _first_check(month: Found, sites: Sequence[str], at: datetime) -> datetime | None:
    """The first check of any of these sites from an instant on."""
    c = check_results.c
    query = select(c.checked_at).where(c.site.in_(sites), c.slot >= at - timedelta(minutes=5))
    with reading(month.engine) as connection:
        found = connection.execute(query.where(c.checked_at >= at).order_by(c.checked_at).limit(1))
        return found.scalar()


def compare_notices(month: Found, verdict: Verdict) -> None:
    """Each customer who is hurt has a first word, and one that it is over."""
    script, reach = month.script, month.script.every + timedelta(hours=1)
    for each in script.outages:
        for customer in sorted({script.sites[site][0] for site in each.sites}):
            came = [a for a in month.record.arrivals if a.target == contact(customer)]
            about = [a.at for a in came if each.start <= a.at < each.end + reach]
            words = (len(about) >= 2 and about[0] < each.end, bool(about) and about[-1] > each.end)
            name = f"of {each.name} to {customer}"
            verdict.compare("notices to customers", name, words, (True, True))


def compare_jobs(month: Found, verdict: Verdict) -> None:
    """Each push that did not come is one incident, which ends with the next one; and no other."""
    expected = []
    for job in month.script.jobs:
        missed = {each.date() for each in job.missed}
        expected += [(job.name, at) for at in sorted(missed)]
    c = incidents.c
    query = select(c.subject, c.started_at, c.closed_at).where(c.kind.startswith("push"))
    with reading(month.engine) as connection:
        rows = connection.execute(query.order_by(c.started_at, c.key)).all()
    found = [(row.subject, row.started_at.date()) for row in rows]
    verdict.compare("jobs that fell silent", "incidents", sorted(found), sorted(expected))
    still_open = [row.subject for row in rows if row.closed_at is None]
    verdict.compare("jobs that fell silent", "still open", still_open, [])


# --- messages ------------------------------------------------------------------------------------


def compare_arrivals(month: Found, verdict: Verdict) -> None:
    """No message came twice unmarked, none was given up, and none that is due still waits."""
    times = Counter(
        (a.target, a.title, a.text) for a in month.record.arrivals if MARK not in a.title
    )
    for (target, title, text), count in times.items():
        verdict.compare("messages that came once", f"{target}: {title or text[:80]}", count, 1)
    with reading(month.engine) as connection:
        m = messages.c
        rows = connection.execute(select(m.state, m.due_at)).all()
    over = month.record.now - SETTLED
    lost = [row for row in rows if row.state in ("waiting", "claimed") and row.due_at < over]
    verdict.compare("messages lost", "still waiting", len(lost), 0)
    given_up = [row for row in rows if row.state == "given_up"]
    verdict.compare("messages lost", "given up", len(given_up), 0)


def doubled(arrivals: Sequence[Arrival]) -> int:
    """The messages that may be repetitions, and say so."""
    return sum(MARK in f"{a.title} {a.text}" for a in arrivals)


# --- service levels ------------------------------------------------------------------------------


def stories(month: Found) -> tuple[Story, ...]:
    """Those of the script, with the answerphone's calls as the tickets that they became."""
    calls = [
        Story(-1 - call.number, "mission_critical", "", call.at.replace(microsecond=0),
              (Step(call.answered_at, Act.REPLY), Step(call.answered_at, Act.SOLVE)))
        for call in month.script.voicemails[: month.record.answered]
    ]  # fmt: skip
    return (*month.script.stories, *calls)


def compare_breaches(month: Found, verdict: Verdict) -> None:
    """Each promise that the script breaks has one alert, and no other has; each that settled was
    sent once to each receiver of its route."""
    now = month.record.now
    names = {str(number): story for story, number in month.record.numbers.items()}
    with reading(month.engine) as connection:
        a = alerts.c
        rows = connection.execute(select(alerts).where(a.kind == "sla_breach")).all()
        m = messages.c
        sent: Counter[tuple[str, str]] = Counter()
        query = select(m.alert, m.target).where(m.phase == "firing", m.state == "handed_over")
        for alert, target in connection.execute(query):
            sent[alert, target] += 1
    found: Counter[tuple[int, str, int]] = Counter()
    keys: dict[tuple[int, str, int], Any] = {}
    for row in rows:
        if row.facts["source"] == "zendesk" and row.facts["ticket"] in names:
            key = (names[row.facts["ticket"]], row.facts["metric"], row.facts["instance"])
            found[key] += 1
            keys[key] = row
    expected: dict[tuple[int, str, int], Clock] = {}
    for story in month.script.stories:
        for clock in clocks(story, now - timedelta(hours=1, minutes=10)):
            if clock.is_broken:
                expected[story.number, clock.metric, clock.instance] = clock
    for key, clock in expected.items():
        verdict.compare("breaches", f"{key}, due {clock.due}", found.pop(key, 0), 1)
    for key in list(found):
        late = {(c.metric, c.instance) for c in clocks(month.script.stories[key[0]], now)
                if c.is_broken}  # fmt: skip
        verdict.compare("breaches that are none", f"{key}", key[1:] in late, True)
    for key, clock in expected.items():
        if key not in keys or clock.due is None or clock.due > now - SETTLED:
            continue
        targets = ("support_chat", "team_email")
        if clock.story.tier == "mission_critical":
            targets = ("engineer_sms", "engineer_chat")
        for target in targets:
            count = sent[keys[key].key, target]
            over = _over(keys[key])
            if count == 0 and over:
                continue  # answered before the office opened
            verdict.compare("breaches sent", f"{key} to {target}", count, 1)


def _over(row: Any) -> bool:
    """Whether it was over before anybody could be told."""
    return row.resolved_at is not None


def compare_figures(month: Found, verdict: Verdict) -> None:
    """Due and met by tier and metric in every report about tiers, and a customer's month."""
    told = stories(month)
    for row in _reports(month):
        if row.customer is not None:
            continue
        expected = attainment(told, row.starts_at, row.ends_at, row.as_of)
        lines = {
            (line["name"], line["metric"]): (line["kept"]["due"], line["kept"]["met"])
            for line in row.figures["promises"]
            if line["by"] == "tier" and line["metric"] is not None and line["kept"]["due"]
        }
        wanted = {key: (kept.due, kept.met) for key, kept in expected.items()}
        for key in sorted(lines.keys() | wanted.keys()):
            name = f"{row.cadence} {row.period} {row.audience} {key}"
            verdict.compare("figures of service levels", name, lines.get(key, (0, 0)),
                            wanted.get(key, (0, 0)))  # fmt: skip
    for row in _reports(month):
        if row.customer is not None:
            _compare_month(month, verdict, row)


def _compare_month(month: Found, verdict: Verdict, row: Any) -> None:
    mine = [each for each in month.script.stories if each.customer == row.customer]
    arrived = sum(row.starts_at <= each.created_at < row.ends_at for each in mine)
    solved = sum(
        row.starts_at <= step.at < row.ends_at and step.act is Act.SOLVE
        for each in mine for step in each.steps
    )  # fmt: skip
    within = [o for o in month.script.outages if row.starts_at <= o.start < row.ends_at]
    hurt = [month.script.sites[site][0] for each in within for site in each.sites]
    # An outage of a site is a ticket of its customer too, which ends with it.
    own = sum(
        each.host is None and month.script.sites[each.sites[0]][0] == row.customer
        for each in within
    )
    figures = row.figures
    volume = next((v for v in figures["volumes"] if v["by"] == "all"), None)
    if volume is None:
        volumes = [v for v in figures["volumes"] if v["by"] == "tier"]
        volume = {k: sum(v[k] for v in volumes) for k in ("arrived", "solved")}
    verdict.compare(
        "customers' months", f"{row.customer} arrived", volume["arrived"], arrived + own
    )
    verdict.compare("customers' months", f"{row.customer} solved", volume["solved"], solved + own)
    seen = sum(each["outages"] for each in figures["sites"])
    verdict.compare("customers' months", f"{row.customer} outages", seen, hurt.count(row.customer))


# --- availability --------------------------------------------------------------------------------


def compare_availability(month: Found, verdict: Verdict) -> None:
    """The down time of each site, from the first check that the script fails to the first that it
    does not; where nobody looked for longer than two intervals it is unknown after the first."""
    start, end = month.script.start, month.record.now
    found = {e.site.name: e for e in site_availability.of_period(month.engine, start, end)}
    hurt = {site for each in month.script.outages for site in each.sites}
    for name in month.script.sites:
        down = found[name].availability.down
        expected = timedelta(0)
        if name in hurt:
            expected = _down(month, name)
        verdict.compare("availability", name, down, expected)


def _down(month: Found, site: str) -> timedelta:
    c = check_results.c
    query = select(c.slot, c.attempt, c.checked_at).where(c.site == site, c.page == "")
    with reading(month.engine) as connection:
        rows = connection.execute(query.order_by(c.slot, c.attempt)).all()
    slots: dict[datetime, list[datetime]] = {}
    for slot, _, at in rows:
        slots.setdefault(slot, []).append(at)
    runs = list(slots.values())
    total, every = timedelta(0), month.script.every
    for this, following in pairwise(runs):
        is_down = all(month.script.is_down(site, at) for at in this)
        if is_down:
            gap = following[0] - this[0]
            unseen = following[-1] - this[-1] > 2 * every
            total += this[-1] - this[0] + every if unseen else gap
    return total


# --- reports -------------------------------------------------------------------------------------


def compare_pruned(month: Found, verdict: Verdict) -> int:
    """Removes all checks that may be removed, and compares what their summaries say then; how many
    it were. What the script is compared with is gone after that."""

    def availability() -> list[dict[str, Any]]:
        found = site_availability.of_period(month.engine, month.script.start, month.record.now)
        return [each.to_json() for each in found]

    before, removed = availability(), 0
    retention = Retention(checks=LEAST_CHECKS)
    for each in prune(month.engine, retention, month.record.now, pause=lambda _: None):
        removed = each.rows[Kind.CHECKS]
    if removed:
        for was, now in zip(before, availability(), strict=True):
            verdict.compare("availability after pruning", now["site"], now, was)
        compare_replays(month, verdict, "reports replayed after pruning")
    return removed


def compare_replays(month: Found, verdict: Verdict, what: str = "reports replayed") -> None:
    """Each report made again today has the bytes that it had when it was issued."""
    configuration = load(month.config)
    issued = [row for row in _reports(month) if row.edition == 1]
    periods = dict.fromkeys((row.cadence, row.period, row.as_of) for row in issued)
    for cadence, period, as_of in periods:
        again: dict[str, dict[str, str]] = {}

        def on_report(result: Any, files: Sequence[File], again: Any = again) -> None:
            again[result.audience] = {file.name: file.digest for file in files}

        request = ReportRequest(Cadence(cadence), (period,))
        make_reports(month.engine, configuration, request, as_of, month.record.now,
                     on_report=on_report)  # fmt: skip
        for row in issued:
            if (row.cadence, row.period) != (cadence, period):
                continue
            with reading(month.engine) as connection:
                before = report_store.digests(connection, row.id)
            name = f"{cadence} {period} {row.audience}"
            other = sorted(n for n in before if again.get(row.audience, {}).get(n) != before[n])
            verdict.compare(what, name, other, [])


def _reports(month: Found) -> Iterator[Any]:
    """Those that were made at their time."""
    c = reports.c
    with reading(month.engine) as connection:
        rows = connection.execute(
            select(reports).where(c.issued_at.is_not(None)).order_by(c.made_at, c.id)
        ).all()
    yield from rows
