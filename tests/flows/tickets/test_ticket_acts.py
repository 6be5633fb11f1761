"""What people do to tickets of our own: calls are answered and finished, and so are pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from builders import NOON, SHIPPED, configure
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.store import find, list_open
from supportops.cli.main import app
from supportops.context import Context, no_secrets
from supportops.db.engine import reading, writing
from supportops.db.schema import tickets
from supportops.flows.alerts import alert_acts
from supportops.flows.alerts.acting import call_taken
from supportops.flows.sla import explain_ticket, sla_sweep
from supportops.flows.tickets import log_call, ticket_acts
from supportops.flows.tickets.log_call import Call, CallError
from supportops.flows.tickets.own_tickets.outage_mirror import mirror
from supportops.flows.tickets.own_tickets.outage_tickets import record
from supportops.flows.tickets.own_tickets.own_acts import Act
from supportops.flows.tickets.ticket_acts import ActError, Done
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import SourceError
from supportops.tickets.ticket import Author, Event, EventKind, Status
from tickets.helpline import Helpline, HelplineSource

SITES = [
    {"name": "kestrel-hire", "customer": "Kestrel Hire Ltd", "url": "https://kestrel.example/"},
    {"name": "Wiki", "customer": "Umbrella", "url": "https://wiki.example/"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = configure(tmp_path / "config", SITES)
    shutil.copy(SHIPPED / "triage.yaml", folder)
    return folder


class Desk:
    """The people at the telephone, at work in one store."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.context = Context(engine, folder, no_secrets)

    def call(self, what: str = "The site is down", **fields: str) -> str:
        call = Call.checked(**{"customer": "Umbrella", "what": what} | fields)
        run = log_call.run(self.engine, self.folder, call, what, NOON, NOON)
        return str(run["ticket"])

    def do(self, ticket: str, act: Act, minutes: float = 5, **more: Any) -> Done:
        return ticket_acts.run(self.context, ticket, act, after(minutes), **more)

    def ticket(self, name: str) -> Any:
        source, number = name.split("/")
        with reading(self.engine) as connection:
            c = tickets.c
            found = select(tickets).where(c.source == source, c.ticket == number)
            return connection.execute(found).one()

    def events(self, name: str) -> tuple[Event, ...]:
        with reading(self.engine) as connection:
            return events_of(connection, *name.split("/"))

    def alerts(self) -> list[Alert]:
        with reading(self.engine) as connection:
            return list_open(connection, Kind.CALL)

    def clock(self, name: str, metric: str, minutes: float) -> Any:
        found = explain_ticket.run(self.context, name, None, after(minutes))
        return next(c for c in found.explanation.clocks if c.metric == metric)


@pytest.fixture
def desk(store: Engine, folder: Path) -> Desk:
    return Desk(store, folder)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def change(**values: str) -> Act:
    return ticket_acts.change("anna", None, {EventKind(k): v for k, v in values.items()})


def test_a_reply_fulfils_the_first_reply_and_takes_the_page(desk: Desk) -> None:
    name = desk.call()
    done = desk.do(name, ticket_acts.reply("anna", "We are on it."), minutes=9)
    assert done.said == ("replied", "it is open", "its alert is acknowledged")
    clock = desk.clock(name, "first_reply_time", 60)
    assert (clock.state, clock.fulfilled_at) == ("fulfilled", after(9))
    assert (desk.alerts()[0].acknowledged_by, desk.ticket(name).status) == ("anna", "open")
    (reply,) = [e for e in desk.events(name) if e.kind is EventKind.COMMENT]
    assert (reply.facts["by"], reply.happened_at) == ("anna", after(9))


def test_solving_a_call_ends_its_page_and_says_that_nobody_replied(desk: Desk) -> None:
    name = desk.call()
    key = desk.alerts()[0].key
    done = desk.do(name, ticket_acts.solve("anna"))
    assert "nobody has replied" in " ".join(done.said)
    assert desk.alerts() == []
    with reading(desk.engine) as connection:
        ended = find(connection, key)
    assert ended is not None
    assert (ended.resolved_at, ended.facts["over"]) == (after(5), "solved by anna")
    assert desk.ticket(name).status == "solved"


def test_a_call_is_answered_and_solved_in_one_act(desk: Desk) -> None:
    name = desk.call()
    done = desk.do(name, ticket_acts.solve("anna", "It was the cache."))
    assert "nobody" not in " ".join(done.said)
    assert desk.clock(name, "first_reply_time", 60).state == "fulfilled"


def test_solving_twice_says_so_and_writes_nothing(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, ticket_acts.solve("anna"))
    before = desk.events(name)
    again = desk.do(name, ticket_acts.solve("ben", "Done"), minutes=7)
    assert not again.changed
    assert again.said == (f"it is solved already, since {after(5):%Y-%m-%d %H:%M} UTC",)
    assert desk.events(name) == before


def test_the_same_words_at_once_are_one_reply_and_an_hour_later_another(desk: Desk) -> None:
    name, act = desk.call(), ticket_acts.reply("anna", "Still at work.")
    assert desk.do(name, act, minutes=5).changed
    assert not desk.do(name, act, minutes=6).changed
    assert desk.do(name, act, minutes=65).changed


def test_a_reopened_ticket_is_open_and_its_clock_goes_on(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, ticket_acts.solve("anna", "Fixed."))
    assert desk.do(name, ticket_acts.reopen("anna"), minutes=10).changed
    assert desk.ticket(name).status == "open"
    assert desk.clock(name, "resolution_time", 20).state == "running"
    assert not desk.do(name, ticket_acts.reopen("anna"), minutes=11).changed


def test_acknowledging_the_page_is_the_first_reply_once(desk: Desk) -> None:
    name = desk.call()
    key = desk.alerts()[0].key
    assert alert_acts.acknowledge(desk.context, key, "ben", after(3))
    clock = desk.clock(name, "first_reply_time", 60)
    assert (clock.state, clock.fulfilled_at) == ("fulfilled", after(3))
    with pytest.raises(alert_acts.AlreadyTaken, match="ben has it"):
        alert_acts.acknowledge(desk.context, key, "anna", after(4))
    comments = [e for e in desk.events(name) if e.kind is EventKind.COMMENT]
    assert [(e.author, e.facts["by"]) for e in comments] == [(Author.AGENT, "ben")]


def test_acknowledgement_and_reply_are_committed_together_or_not_at_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = desk.call()
    key, before = desk.alerts()[0].key, desk.events(name)

    def fails(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(call_taken, "append_events", fails)
        with pytest.raises(RuntimeError, match="disk"):
            alert_acts.acknowledge(desk.context, key, "ben", after(3))
    assert desk.events(name) == before
    assert desk.alerts()[0].acknowledged_by is None


def test_acknowledging_after_a_reply_adds_none(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, change(tier="bug_fix"), minutes=1)
    desk.do(name, ticket_acts.reply("anna", "Hello"), minutes=2)
    desk.do(name, change(tier="mission_critical"), minutes=3)
    before = desk.events(name)
    assert alert_acts.acknowledge(desk.context, desk.alerts()[0].key, "ben", after(4))
    assert desk.events(name) == before


def test_a_question_about_an_invoice_pages_nobody(desk: Desk) -> None:
    name = desk.call("I have a question about our last invoice")
    assert (desk.ticket(name).tier, desk.alerts()) == ("user_support", [])


def test_a_tier_that_is_chosen_for_a_call_counts(desk: Desk) -> None:
    name = desk.call("I have a question", tier="Mission_Critical")
    assert (desk.ticket(name).tier, len(desk.alerts())) == ("mission_critical", 1)
    with pytest.raises(CallError, match="did you mean mission_critical"):
        desk.call("Another", tier="mission critical")


def test_moving_a_call_to_another_tier_ends_or_begins_its_page(desk: Desk) -> None:
    name = desk.call()
    assert "its alert is resolved: this tier can wait" in desk.do(name, change(tier="bug_fix")).said
    assert desk.alerts() == []
    again = desk.do(name, change(tier="mission_critical"), minutes=6)
    assert "the engineers are paged" in again.said
    (page,) = desk.alerts()
    assert page.opened_at == after(6)
    assert not desk.do(name, change(tier="mission_critical"), minutes=7).changed
    assert len(desk.alerts()) == 1


def test_a_priority_stands_for_its_tier_as_in_triage(desk: Desk) -> None:
    name = desk.call("A question")
    desk.do(name, change(priority="urgent"))
    assert (desk.ticket(name).priority, desk.ticket(name).tier) == ("urgent", "mission_critical")
    assert len(desk.alerts()) == 1
    desk.do(name, change(priority="low", tier="bug_fix"), minutes=6)
    assert desk.ticket(name).tier == "bug_fix"


def test_status_assignee_site_and_customer_are_set_and_signed(desk: Desk) -> None:
    name = desk.call()
    act = ticket_acts.change(
        "anna",
        Status.PENDING,
        {
            EventKind.ASSIGNEE: "ben",
            EventKind.SITE: " KESTREL-hire ",
            EventKind.CUSTOMER: "kestrel  hire LTD",
        },
    )
    desk.do(name, act)
    row = desk.ticket(name)
    assert (row.status, row.assignee) == ("pending", "ben")
    assert (row.site, row.customer) == ("kestrel-hire", "Kestrel Hire Ltd")
    assert {e.facts["by"] for e in desk.events(name) if "/act/" in e.source_event} == {"anna"}
    (alert,) = desk.alerts()
    assert (alert.site, alert.customer) == ("kestrel-hire", "Kestrel Hire Ltd")


def test_an_unknown_name_is_refused_with_the_near_ones_unless_it_is_meant(desk: Desk) -> None:
    name = desk.call()
    before = desk.events(name)
    with pytest.raises(ActError, match="did you mean kestrel-hire"):
        desk.do(name, change(site="kestrel hire"))
    with pytest.raises(ActError, match="did you mean user_support"):
        desk.do(name, change(tier="user-support"))
    with pytest.raises(ActError, match="low, normal, high, urgent"):
        desk.do(name, change(priority="x"))
    assert desk.events(name) == before
    desk.do(name, change(customer="New Co"), as_written=True)
    assert desk.ticket(name).customer == "New Co"


def test_a_logged_call_suggests_near_names(desk: Desk) -> None:
    call = Call.checked("kestrel hire", "The site is down", "kestrel hire")
    found = log_call.run(desk.engine, desk.folder, call, "1", NOON, NOON)
    assert found["near"] == ["kestrel-hire"]
    assert found["near_customers"] == ["Kestrel Hire Ltd"]


def test_acts_at_one_instant_keep_their_order(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, ticket_acts.solve("anna", "a"))
    desk.do(name, ticket_acts.reopen("anna"))
    desk.do(name, ticket_acts.solve("anna", "b"))
    assert desk.ticket(name).status == "solved"
    desk.do(name, ticket_acts.reopen("anna"))
    assert desk.ticket(name).status == "open"


def test_a_clock_that_is_behind_puts_no_act_before_the_call(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, ticket_acts.reply("anna", "Hello"), minutes=-30)
    assert desk.clock(name, "first_reply_time", 60).fulfilled_at == NOON


def test_waiting_for_the_customer_of_a_solved_ticket_is_refused(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, ticket_acts.solve("anna"))
    with pytest.raises(ActError, match="reopen it first"):
        desk.do(name, ticket_acts.change("anna", Status.HOLD, {}))


def outage_change(kind: ChangeKind, ended: bool = False) -> Change:
    incident = Incident(
        IncidentKind.OUTAGE,
        "Wiki",
        "timeout",
        NOON,
        NOON,
        site="Wiki",
        ended_at=after(30) if ended else None,
        closed_at=after(30) if ended else None,
    )
    return Change(kind, incident, "answers")


def open_outage(desk: Desk) -> str:
    with writing(desk.engine) as connection:
        save_changes(connection, [outage_change(ChangeKind.OPENED)])
        record(connection, [outage_change(ChangeKind.OPENED)], NOON, "mission_critical")
        number = connection.execute(
            select(tickets.c.ticket).where(tickets.c.source == "outage")
        ).scalar_one()
    return f"outage/{number}"


def test_an_act_on_an_outages_ticket_is_not_taken_for_its_end(desk: Desk) -> None:
    name = open_outage(desk)
    desk.do(name, ticket_acts.change("anna", Status.HOLD, {}))
    desk.do(name, ticket_acts.reply("anna", "The provider knows."), minutes=6)
    source = HelplineSource(Helpline())
    done = mirror(desk.engine, source, lambda: after(10))
    assert done == {"outages_raised": 1, "outages_ended": 0}
    with pytest.raises(ActError, match="merged into H1"):
        desk.do(name, ticket_acts.solve("anna"), minutes=11)


class Acting(HelplineSource):
    """A source whose account may act on tickets, or not."""

    pages = "https://helpline.example/tickets/{ticket}"

    def address(self, ticket: str) -> str:
        return f"https://helpline.example/tickets/{ticket}"

    def act(self, ticket: str, text: str, *, public: bool, status: Status | None) -> None:
        if self.fault:
            raise SourceError(self.fault)
        self.remote.comments.append((ticket, f"{text}|{public}|{status}"))


def remote_ticket(desk: Desk) -> str:
    event = Event("helpline", "1", "4711", EventKind.CREATED, NOON, NOON, Author.CUSTOMER)
    with writing(desk.engine) as connection:
        append_events(connection, [event], NOON)
    return "helpline/4711"


def test_a_ticket_of_a_source_is_acted_on_there(desk: Desk) -> None:
    name, source = remote_ticket(desk), Acting(Helpline())
    done = desk.do(name, ticket_acts.solve("anna", "Fixed."), sources=[source])
    assert source.remote.comments == [("4711", "Fixed.|True|solved")]
    assert "https://helpline.example/tickets/4711" in done.said[0]
    assert len(desk.events(name)) == 1


@pytest.mark.parametrize(
    ("source", "act", "says"),
    [
        (None, {}, "worked on in helpline"),
        (HelplineSource, {}, "worked on in Helpline"),
        (Acting, {"site": "Wiki"}, "https://helpline.example/tickets/4711"),
    ],
)
def test_what_cannot_be_done_from_here_says_where(
    desk: Desk, source: Any, act: Mapping[str, str], says: str
) -> None:
    name = remote_ticket(desk)
    acts = change(**act) if act else ticket_acts.reply("anna", "Hello")
    with pytest.raises(ActError, match=says):
        desk.do(name, acts, sources=[source(Helpline())] if source else [])


def test_an_account_that_may_not_says_where_to_do_it(desk: Desk) -> None:
    name, source = remote_ticket(desk), Acting(Helpline())
    source.fault = "Helpline: 403, forbidden"
    with pytest.raises(ActError, match=r"403, forbidden; do it in Helpline: https://helpline"):
        desk.do(name, ticket_acts.reply("anna", "Hello"), sources=[source])


def test_the_sweep_finds_nothing_late_on_an_answered_call(desk: Desk) -> None:
    name = desk.call()
    desk.do(name, ticket_acts.solve("anna", "Fixed."))
    summary = sla_sweep.hourly(desk.context, after(120), after(120))
    assert summary["raised"] == 0


class TestShell:
    @pytest.fixture(autouse=True)
    def _workplace(self, store_address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
        monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
        monkeypatch.setenv("LOGNAME", "carla")
        monkeypatch.setattr("supportops.cli.tickets.tickets.now", lambda: after(5))

    def typed(self, *words: str) -> Any:
        return CliRunner().invoke(app, ["tickets", *words])

    def test_every_act_is_a_command_and_signed_with_the_login_name(self, desk: Desk) -> None:
        name = desk.call()
        for words in (
            ("note", name, "the [bold]host\x1b knows"),
            ("reply", name, "We are on it."),
            ("set", name, "--status", "pending", "--assignee", "ben", "--by", "anna"),
            ("solve", name),
            ("reopen", name),
        ):
            answer = self.typed(*words)
            assert answer.exit_code == 0, answer.output
            assert "\x1b" not in answer.output
        by = [e.facts["by"] for e in desk.events(name) if "/act/" in e.source_event]
        assert set(by) == {"carla", "anna"}
        found = json.loads(self.typed("reopen", name, "--json").output)
        assert found == {"ticket": name, "changed": False, "did": ["it is open already"]}

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("set",), "nothing to set"),
            (("set", "--status", "solved"), "supportops tickets solve"),
            (("set", "--site", "kestrel hire"), "did you mean kestrel-hire?"),
            (("reply", " "), "the text is empty"),
            (("note", "x", "--by", " "), "`--by` is empty"),
        ],
    )
    def test_what_cannot_be_done_is_one_line(
        self, desk: Desk, words: tuple[str, ...], says: str
    ) -> None:
        answer = self.typed(words[0], desk.call(), *words[1:])
        assert answer.exit_code == 2
        assert says in answer.stderr
        assert answer.stderr.count("\n") == 1
