"""The flows of every DAG at their minutes, in simulated time.

Each flow is called as its DAG calls it, by the same schedule, and a dispatch follows where its
DAG's asset has an event. Between, the script's people work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.month import agency
from bench.month.helpdesk import FakeZendesk, People
from bench.month.hours import ZONE
from bench.month.killing import Death, killed
from bench.month.meter import Meter
from bench.month.prober import Clock
from bench.month.script import FIVE_MINUTES, MINUTE, Script
from bench.month.sink import Sink
from sqlalchemy import Engine, select

from flows.tickets.mailing.mails import drop, voicemail
from supportops.alerts import hold
from supportops.context import Context
from supportops.db.activity import Flow, worked
from supportops.db.engine import reading, writing
from supportops.db.schema import tickets
from supportops.flows import active_configuration
from supportops.flows.alerts import alert_acts, alert_dispatch
from supportops.flows.customers import notice_acts, notices, show_notices
from supportops.flows.operations import housekeeping
from supportops.flows.reports import daily_report, monthly_report, report_approval, weekly_report
from supportops.flows.sites import push_check, site_check
from supportops.flows.sla import sla_sweep
from supportops.flows.tickets import mailbox, ticket_acts, ticket_sync, touched_tickets
from supportops.notices.notice import NoticeState
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import LOGIN, TOKEN

PAUSE = timedelta(seconds=5)
# Beside the hours of an outage, where each check writes them.
PAGES_AT = ((4, 0), (16, 0))
APPROVED_AFTER = 2 * MINUTE
DEATHS = (
    Death("site check", commits=2),
    Death("alert dispatch", before="INSERT INTO notification_log"),
    Death("ticket sync", commits=3),
    Death("site check", before="INSERT INTO alerts"),
)


@dataclass
class Month:
    """One installation, as it runs. `checks`: when each slot's check began."""

    engine: Engine
    address: str
    folder: Path
    script: Script
    clock: Clock
    sink: Sink
    fake: FakeZendesk
    meter: Meter = field(default_factory=Meter)
    deaths: int = 0
    pushed: int = 0
    notes: list[str] = field(default_factory=list)
    on_day: Callable[[int], None] = lambda _: None

    def __post_init__(self) -> None:
        known = agency.secrets(self.script, self.sink.address)
        self.context = self._context(self.engine)
        self._secrets = known
        self.people = People(self.script, self.fake)
        self._next_voicemail = self._next_answer = 0
        self._taken: set[str] = set()
        self._pushes = list(_pushes(self.script))

    def _context(self, engine: Engine) -> Context:
        pages = self.folder / "pages"
        pages.mkdir(exist_ok=True)
        return Context(engine, self.folder / "config", lambda n: self._secrets.get(n), pages)

    def run(self) -> None:
        """From the start to the end."""
        with writing(self.engine) as connection:
            hold.release(connection, "month", self.script.start)
        slot, day = self.script.start, -1
        self._serve(started=True)
        while slot < self.script.end:
            if (today := (slot - self.script.start).days) != day:
                day = today
                self.on_day(day)
            crash = self.script.crash
            if crash is not None and slot <= crash.at < slot + FIVE_MINUTES:
                self._crash(slot)
                slot = _on_slot(crash.until, FIVE_MINUTES)
                continue
            step = FIVE_MINUTES if self.script.is_busy(slot) else self.script.every
            self._slot(slot, step)
            slot = _on_slot(slot + FIVE_MINUTES, step)

    # --- one slot ---------------------------------------------------------------------------------

    def _slot(self, slot: datetime, step: timedelta) -> None:
        self._at(slot)
        if self._check(slot):
            self._dispatch()
        for minute in range(5):
            self._minute(slot + minute * MINUTE, minute)
        self._schedules(slot, step)

    def _minute(self, at: datetime, minute: int) -> None:
        """What the DAGs of each minute do in it, and the one that has its turn in these five."""
        came = self._mail(at)
        if minute == 0 or came or self.script.is_busy(at):
            self._at(max(at, self.clock.now))
            self._notices()
            self._mailbox()
        if minute in (1, 2, 3):
            self._at(max(at, self.clock.now))
        if minute == 1:
            self._push()
            if self._sync():
                self._dispatch()
        elif minute == 2:
            self._dispatch()

    def _schedules(self, slot: datetime, step: timedelta) -> None:
        """What comes hourly or daily in [slot, slot + step)."""
        for minute in range(round(step / MINUTE)):
            at = slot + minute * MINUTE
            local = at.astimezone(ZONE)
            if at.minute == 3:
                self._at(max(at, self.clock.now))
                if self._sweep(at):
                    self._dispatch()
            if at.minute == 41:
                self._at(max(at, self.clock.now))
                self._housekeeping()
            clock = (local.hour, local.minute)
            if clock == (7, 30) and local.weekday() < 5:
                self._report("daily report", daily_report.run, at)
            if clock == (8, 0) and local.weekday() == 0:
                self._report("weekly report", weekly_report.run, at)
            if clock == (9, 0):
                self._report("monthly report", monthly_report.run, at)
                self._approve_reports()

    def _at(self, at: datetime) -> None:
        """It is that instant, and the script's people have done what they have by then."""
        self.clock.now = at
        self.people.work(at)
        self._answer_calls(at)
        self._push_jobs(at)

    @property
    def _day(self) -> int:
        return (self.clock.now - self.script.start).days

    # --- the flows, as their DAGs call them -------------------------------------------------------

    def _check(self, slot: datetime) -> bool:
        pages = (slot.hour, slot.minute) in PAGES_AT or self.script.is_busy(slot)
        context = self.context if pages else replace(self.context, status_pages=None)
        name = "site check with status pages" if pages else "site check"
        with self.meter.run(name, self._day):
            summary = checked(context, slot, self.clock)
        self._take_outages()
        return bool(summary["changes"])

    def _dispatch(self) -> None:
        self.clock.pause(2)
        with self.meter.run("alert dispatch", self._day):
            alert_dispatch.run(self.engine, self.context.secrets, self.clock, who="month")

    def _sync(self) -> bool:
        with self.meter.run("ticket sync", self._day, own_thread=True):
            synced(self.context, self.fake, self.clock)
        with self.meter.run("touched tickets", self._day):
            summary = touched_tickets.follow(self.context, self.clock())
        return bool(summary["raised"] > summary["untold"] or summary["retracted"])

    def _sweep(self, at: datetime) -> bool:
        with self.meter.run("sla sweep", self._day):
            summary = sla_sweep.hourly(self.context, at, self.clock())
        assert not summary["unjudgeable"], summary
        return bool(summary["raised"] > summary["untold"] or summary["retracted"])

    def _push(self) -> None:
        with self.meter.run("push check", self._day):
            self._serve()
            summary = push_check.judge(self.context, self.clock())
        if summary["changes"]:
            self._dispatch()

    def _serve(self, *, started: bool = False) -> None:
        """The public endpoint: it says that it serves more often than flows run here."""
        if started:
            push_check.beat(self.context, self.clock(), started=True)
        with writing(self.engine) as connection:
            worked(connection, Flow.PUBLIC_ENDPOINT, self.clock())

    def _housekeeping(self) -> None:
        with self.meter.run("housekeeping", self._day):
            housekeeping.hourly(self.engine, 300)
            housekeeping.tidy(self.engine, self.context.config, self.clock(), 300)

    def _report(self, name: str, run: Callable[..., dict[str, Any]], at: datetime) -> None:
        self._at(max(at, self.clock.now))
        with self.meter.run(name, self._day):
            summary = run(self.context, at, self.clock(), scheduled=True)
        self.notes += [f"{name}: {each}" for each in summary["troubles"]]
        if summary["sent"] or summary["troubles"]:
            self._dispatch()

    def _approve_reports(self) -> None:
        waiting = [each.id for each in report_approval.waiting(self.context)]
        if waiting:
            self.clock.pause(600)
            report_approval.decide(self.context, waiting, "Ada", self.clock(), approve=True)
            self._dispatch()

    def _notices(self) -> None:
        with self.meter.run("notices", self._day):
            summary = notices.run(self.context, self.clock)
        if summary["to_dispatch"]:
            self._dispatch()
        if self.script.is_busy(self.clock()):
            self._approve_notices()

    def _approve_notices(self) -> None:
        now = self.clock()
        for _, notice in show_notices.listing(self.context, 50):
            is_due = now - notice.drafted_at >= APPROVED_AFTER
            if notice.state is NoticeState.WAITING and is_due:
                notice_acts.approve(self.context, notice.id, "Ada", now)

    def _mailbox(self) -> None:
        with self.meter.run("mailbox", self._day):
            summary = mailbox.run(self.context, self.clock)
        if summary["raised"]:
            self._dispatch()

    # --- what people and machines do --------------------------------------------------------------

    def _take_outages(self) -> None:
        """An engineer acknowledges the outages that the script says, when it is time."""
        now = self.clock()
        for each in self.script.outages:
            if each.taken_after is None or each.name in self._taken or now < each.start:
                continue
            if now >= each.start + each.taken_after and now < each.end:
                subject = each.host or each.sites[0]
                for alert in alert_acts.list_alerts(self.context, now):
                    if alert.subject == subject and alert.resolved_at is None:
                        alert_acts.acknowledge(self.context, alert.key, "Grace", now)
                        self._taken.add(each.name)

    def _mail(self, until: datetime) -> bool:
        """Whether a voicemail came."""
        calls, before = self.script.voicemails, self._next_voicemail
        while before < len(calls) and calls[before].at <= until:
            call = calls[before]
            identity = f"<call-{call.number}@voip.example>"
            drop(self.folder / "box", voicemail(message_id=identity, at=call.at), call.at)
            before += 1
        came, self._next_voicemail = before > self._next_voicemail, before
        return came

    @property
    def answered(self) -> int:
        """How many calls were answered by now."""
        return self._next_answer

    def _answer_calls(self, until: datetime) -> None:
        calls = self.script.voicemails
        while self._next_answer < self._next_voicemail:
            call = calls[self._next_answer]
            if call.answered_at > until:
                return
            name = self._ticket_of(self._next_answer)
            if name is None:
                return
            act = ticket_acts.solve("Grace", "Called back; it works again.")
            ticket_acts.run(self.context, name, act, call.answered_at)
            self._next_answer += 1

    def _ticket_of(self, number: int) -> str | None:
        with reading(self.engine) as connection:
            c = tickets.c
            query = select(c.ticket).where(c.source == "mailbox").order_by(c.created_at, c.id)
            found = connection.execute(query).scalars().all()
        return f"mailbox/{found[number]}" if number < len(found) else None

    def _push_jobs(self, until: datetime) -> None:
        """The pushes that came since; the public endpoint takes them when they come."""
        while self.pushed < len(self._pushes) and self._pushes[self.pushed][0] <= until:
            at, name = self._pushes[self.pushed]
            with reading(self.engine) as connection:
                configuration = active_configuration.active_configuration(connection)
            request = push_check.Request(agency.token(name))
            answer = push_check.receive(self.context, configuration, request, at)
            assert answer.status == 200, answer
            self.pushed += 1

    # --- the crash --------------------------------------------------------------------------------

    def _crash(self, slot: datetime) -> None:
        """Everything that runs at that instant is killed in its middle, then nothing runs."""
        self._at(slot)
        flows: dict[str, Callable[[Context], object]] = {
            "site check": lambda context: checked(context, slot, self.clock),
            "alert dispatch": lambda context: alert_dispatch.run(
                context.engine, context.secrets, self.clock, who="killed"
            ),
            "ticket sync": lambda context: synced(context, self.fake, self.clock),
        }
        now = self.clock.now
        for death in DEATHS:
            killed(self.address, death, lambda e, d=death: flows[d.flow](self._context(e)))  # type: ignore[misc]
            self.deaths += 1
            self.clock.now = now
        assert self.script.crash is not None
        self.clock.now = self.script.crash.until
        self._serve(started=True)


def _pushes(script: Script) -> list[tuple[datetime, str]]:
    """Every push that comes, in the order of time."""
    midnight = script.start.replace(hour=0, minute=0)
    found = []
    for job in script.jobs:
        missed = {each.date() for each in job.missed}
        for day in range((script.end - midnight).days + 1):
            at = midnight + timedelta(days=day, minutes=job.minute + 2)
            if script.start <= at < script.end and at.date() not in missed:
                found.append((at, job.name))
    return sorted(found)


def checked(context: Context, slot: datetime, clock: Clock) -> dict[str, Any]:
    """What the tasks of the DAG site_check do, in one process."""
    planned = site_check.plan(context.engine, context.config, slot, clock())
    specs = planned.specs()
    done = [
        site_check.check(
            context.engine,
            spec,
            clock,
            pause=clock.pause,
            secrets=context.secrets,
            on_changes=site_check.shown_at_once(context, clock),
            wait_for_others=False,
        )
        for spec in specs
    ]
    return site_check.finish(context, specs, done, planned.slot, clock())


def synced(context: Context, fake: FakeZendesk, clock: Clock) -> dict[str, Any]:
    """What the task of the DAG ticket_sync does."""
    account = Account(fake.address, LOGIN, TOKEN)
    with Client(account, sleep=clock.pause, monotonic=lambda: clock().timestamp()) as client:
        return ticket_sync.fetch(context, [ZendeskSource(client)], clock)


def _on_slot(at: datetime, every: timedelta) -> datetime:
    """The first slot at or after an instant."""
    whole = at.replace(minute=0, second=0, microsecond=0)
    while whole < at:
        whole += every
    return whole
