"""What notices name: what does not work by now, is to be announced, and was not said before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.customers.noticing.agency import HOST, Agency, configuration
from supportops.config.documents import with_announced
from supportops.flows.customers import notice_acts
from supportops.sites.announced.window import AnnouncedWindow, Scope
from supportops.sites.check import Reason
from supportops.sites.ending import Ending
from supportops.sites.incident import IncidentKind

AT_ONCE = {"approval": "none"}


def test_what_works_again_before_the_notice_is_sent_is_not_said_to_fail(agency: Agency) -> None:
    agency.host_down("acme-shop", "acme-blog")
    agency.pass_minutes(1)
    agency.back_on_the_host("acme-blog")
    agency.pass_minutes(6)
    (mail,) = agency.messages("acme_email")
    assert mail.title == "acme-shop cannot be reached"
    assert "acme-blog" not in mail.text


def test_who_approves_what_is_partly_over_by_now_is_shown_the_new_text_first(
    agency: Agency,
) -> None:
    agency.host_down("acme-shop", "acme-blog")
    agency.round()
    draft = agency.waiting()
    agency.back_on_the_host("acme-blog")
    with pytest.raises(notice_acts.ChangedSince, match="part of it works again"):
        notice_acts.approve(agency.context, draft.id, "Ada", agency.clock.now, draft.version)
    assert agency.waiting().subject == "acme-shop cannot be reached"
    agency.approve()
    agency.pass_minutes(1)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"]


def test_a_form_whose_text_was_left_as_it_was_is_no_edit(agency: Agency) -> None:
    agency.host_down("acme-shop", "acme-blog")
    agency.round()
    draft = agency.waiting()
    written = draft.text.replace("\n", "\r\n")
    now = agency.clock.now
    done = notice_acts.edit(agency.context, draft.id, draft.subject, written, "Ada", now, version=1)
    assert (done.notice.edited, done.notice.version) == (False, 1)
    assert done.said == "notice 1 is left as it was"


def test_a_site_in_maintenance_is_named_in_no_notice_about_its_neighbour(agency: Agency) -> None:
    now = agency.clock.now
    until = now + timedelta(hours=2)
    window = AnnouncedWindow(1, Scope.SITE, "acme-blog", now, until, "new disk", "Ada")
    agency.activate(with_announced(configuration(AT_ONCE), [window]))
    agency.host_down("acme-shop", "acme-blog")
    agency.pass_minutes(70)
    agency.up(HOST)
    agency.pass_minutes(2)
    assert agency.mails("acme_email") == [
        "acme-shop cannot be reached",
        "Update: acme-shop cannot be reached",
        "acme-shop works again",
    ]
    assert not [each for each in agency.messages("acme_email") if "acme-blog" in each.text]


def test_a_site_that_fails_again_after_it_was_said_to_work_is_an_update_at_once(
    agency: Agency,
) -> None:
    agency.activate(configuration(AT_ONCE))
    agency.host_down("acme-shop", "acme-blog")
    agency.pass_minutes(5)
    agency.back_on_the_host("acme-blog")
    agency.pass_minutes(60)
    assert "acme-blog works again" in agency.messages("acme_email")[-1].text
    agency.down("acme-blog")
    agency.pass_minutes(7)
    assert agency.mails("acme_email")[2:] == [
        "Update: 2 of your sites do not work as they should",
    ]


def test_a_fault_that_is_too_young_holds_no_end_back_and_is_announced_at_its_age(
    agency: Agency,
) -> None:
    agency.activate(configuration(AT_ONCE | {"faults_after": "30m"}))
    agency.down("acme-shop")
    agency.pass_minutes(5)
    agency.down("acme-shop", Reason.TEXT_MISSING, IncidentKind.FAULT, "/basket")
    agency.up("acme-shop")
    agency.pass_minutes(10)
    assert agency.mails("acme_email")[1:] == ["acme-shop works again"]
    agency.pass_minutes(25)
    assert agency.mails("acme_email")[2:] == [
        "Update: /basket on acme-shop does not show what it should"
    ]


def test_a_renamed_site_has_its_end_under_its_new_name(agency: Agency) -> None:
    agency.activate(configuration(AT_ONCE))
    before = agency.down("acme-shop")
    agency.pass_minutes(1)
    agency.up("acme-shop", Ending.RENAMED)
    agency.down("acme-blog", follows=[before.key])
    agency.pass_minutes(3)
    agency.up("acme-blog")
    agency.pass_minutes(2)
    assert agency.mails("acme_email")[1:] == ["acme-blog works again"]


def test_an_end_that_nobody_approved_in_time_is_late_and_drafted_again(agency: Agency) -> None:
    agency.activate(configuration({"timeout": "drop"}))
    agency.down("acme-shop")
    agency.pass_minutes(2)
    agency.approve()
    agency.up("acme-shop")
    agency.pass_minutes(20)
    assert agency.states() == ["first sent", "end dropped"]
    (late,) = agency.late()
    assert late.startswith("the end was to be announced to Acme by")
    agency.clock.turn(minutes=45)
    agency.pass_minutes(3)
    agency.approve()
    agency.pass_minutes(2)
    assert agency.mails("acme_email")[1:] == ["acme-shop works again"]
    assert agency.late() == []


def test_an_end_that_a_person_dropped_is_not_asked_for_again(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(2)
    agency.approve()
    agency.up("acme-shop")
    agency.round()
    notice_acts.drop(agency.context, agency.waiting().id, "Ada", agency.clock.now)
    agency.clock.turn(minutes=90)
    agency.pass_minutes(2)
    assert agency.states() == ["first sent", "end dropped"]
    assert agency.late() == agency.asked() == []


def test_notices_that_reach_nobody_by_mail_are_an_alert_until_somebody_is_named(
    agency: Agency,
) -> None:
    agency.activate(configuration(own={"Acme": {"contacts": []}}))
    agency.down("acme-shop")
    agency.pass_minutes(8)
    assert agency.late() == [
        "notices to Acme reach nobody by mail: customers.yaml names no contact"
    ]
    agency.activate(configuration())
    agency.pass_minutes(1)
    assert agency.late() == []


def test_a_site_that_is_renamed_while_its_server_is_down_has_its_end(agency: Agency) -> None:
    agency.activate(configuration(AT_ONCE))
    agency.host_down("acme-shop")
    agency.pass_minutes(1)
    agency.rename_on_the_host("acme-shop", "acme-blog")
    agency.pass_minutes(1)
    agency.up(HOST)
    agency.pass_minutes(2)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached", "acme-blog works again"]
    assert len(agency.threads()) == 1


def test_sites_that_fail_at_once_are_one_notice_whatever_server_they_are_on(
    agency: Agency,
) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(2)
    agency.down("acme-blog")
    agency.pass_minutes(1)
    assert agency.waiting().subject == "2 of your sites do not work as they should"
    agency.approve()
    agency.pass_minutes(1)
    agency.up("acme-shop")
    agency.pass_minutes(20)
    assert agency.mails("acme_email") == ["2 of your sites do not work as they should"]
    agency.up("acme-blog")
    agency.pass_minutes(8)
    assert agency.mails("acme_email")[1:] == ["Your sites work again"]
    assert len(agency.threads()) == 1


def test_what_fails_after_the_first_notice_was_edited_or_sent_is_another_matter(
    agency: Agency,
) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(1)
    draft, now = agency.waiting(), agency.clock.now
    notice_acts.edit(agency.context, draft.id, "Your shop", draft.text, "Ada", now)
    agency.down("acme-blog")
    agency.pass_minutes(8)
    assert agency.mails("acme_email") == ["Your shop", "acme-blog cannot be reached"]
