"""From an outage to the customer's mail: drafted, approved, updated, ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from flows.customers.noticing.agency import Agency, configuration
from supportops.config.documents import restore
from supportops.flows.customers import notice_acts


@pytest.fixture
def agency(store: Engine) -> Agency:
    return Agency(store)


def test_an_outage_drafts_a_notice_which_is_sent_once_it_is_approved(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(2)
    assert agency.states() == ["first waiting"]
    assert agency.mails("acme_email") == []
    assert len(agency.asked()) == 1

    agency.approve()
    agency.pass_minutes(2)

    (mail,) = agency.messages("acme_email")
    assert mail.title == "acme-shop cannot be reached"
    assert "We are working on it." in mail.text
    assert "We will write to you again by Tue 24 Nov, 13:02 GMT" in mail.text
    assert "Example Agency" in mail.text
    assert agency.asked() == []


def test_the_next_word_comes_when_it_was_promised_and_the_end_with_duration_and_cause(
    agency: Agency,
) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(2)
    agency.approve()
    agency.pass_minutes(70)
    agency.up("acme-shop")
    agency.pass_minutes(10)

    assert agency.mails("acme_email") == [
        "acme-shop cannot be reached",
        "Update: acme-shop cannot be reached",
        "acme-shop works again",
    ]
    assert "It lasted 1 h 12 min" in agency.messages("acme_email")[-1].text
    assert agency.late() == []
    assert all(thread.closed_at for thread in agency.threads())


def test_a_draft_that_nobody_decides_about_is_sent_after_its_time(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(5)
    assert agency.mails("acme_email") == []
    agency.pass_minutes(2)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"]
    assert agency.notices()[0].decided_by == "supportops"


def test_a_draft_is_dropped_after_its_time_where_that_is_configured(agency: Agency) -> None:
    agency.activate(configuration({"timeout": "drop"}))
    agency.down("acme-shop")
    agency.pass_minutes(8)
    assert agency.states() == ["first dropped"]
    assert agency.late() == []
    agency.pass_minutes(5)
    assert len(agency.late()) == 1
    assert agency.mails("acme_email") == []


def test_without_approval_a_notice_is_sent_as_it_is_drafted(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.pass_minutes(1)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"]
    assert agency.asked() == []


def test_without_a_word_about_notices_nobody_gets_any(agency: Agency) -> None:
    document = dict(agency.configuration.document)
    document["customers"] = {"customers": document["customers"]["customers"]}
    agency.activate(restore(document))
    agency.down("acme-shop")
    agency.pass_minutes(12)
    assert agency.threads() == []
    assert agency.late() == []


def test_what_the_approver_wrote_is_sent(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(1)
    draft = agency.waiting()
    now = agency.clock.now
    notice_acts.edit(agency.context, draft.id, "Your shop", "A <b>disk</b> died.", "Ada", now)
    agency.approve()
    agency.pass_minutes(1)
    (mail,) = agency.messages("acme_email")
    assert mail.title == "Your shop"
    assert "A <b>disk</b> died." in mail.text
    assert "A &lt;b&gt;disk&lt;/b&gt; died." in mail.html


def test_of_two_who_approve_at_once_one_has_it_and_the_customer_one_mail(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.round()
    draft = agency.waiting()
    notice_acts.approve(agency.context, draft.id, "Ada", agency.clock.now, draft.version)
    with pytest.raises(notice_acts.AlreadyDecided, match="was sent by Ada"):
        notice_acts.approve(agency.context, draft.id, "Bob", agency.clock.now, draft.version)
    with pytest.raises(notice_acts.AlreadyDecided):
        notice_acts.drop(agency.context, draft.id, "Bob", agency.clock.now)
    with pytest.raises(notice_acts.AlreadyDecided):
        notice_acts.edit(agency.context, draft.id, "Other", "words", "Bob", agency.clock.now)
    agency.pass_minutes(8)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"]


def test_nobody_sends_a_text_that_was_changed_since_they_read_it(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.round()
    read, now = agency.waiting(), agency.clock.now
    notice_acts.edit(agency.context, read.id, "Other", "words", "Bob", now, version=read.version)
    with pytest.raises(notice_acts.ChangedSince):
        notice_acts.approve(agency.context, read.id, "Ada", now, read.version)
    with pytest.raises(notice_acts.ChangedSince):
        notice_acts.edit(agency.context, read.id, "Mine", "words", "Ada", now, version=read.version)
    assert agency.waiting().subject == "Other"


def test_of_many_who_approve_at_the_same_instant_one_has_it(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.round()
    draft, start = agency.waiting(), Barrier(4)

    def approve(who: str) -> str:
        start.wait(20)
        try:
            notice_acts.approve(agency.context, draft.id, who, agency.clock.now, draft.version)
        except notice_acts.AlreadyDecided:
            return "late"
        return who

    with ThreadPoolExecutor(4) as people:
        found = list(people.map(approve, ["Ada", "Bob", "Cleo", "Dan"]))
    assert found.count("late") == 3
    assert agency.notices()[0].decided_by in found
    agency.pass_minutes(1)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"]
