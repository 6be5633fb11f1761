"""What an agent does to a Zendesk ticket from here, over real sockets: once, or a clear line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import NOON, SHIPPED
from flows.tickets.syncing.syncing import pass_delay, sync
from supportops.context import Context, no_secrets
from supportops.db.engine import make_engine
from supportops.flows.sla import explain_ticket
from supportops.flows.tickets import ticket_acts
from supportops.flows.tickets.own_tickets.own_acts import Act
from supportops.flows.tickets.ticket_acts import ActError, Done
from supportops.sla.words.explanation import sections
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import AGENT, LOGIN, ROBOT, TOKEN, FakeZendesk, Lost, Reset, Status


@pytest.fixture
def local_store(sqlite_template: Path, tmp_path: Path) -> Engine:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    return make_engine(f"sqlite:///{path}")


class Desk:
    """An agent at work on the one ticket of an account."""

    def __init__(self, store: Engine, zendesk: FakeZendesk, client: Client) -> None:
        self.store, self.zendesk = store, zendesk
        self.source = ZendeskSource(client)
        self.context = Context(store, SHIPPED, no_secrets)
        self.ticket = zendesk.raise_ticket()
        pass_delay(zendesk)
        sync(store, zendesk)

    def do(self, act: Act) -> Done:
        return ticket_acts.run(
            self.context, f"zendesk/{self.ticket}", act, NOON, sources=[self.source]
        )

    def refused(self, act: Act) -> str:
        with pytest.raises(ActError) as error:
            self.do(act)
        assert str(error.value).isprintable()
        assert f"/agent/tickets/{self.ticket}" in str(error.value)
        assert TOKEN not in str(error.value)
        return str(error.value)

    @property
    def comments(self) -> list[tuple[str, bool]]:
        found = [(c["body"], c["public"]) for c in self.zendesk.comments[self.ticket]]
        return [one for one in reversed(found) if one[0].startswith("It ")]

    @property
    def status(self) -> str:
        return str(self.zendesk.tickets[self.ticket]["status"])

    @property
    def sent(self) -> list[Any]:
        return [asked for asked in self.zendesk.asked if asked.method == "PUT"]


@pytest.fixture
def desk(local_store: Engine, zendesk: FakeZendesk) -> Iterator[Desk]:
    account = Account(zendesk.address, LOGIN, TOKEN)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as client:
        yield Desk(local_store, zendesk, client)


def test_a_reply_is_public_and_a_note_is_not(desk: Desk) -> None:
    assert desk.do(ticket_acts.reply("anna", "It works again.")).changed
    desk.do(ticket_acts.note("anna", "It was the disk."))
    assert desk.comments == [("It works again.", True), ("It was the disk.", False)]


def test_a_solution_with_a_text_is_one_update(desk: Desk) -> None:
    desk.do(ticket_acts.solve("anna", "It works again."))
    assert desk.comments == [("It works again.", True)]
    assert desk.status == "solved"
    assert len(desk.sent) == 1
    desk.do(ticket_acts.reopen("anna"))
    assert desk.status == "open"


def test_a_status_that_it_has_and_a_text_that_it_has_are_not_sent_again(desk: Desk) -> None:
    desk.do(ticket_acts.solve("anna", "It works again."))
    desk.do(ticket_acts.solve("anna", "It works again."))
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    "fault",
    [Lost(504), Reset(carried_out=True), Reset(carried_out=False), Status(409), Status(503)],
)
def test_an_update_whose_answer_is_lost_happens_once(desk: Desk, fault: Any) -> None:
    desk.zendesk.change_faults = [fault]
    desk.do(ticket_acts.solve("anna", "It works again."))
    assert desk.comments == [("It works again.", True)]
    assert desk.status == "solved"


def test_a_busy_account_is_waited_for(desk: Desk) -> None:
    began = desk.zendesk.now
    late = Status(429, headers={"Retry-After": "20"})
    desk.zendesk.change_faults = [late]
    desk.do(ticket_acts.reply("anna", "It works again."))
    assert desk.comments == [("It works again.", True)]
    assert desk.zendesk.now >= began + 20


FAULTS = {
    401: "credentials of the connection zendesk are refused",
    403: "403, not allowed: this account may not change the ticket",
    429: "429, more requests than the plan allows",
    409: "409, somebody else changes the ticket just now",
    422: "422 (RecordInvalid: Status: closed prevents ticket update)",
}
INVALID = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {"status": [{"description": "Status: closed prevents ticket update"}]},
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_refusal_says_why_and_where_to_do_it(desk: Desk, code: int) -> None:
    headers = {"Retry-After": "600"} if code == 429 else {}
    body = json.dumps(INVALID).encode() if code == 422 else b"{}"
    desk.zendesk.change_faults = [Status(code, headers=headers, body=body)] * 10
    assert FAULTS[code] in desk.refused(ticket_acts.reply("anna", "It works again."))
    assert desk.comments == []


def test_a_closed_ticket_takes_nothing(desk: Desk) -> None:
    desk.zendesk.change(desk.ticket, "status", "closed")
    assert "422" in desk.refused(ticket_acts.reopen("anna"))
    assert "422" in desk.refused(ticket_acts.reply("anna", "It works again."))
    assert (desk.comments, desk.status) == ([], "closed")


def test_a_ticket_that_is_gone_says_so(desk: Desk) -> None:
    desk.zendesk.destroy(desk.ticket)
    assert "404" in desk.refused(ticket_acts.reply("anna", "It works again."))


def first_reply(desk: Desk) -> str:
    pass_delay(desk.zendesk)
    sync(desk.store, desk.zendesk)
    at = datetime.fromtimestamp(desk.zendesk.now, UTC)
    found = explain_ticket.run(desk.context, f"zendesk/{desk.ticket}", None, at)
    return sections(found.explanation, found.book, found.story)[0].verdict


def test_the_explanation_names_who_replied(desk: Desk) -> None:
    desk.zendesk.comment(desk.ticket, "It is being looked at.", by=AGENT)
    name = desk.zendesk.users[AGENT]["name"]
    assert f" by agent {name}" in first_reply(desk)


def test_somebody_without_a_name_is_an_agent_and_no_number(desk: Desk) -> None:
    desk.zendesk.users[ROBOT]["name"] = ""
    desk.do(ticket_acts.reply("anna", "It is being looked at."))
    words = first_reply(desk)
    assert " by an agent" in words
    assert str(ROBOT) not in words
