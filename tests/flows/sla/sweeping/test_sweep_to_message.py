"""From tickets' events through the sweep to the e-mail in the morning."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from dispatching import LEVELS, Desk, configuration, everything_to
from flows.sweep_builders import Sweeper, recorded, sweeper
from inboxes import Mail, Mailbox
from sla.policies import WEEK, london, story
from supportops.config.documents import restore
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


def test_a_message_that_waited_for_the_morning_names_who_has_the_ticket_by_then(
    tickets: Sweeper, desk: Desk, mail: Mailbox
) -> None:
    asks, given, moved, named, paused = story(
        f"{ASKED} asks",
        "2026-04-10 08:30 assignee Ada",
        "2026-04-10 08:31 customer Kestrel Hire",
        "2026-04-10 08:32 site kestrel-hire",
        "2026-04-10 08:33 status pending",
    )
    tickets.append(asks)
    tickets.sweep("2026-04-09 17:03")
    (before,) = (row for row in tickets.alerts() if row.kind == "sla_breach")
    assert (before.facts["assignee"], before.customer, before.site) == (None, None, None)

    tickets.append(*recorded([given, moved, named, paused], "2026-04-10 08:35"))
    tickets.due("2026-04-10 08:40")
    (after,) = (row for row in tickets.alerts() if row.kind == "sla_breach")
    assert (after.key, after.opened_at) == (before.key, before.opened_at)
    assert (after.customer, after.site) == ("Kestrel Hire", "kestrel-hire")
    assert (after.facts["assignee"], after.facts["customer"]) == ("Ada", "Kestrel Hire")
    desk.clock.now = london("2026-04-10 09:00")
    desk.dispatch()
    assert "in calendar time; Ada" in text_of(mail.wait_for(1)[0])
    rows = tickets.rows()
    tickets.due("2026-04-10 08:40")
    assert tickets.rows() == rows


DAY_AND_NIGHT = {
    "tiers": {"user_support": {}, "hosting": {}},
    "outage_tier": "hosting",
    "call_tier": "hosting",
    "calendars": {
        **LEVELS["calendars"],
        "always": {"hours": {day: [["00:00", "24:00"]] for day in WEEK}},
    },
    "policies": [
        {
            "name": "first",
            "from": "2000-01-01",
            "promises": [
                {
                    "tier": tier,
                    "calendar": "always",
                    "targets": {"first_reply_time": {"within": "2h"}},
                }
                for tier in ("user_support", "hosting")
            ],
        }
    ],
    "default_tier": "user_support",
}


def test_what_waited_over_the_weekend_is_late_by_the_hours_of_its_own_promise(
    tickets: Sweeper, desk: Desk, mail: Mailbox
) -> None:
    route = everything_to("team_email", digest=True, hours="office")
    levels = {**LEVELS, **DAY_AND_NIGHT}
    known = configuration("team_email", routes=[route])
    document = {**known.document, "service_levels": levels}
    active = restore(document)
    desk.activate(active)
    assert active.promises is not None
    tickets.book = active.promises
    tickets.append(*story("2026-04-10 18:00 asks", "2026-04-10 18:00 tier hosting"))
    assert tickets.sweep("2026-04-10 20:03")["raised"] == 1
    desk.clock.now = london("2026-04-13 09:00")
    desk.dispatch()
    assert "61 h 00 min over in business time" in text_of(mail.wait_for(1)[0])


def test_a_warning_that_is_sent_after_the_deadline_is_no_warning(
    tickets: Sweeper, desk: Desk, mail: Mailbox
) -> None:
    tickets.append(*story(f"{ASKED} asks"))
    assert tickets.sweep("2026-04-09 16:03")["raised"] == 1
    desk.clock.now = london("2026-04-10 09:00")  # no sweep since: it is not known to be breached
    desk.dispatch()
    (sent,) = mail.wait_for(1)
    assert sent.subject == "SLA: 1 breached - #1 reply was due Thu 17:00"
    assert "Due soon" not in text_of(sent)


def test_what_was_stamped_before_a_sweep_and_committed_after_it_reaches_the_alert(
    tickets: Sweeper,
) -> None:
    asks, given = story(f"{ASKED} asks", "2026-04-09 17:01 assignee Ada")
    tickets.append(asks)
    tickets.sweep("2026-04-09 17:03")
    tickets.append(*recorded([given], "2026-04-09 17:02"))
    tickets.sweep("2026-04-09 18:03")
    (breach,) = (row for row in tickets.alerts() if row.kind == "sla_breach")
    assert breach.facts["assignee"] == "Ada"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("deleted", "deleted by now"),
        ("merged", "merged by now"),
        ("answers", "done by now, late"),
        ("status solved", "solved without a reply"),
    ],
)
def test_what_became_of_a_ticket_before_its_message_went_out_is_said(
    tickets: Sweeper, desk: Desk, mail: Mailbox, what: str, said: str
) -> None:
    asks, gone = story(f"{ASKED} asks", f"2026-04-09 17:30 {what}")
    tickets.append(asks)
    tickets.sweep("2026-04-09 17:03")
    tickets.append(gone)
    tickets.sweep("2026-04-09 18:03")
    desk.clock.now = london("2026-04-10 09:00")
    desk.dispatch()
    assert said in text_of(mail.wait_for(1)[0])


def test_a_broken_promise_is_open_again_with_its_ticket(tickets: Sweeper) -> None:
    def standing() -> list[str]:
        return [line for line in tickets.lines() if "breach" in line or "follow" in line]

    lines = (
        f"{ASKED} asks",
        "2026-04-09 17:30 status solved",
        "2026-04-10 10:00 status open",
        "2026-04-10 11:00 deleted",
        "2026-04-14 12:00 restored",
        "2026-04-14 13:00 answers",
    )
    asks, *events = story(*lines)
    tickets.append(asks)
    tickets.sweep("2026-04-09 17:03")
    found = []
    for event, at in zip(
        events,
        ("04-09 18:03", "04-10 10:03", "04-10 11:03", "04-14 12:03", "04-14 13:03"),
        strict=True,
    ):
        tickets.append(event)
        tickets.sweep(f"2026-{at}")
        found.append(standing())
        rows = tickets.rows()
        tickets.sweep(f"2026-{at}")
        assert tickets.rows() == rows
    assert found == [
        ["first_reply breach over"],
        ["first_reply breach open"],
        ["first_reply breach over"],
        ["first_reply breach open", "first_reply follow_up open"],
        ["first_reply breach over", "first_reply follow_up over"],
    ]
    assert not any(row.facts.get("ending") for row in tickets.alerts())
