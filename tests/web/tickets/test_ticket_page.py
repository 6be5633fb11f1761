"""A ticket's page: its promises drawn and in words, its history, and what people do there."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from supportops.alerts.alert import Kind
from supportops.alerts.store import find_open
from supportops.db.engine import reading
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sla import sla_sweep
from supportops.flows.tickets import log_call, ticket_acts
from supportops.tickets.source import OWN_SOURCES
from supportops.tickets.ticket import EventKind, Status
from tickets.helpline import Helpline, HelplineSource
from web.boards import NOON, READER
from web.desk import Desk, event

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOSTILE = "<script>alert(1)</script>{{7*7}}"


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path / "config")


class Acting(HelplineSource):
    """A source whose tickets can be worked on from here; it remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(Helpline())
        self.asked: list[tuple[object, ...]] = []

    def act(self, ticket: str, text: str, *, public: bool, status: Status | None, **_: str) -> None:
        self.asked.append((ticket, text, public, status))


def call(desk: Desk, **fields: str) -> str:
    """The number of the ticket of a call that is taken now."""
    given = {"customer": "Acme", "what": "The shop is broken.", "site": "shop.example"} | fields
    made = log_call.Call.checked(**given)
    engine, folder = desk.context.engine, desk.context.config
    done = log_call.run(engine, folder, made, "run", desk.now, desk.now)
    return str(done["ticket"]).partition("/")[2]


def test_the_page_says_what_was_promised_and_draws_when_its_clock_ran(desk: Desk) -> None:
    reply = event("7", EventKind.COMMENT, NOON - HOUR, text="On it.", by="bo")
    desk.ticket("7", reply, ago=20 * HOUR, assignee="bo", site="shop.example")
    page, text = desk.get("/ticket", source="zendesk", id="7"), desk.text("/ticket", id="7")
    assert "First reply, Bug fixes answered Wed 18 Nov 2026 11:00 GMT by agent bo, in time" in text
    assert "a first reply within 1 working day" in text
    for part in ("ran", "closed", "coming", "deadline"):
        assert f'class="{part}"' in page
    assert "bo replied On it." in text
    assert "Solution in 12 h 00 min" in text or "Progress update in" in text


def test_a_ticket_that_is_not_there_is_a_page_that_says_so(desk: Desk) -> None:
    desk.ticket("7")
    desk.ticket("7", source="uci")
    assert "No ticket &#39;8&#39;" in desk.get("/ticket", 404, id="8")
    assert "Several tickets are called '7'" in desk.text("/ticket", 404, id="7")
    assert "uci/7" in desk.text("/ticket", id="7", source="uci")


def test_its_alerts_are_shown_and_no_others(desk: Desk) -> None:
    desk.ticket("7", ago=timedelta(days=3))
    desk.ticket("70", ago=timedelta(days=1, hours=2))
    sla_sweep.hourly(desk.context, desk.now, desk.now)
    page = desk.get("/ticket", source="zendesk", id="7")
    assert "the first reply is late" in page
    assert "sla%3Azendesk%3A7%3A" in page
    assert "sla%3Azendesk%3A70%3A" not in page


def test_a_call_is_answered_noted_changed_solved_and_reopened_by_whoever_signs_in(
    desk: Desk,
) -> None:
    number = call(desk, tier="mission_critical")
    named = {"source": "phone", "id": number}
    with reading(desk.engine) as connection:
        assert find_open(connection, Kind.CALL, f"phone {number}") is not None
    for name, body in (
        ("ticket_reply", {"text": "We restart it."}),
        ("ticket_note", {"text": "disk full"}),
        ("ticket_set", {"tier": "bug_fix", "assignee": "bo", "status": "open"}),
        ("ticket_solve", {"text": ""}),
    ):
        answer = desk.act(name, **named, **body)
        assert answer.status_code == 200, answer.text
        desk.now += MINUTE
    text = desk.text("/ticket", source="phone", id=number)
    for words in ("ada replied We restart it.", "ada internal note disk full"):
        assert words in text
    assert "ada tier Bug fixes" in text
    assert "ada status solved" in text
    with reading(desk.engine) as connection:
        assert find_open(connection, Kind.CALL, f"phone {number}") is None
    assert desk.act("ticket_reopen", **named).json()["said"].endswith("it is open.")
    assert ticket_acts.current(desk.context, f"phone/{number}").status is Status.OPEN


def test_a_value_that_is_not_known_is_told_at_its_field(desk: Desk) -> None:
    number = call(desk)
    answer = desk.act("ticket_set", source="phone", id=number, site="shopp.example")
    assert answer.status_code == 409
    assert answer.json()["fields"] == {
        "site": "No site 'shopp.example' is known; did you mean shop.example? "
        "Tick the box below to store it as it is written."
    }
    nothing = desk.act("ticket_set", source="phone", id=number, site="shop.example")
    assert nothing.json()["detail"] == "Nothing was changed: every value is so already."
    empty = desk.act("ticket_note", source="phone", id=number, text="  ")
    assert empty.json()["fields"] == {"text": "The text is empty."}
    free = desk.act("ticket_set", source="phone", id=number, customer="Newcomers", as_written=True)
    assert free.status_code == 200


def test_what_was_not_changed_in_the_form_stays_as_somebody_else_has_set_it(desk: Desk) -> None:
    number = call(desk)
    named = {"source": "phone", "id": number}
    was = json.dumps({"status": "new", "tier": "mission_critical", "assignee": ""})
    assert desk.act("ticket_set", **named, tier="bug_fix").status_code == 200
    form = {"status": "new", "tier": "mission_critical", "assignee": "bo", "was": was}
    assert desk.act("ticket_set", **named, **form).status_code == 200
    stored = ticket_acts.current(desk.context, f"phone/{number}")
    assert (stored.tier, stored.assignee) == ("bug_fix", "bo")
    for wrong in ("[]", "{", "1"):
        assert desk.act("ticket_set", **named, tier="bug_fix", was=wrong).status_code == 409


def test_a_ticket_of_another_source_is_acted_on_there_or_the_answer_says_where(
    desk: Desk,
) -> None:
    desk.ticket("7", source="uci")
    refused = desk.act("ticket_note", source="uci", id="7", text="hello")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Uci/7 is worked on in uci.")
    assert "It is worked on in uci" in desk.acting("/ticket", source="uci", id="7")
    assert "ticket_reply" not in desk.acting("/ticket", source="uci", id="7")
    assert "uci" not in OWN_SOURCES


def test_a_doubtful_tier_is_decided_on_the_page(desk: Desk) -> None:
    doubt = {"doubtful": ["mission_critical"], "rule": "words", "why": "two rules"}
    desk.ticket("7", tier_facts=doubt)
    page = desk.acting("/ticket", source="zendesk", id="7")
    assert "It is mission_critical" in page or "It is Mission critical" in page
    answer = desk.act("ticket_decide", source="zendesk", id="7", tier="mission_critical")
    assert answer.status_code == 200
    text = desk.text("/ticket", source="zendesk", id="7")
    assert "ada tier Mission critical" in text
    assert "Doubtful tier" not in text
    again = desk.act("ticket_decide", source="zendesk", id="7", tier="nothing")
    assert again.status_code == 409


def test_whoever_may_only_read_sees_no_button_that_acts(desk: Desk) -> None:
    number = call(desk)
    page = desk.get("/ticket", source="phone", id=number)
    assert "data-act" not in page
    assert "data-form-act" not in page
    assert 'data-act="ticket_note"' in desk.acting("/ticket", source="phone", id=number)


def test_the_support_bundle_leaves_out_people_and_their_words_unless_it_is_asked(
    desk: Desk,
) -> None:
    more = event("7", EventKind.COMMENT, NOON - MINUTE, text="My secret words", by="bo")
    desk.ticket("7", more, ago=HOUR, subject="Private subject", assignee="Bo Miller")
    address = "/bundle?source=zendesk&id=7"
    plain = desk.client.get(address, headers=dict(READER))
    for words in ("secret words", "Private subject", "Bo Miller", "jo@acme", "Please help"):
        assert words not in plain.text
    found = json.loads(plain.text)
    assert found["product"]["name"] == "supportops"
    assert len(found["configuration"]["digest"]) == 64
    assert "calendars" in found["configuration"]["service_levels"]
    assert {each["kind"] for each in found["events"]} >= {"created", "comment", "tier"}
    assert found["clocks"]["clocks"][0]["metric"] == "first_reply_time"
    whole = desk.client.get(f"{address}&texts=true", headers=dict(READER)).text
    for words in ("secret words", "Private subject", "Bo Miller", "jo@acme"):
        assert words in whole


def test_hostile_words_stay_text(desk: Desk) -> None:
    words = event("7", EventKind.NOTE, NOON - MINUTE, text=HOSTILE, by=HOSTILE)
    desk.ticket("7", words, subject=HOSTILE, assignee=HOSTILE, site=HOSTILE, customer=HOSTILE)
    for page in (desk.get("/ticket", id="7"), desk.acting("/ticket", id="7")):
        assert "<script>alert" not in page
    assert HOSTILE in desk.text("/ticket", id="7")


def test_a_connected_source_is_asked_to_act(desk: Desk) -> None:
    source = Acting()
    desk.sources = [source]
    desk.ticket("7", source=source.name)
    answer = desk.act("ticket_reply", source=source.name, id="7", text="hello")
    assert answer.status_code == 200, answer.text
    assert source.asked == [("7", "hello", True, None)]


def test_tutorials_that_may_answer_it_are_shown_to_the_tiers_that_get_them(desk: Desk) -> None:
    tutorial = {
        "title": "Send a <b>form</b>",
        "address": "https://t.example/form?a=1&b=2",
        "questions": ["The form does not send, what is missing?"],
    }
    offer = {"tiers": ["user_support"], "draft": True}
    written = json.dumps({"offer": offer, "tutorials": [tutorial]})
    (desk.context.config / "tutorials.yaml").write_text(written)
    _, error = load_or_last_good(desk.engine, desk.context.config, desk.now)
    assert error is None, error
    desk.ticket("1", tier="user_support")
    desk.ticket("2", tier="bug_fix")
    desk.ticket("3", tier="user_support", subject="An invoice")
    page = desk.get("/ticket", source="zendesk", id="1")
    assert 'href="https://t.example/form?a=1&amp;b=2"' in page
    assert "Send a &lt;b&gt;form&lt;/b&gt;" in page
    assert "A reply to send" in page
    for other in ("2", "3"):
        assert "Tutorials that may answer it" not in desk.get("/ticket", source="zendesk", id=other)
