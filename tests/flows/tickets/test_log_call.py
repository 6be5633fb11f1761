"""A logged call: its ticket and its alert go together, whatever is typed, however often."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from builders import NOON, configure
from dispatching import Desk as Receivers
from inboxes import endpoint
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import list_open
from supportops.cli.main import app
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, messages, ticket_events, tickets
from supportops.flows.tickets import log_call
from supportops.flows.tickets.log_call import Call, CallError
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Author, EventKind

SITES = [
    {"name": "Acme Shop", "url": "https://www.acme.example/en/"},
    {"name": "Wiki", "customer": "Umbrella", "url": "https://wiki.example/"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configure(tmp_path / "config", SITES)


def call(**fields: str) -> Call:
    return Call.checked(**{"customer": "Acme", "what": "The basket is empty"} | fields)


def log(
    store: Engine, folder: Path, taken: Call | None = None, run: str = "manual__1", late: float = 0
) -> dict[str, Any]:
    now = NOON + timedelta(minutes=late)
    return log_call.run(store, folder, taken or call(), run, NOON, now)


def stored(store: Engine) -> list[Any]:
    with reading(store) as connection:
        return [
            row
            for table in (tickets, ticket_events, alerts, messages)
            for row in connection.execute(select(table))
        ]


def the_ticket(store: Engine) -> Any:
    with reading(store) as connection:
        return connection.execute(select(tickets).where(tickets.c.source == "phone")).one()


def the_alert(store: Engine) -> Alert:
    with reading(store) as connection:
        (found,) = list_open(connection, Kind.CALL)
    return found


def test_a_call_is_a_mission_critical_ticket_that_a_customer_raised(
    store: Engine, folder: Path
) -> None:
    summary = log(store, folder, call(number="+44 20 7946 0958"))
    ticket = the_ticket(store)
    assert summary["ticket"] == f"phone/{ticket.ticket}"
    assert (ticket.tier, ticket.customer, ticket.open) == ("mission_critical", "Acme", True)
    assert ticket.created_at == NOON
    assert ticket.requester == "Acme, +44 20 7946 0958"
    assert ticket.subject == "The basket is empty"
    with reading(store) as connection:
        first = events_of(connection, "phone", ticket.ticket)[0]
    assert (first.kind, first.author) == (EventKind.CREATED, Author.CUSTOMER)


def test_the_alert_says_who_called_what_about_and_where_to_call_back(
    store: Engine, folder: Path
) -> None:
    log(store, folder, call(number="+44 20 7946 0958", site="acme shop"))
    alert = the_alert(store)
    assert alert.headline == "call from Acme, +44 20 7946 0958: The basket is empty"
    assert alert.severity is Severity.CRITICAL
    assert (alert.site, alert.customer) == ("Acme Shop", "Acme")
    json.dumps(dict(alert.facts))


def test_it_pages_the_engineers_at_once(store: Engine, folder: Path) -> None:
    log(store, folder, call(what="Everything is down"))
    with endpoint() as phone, endpoint() as room:
        secrets = {"apprise_engineer_sms": phone.url(), "apprise_engineer_chat": room.url()}
        Receivers(store, secrets).dispatch()
        for paged in (phone, room):
            (page,) = paged.wait_for(1)
            message = page.json()["message"]
            assert "Everything is down" in message
            assert "call from Acme" in message


@pytest.mark.parametrize("late", [0, 7])
def test_running_again_adds_nothing(store: Engine, folder: Path, late: float) -> None:
    assert log(store, folder)["new"]
    before = stored(store)
    configure(folder, SITES[1:])
    assert not log(store, folder, late=late)["new"]
    assert stored(store) == before


def test_a_rerun_after_the_call_was_answered_pages_nobody(store: Engine, folder: Path) -> None:
    log(store, folder)
    desk = Receivers(store, {})
    desk.resolve(the_alert(store))
    log(store, folder)
    assert desk.open_alerts(Kind.CALL) == []


def test_two_calls_of_one_customer_are_two_tickets_and_two_pages(
    store: Engine, folder: Path
) -> None:
    log(store, folder, run="manual__1")
    log(store, folder, run="manual__2")
    with reading(store) as connection:
        assert len(list_open(connection, Kind.CALL)) == 2
        assert len(connection.execute(select(tickets)).all()) == 2


def test_ticket_and_page_are_committed_together_or_not_at_all(
    store: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(log_call, "raise_alert", fails)
        with pytest.raises(RuntimeError, match="disk"):
            log(store, folder)
    assert stored(store) == []
    assert log(store, folder)["new"]


@pytest.mark.parametrize(
    "written", ["Acme Shop", "ACME SHOP", "acme.example", "https://www.acme.example/basket?x=1"]
)
def test_a_site_is_known_by_its_name_or_its_address(
    store: Engine, folder: Path, written: str
) -> None:
    assert log(store, folder, call(site=written))["site_known"]
    assert the_ticket(store).site == "Acme Shop"


def test_an_unknown_site_is_stored_with_a_note(store: Engine, folder: Path) -> None:
    summary = log(store, folder, call(site="acme-shop.example"))
    assert (summary["site"], summary["site_known"]) == ("acme-shop.example", False)
    assert the_ticket(store).site == "acme-shop.example"
    alert = the_alert(store)
    assert alert.site is None
    assert "not checked" in alert.facts["words"]
    with reading(store) as connection:
        notes = [
            event.facts["text"]
            for event in events_of(connection, "phone", the_ticket(store).ticket)
            if event.kind is EventKind.NOTE
        ]
    assert len(notes) == 1
    assert "acme-shop.example" in notes[0]


def test_a_customer_is_called_as_in_the_configuration(store: Engine, folder: Path) -> None:
    log(store, folder, call(customer="  umbrella "))
    assert the_ticket(store).customer == the_alert(store).customer == "Umbrella"


def test_a_wrong_configuration_keeps_no_call_from_us(store: Engine, folder: Path) -> None:
    (folder / "sites.yaml").write_text("sites: nonsense")
    assert log(store, folder, call(site="Acme Shop"))["new"]


def test_a_call_about_a_site_that_is_down_says_that_we_know(store: Engine, folder: Path) -> None:
    incident = Incident(
        IncidentKind.OUTAGE, "Wiki", "timeout", NOON - timedelta(minutes=9), NOON, site="Wiki"
    )
    with writing(store) as connection:
        save_changes(connection, [Change(ChangeKind.OPENED, incident, "down")])
    summary = log(store, folder, call(site="wiki"))
    assert summary["outage"].startswith("outage/")
    assert f"we know already: {summary['outage']}" in the_alert(store).facts["words"]
    with reading(store) as connection:
        events = events_of(connection, "phone", the_ticket(store).ticket)
    assert [e.facts["outage"] for e in events if e.kind is EventKind.NOTE] == [
        summary["outage"].removeprefix("outage/")
    ]


HOSTILE = "<script>alert(1)</script>\r\nSubject: x\0 {{7*7}} \u202e \ud800 \N{PILE OF POO} @channel"


def test_hostile_words_are_stored_as_text(store: Engine, folder: Path) -> None:
    log(store, folder, call(customer=HOSTILE, what=HOSTILE, site=HOSTILE))
    alert, ticket = the_alert(store), the_ticket(store)
    for line in (alert.headline, ticket.subject, ticket.customer, ticket.site):
        assert "\n" not in line
        assert "\0" not in line
        assert "<script>" in line


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"what": ""}, "`what` is empty"),
        ({"what": " \n\t\u200b"}, "`what` is empty"),
        ({"customer": " "}, "`customer` is empty"),
        ({"customer": "x" * 201}, "`customer` has 201 characters"),
        ({"what": "x" * 4001}, "`what` has 4001 characters"),
        ({"number": "call me"}, "expected a telephone number"),
        ({"number": "1" * 80}, "expected a telephone number"),
    ],
)
def test_what_cannot_be_taken_down_is_refused_in_one_line(
    fields: dict[str, str], fault: str
) -> None:
    with pytest.raises(CallError, match=fault) as refused:
        call(**fields)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("number", ["", "112", "+44 20 7946 0958", "(020) 7946-0958 ext. 12"])
def test_a_number_may_be_written_as_people_do(number: str) -> None:
    assert call(number=number).number == number


class TestShell:
    @pytest.fixture(autouse=True)
    def _workplace(self, store_address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
        monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
        monkeypatch.setattr("supportops.cli.tickets.log_call.now", lambda: NOON)

    def typed(self, *words: str) -> Any:
        return CliRunner().invoke(app, ["log-call", *words])

    def test_a_call_is_taken_down_once(self, store: Engine) -> None:
        words = ("Acme", "It is down", "--site", "nope", "--id", "7")
        first, again = self.typed(*words), self.typed(*words)
        assert first.exit_code == again.exit_code == 0
        assert first.output.splitlines() == [
            f"phone/{the_ticket(store).ticket} logged",
            "mission_critical: the engineers are paged",
            "we check no site called 'nope'",
        ]
        assert "was logged before" in again.output

    def test_without_an_id_each_is_another_call(self, store: Engine) -> None:
        found = {json.loads(self.typed("Acme", "Down", "--json").output)["ticket"] for _ in "12"}
        assert len(found) == 2

    def test_a_refusal_is_one_line_and_exit_code_2(self) -> None:
        answer = self.typed("Acme", " ")
        assert answer.exit_code == 2
        assert answer.stderr == "supportops: what has happened? `what` is empty\n"
