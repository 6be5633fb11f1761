"""From tickets' events through the sweep to the e-mail in the morning."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from dispatching import Desk, configuration, everything_to
from flows.sweep_builders import Sweeper, recorded, sweeper
from inboxes import Mail, Mailbox
from sla.policies import london, story
from supportops.db.engine import writing
from supportops.tickets.log.pages import note_pages

ASKED = "2026-04-04 11:00"  # due on Thursday 9 April at 17:00, after Easter Monday


@pytest.fixture
def tickets(store: Engine) -> Sweeper:
    return sweeper(store)


@pytest.fixture
def desk(store: Engine, mail: Mailbox) -> Desk:
    desk = Desk(store, {"apprise_team_email": mail.url("team@example.com")})
    desk.clock.now = london("2026-04-09 12:00")
    route = everything_to("team_email", digest=True, hours="office")
    desk.activate(configuration("team_email", routes=[route]))
    return desk


def text_of(mail: Mail) -> str:
    return " ".join(mail.part("plain").split())


def test_what_sweeps_find_after_hours_is_one_e_mail_at_nine_and_a_late_event_retracts_it(
    tickets: Sweeper, desk: Desk, mail: Mailbox
) -> None:
    asks, answer_in_time = story(f"{ASKED} asks", "2026-04-09 16:00 answers", ticket="1")
    also_asks, late_answer = story(f"{ASKED} asks", "2026-04-09 17:30 answers", ticket="2")
    tickets.append(asks, also_asks)
    assert tickets.sweep("2026-04-09 17:03")["raised"] == 2
    desk.clock.now = london("2026-04-09 17:05")
    assert desk.dispatch()["queued"] == 0

    tickets.append(late_answer)
    tickets.sweep("2026-04-09 18:03")
    desk.clock.now = london("2026-04-10 09:00")
    assert desk.dispatch()["handed_over"] == 2
    (first,) = mail.wait_for(1)
    assert first.subject == "SLA: 2 breached - first: #1 reply was due Thu 17:00"
    assert (
        "was due Thu 9 Apr 2026 17:00 BST, 0 min over in business time, "
        "16 h 00 min in calendar time; nobody"
    ) in text_of(first)
    assert "done by now, late" in text_of(first)
    assert "0 min over in business time, 30 min in calendar time" in text_of(first)

    tickets.append(*recorded([answer_in_time], "2026-04-10 09:30"))
    assert tickets.sweep("2026-04-10 10:03")["retracted"] == 1
    desk.clock.now = london("2026-04-10 10:05")
    assert desk.dispatch()["handed_over"] == 1
    assert mail.wait_for(2)[1].subject == "SLA: 1 retracted - #1 reply was due Thu 17:00"
    assert desk.dispatch()["queued"] == 0


def test_the_alert_holds_where_its_ticket_is_read(tickets: Sweeper, desk: Desk) -> None:
    with writing(tickets.store) as connection:
        form = "https://acme.zendesk.com/agent/tickets/{ticket}"
        note_pages(connection, "zendesk", form, desk.clock.now)
    asks = story(f"{ASKED} asks", ticket="12 a")
    tickets.append(*(replace(each, source="zendesk") for each in asks))
    tickets.append(*story(f"{ASKED} asks", ticket="13"))
    tickets.sweep("2026-04-09 17:03")
    facts = {row.facts["ticket"]: row.facts for row in tickets.alerts()}
    assert facts["12 a"]["ticket_path"] == "ticket?source=zendesk&id=12%20a"
    assert facts["12 a"]["ticket_address"] == "https://acme.zendesk.com/agent/tickets/12%20a"
    assert "ticket_address" not in facts["13"]
