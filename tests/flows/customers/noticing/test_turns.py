"""What goes otherwise than planned: races, growth, flapping, stops, and what notifies nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from alert_builders import NOON
from flows.customers.noticing.agency import HOST, Agency, configuration, published_to
from supportops.alerts.hold import release
from supportops.alerts.routing.matcher import How, Pattern
from supportops.alerts.silencing import log as silences
from supportops.alerts.silencing.silence import Label, Matcher, Silence
from supportops.config.documents import restore, with_announced
from supportops.db.engine import reading, writing
from supportops.db.schema import alert_hold
from supportops.flows.alerts.incident_notes import note
from supportops.flows.customers import notice_acts, notices, show_notices
from supportops.flows.customers.noticing.troubles import known_troubles
from supportops.notify.outgoing import Outcome
from supportops.sites.announced.window import AnnouncedWindow, Scope
from supportops.sites.ending import Ending
from supportops.sites.incident import IncidentKind


def test_what_is_over_before_it_was_approved_is_never_announced(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.round()
    draft = agency.waiting()
    agency.up("acme-shop")
    with pytest.raises(show_notices.NoticeError, match="it is over"):
        notice_acts.approve(agency.context, draft.id, "Ada", agency.clock.now)
    agency.pass_minutes(3)
    assert agency.states() == ["first withdrawn"]
    assert agency.mails("acme_email") == []
    assert agency.late() == agency.asked() == []


def test_each_customer_of_a_server_hears_of_their_own_sites_alone(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.host_down("acme-shop", "acme-blog", "borealis")
    agency.pass_minutes(2)
    assert agency.mails("acme_email") == ["2 of your sites do not work as they should"]
    assert agency.mails("borealis_email") == ["borealis cannot be reached"]
    assert agency.mails("cirrus_email") == []

    agency.more_of_the_host("cirrus")
    agency.pass_minutes(2)
    assert agency.mails("cirrus_email") == ["cirrus cannot be reached"]
    agency.back_on_the_host("borealis")
    agency.pass_minutes(2)
    assert agency.mails("borealis_email")[1:] == ["borealis works again"]

    agency.up(HOST)
    agency.pass_minutes(2)
    assert agency.mails("acme_email")[1:] == ["Your sites work again"]
    for mine, others in (("acme", ("borealis", "cirrus")), ("borealis", ("acme", "cirrus"))):
        for message in agency.messages(f"{mine}_email"):
            whole = f"{message.title}{message.text}{message.html}".casefold()
            assert HOST not in whole
            assert not any(other in whole for other in others)
            assert "refused" not in whole


def test_a_site_that_stays_down_when_its_server_is_back_goes_on_in_its_thread(
    agency: Agency,
) -> None:
    agency.activate(configuration({"approval": "none"}))
    server = agency.host_down("acme-shop", "acme-blog")
    agency.pass_minutes(2)
    agency.back_on_the_host("acme-blog")
    agency.clock.turn(minutes=5)
    agency.up(HOST, Ending.PARTLY_RECOVERED, still_down=["acme-shop"])
    agency.down("acme-shop", follows=[server.key])
    agency.pass_minutes(62)
    agency.up("acme-shop")
    agency.pass_minutes(2)
    assert agency.mails("acme_email") == [
        "2 of your sites do not work as they should",
        "Update: acme-shop cannot be reached",
        "Your sites work again",
    ]
    assert len(agency.threads()) == 1


def test_a_renamed_site_goes_on_in_its_thread(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    before = agency.down("acme-shop")
    agency.pass_minutes(1)
    agency.up("acme-shop", Ending.RENAMED)
    agency.down("acme-blog", follows=[before.key])
    agency.pass_minutes(3)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"], "no end is announced"
    (thread,) = agency.threads()
    assert thread.closed_at is None


def test_a_site_that_is_not_checked_any_more_is_not_said_to_work(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.pass_minutes(1)
    agency.up("acme-shop", Ending.SITE_REMOVED)
    agency.pass_minutes(2)
    assert agency.mails("acme_email")[1:] == ["Our last message about your sites"]


def test_a_site_that_flaps_is_one_thread_whose_end_comes_once_it_is_steady(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    for _ in range(3):
        agency.down("acme-shop")
        agency.pass_minutes(3)
        agency.up("acme-shop")
        agency.pass_minutes(3)
    assert agency.mails("acme_email") == [
        "acme-shop cannot be reached",
        "acme-shop works again",
        "Update: acme-shop cannot be reached",
    ]
    agency.pass_minutes(15)
    assert agency.mails("acme_email")[3:] == ["acme-shop works again"]
    assert len(agency.threads()) == 1


def test_our_own_connections_fault_notifies_nobody_and_the_team_learns_what_is_late(
    agency: Agency,
) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.blind()
    agency.pass_minutes(12)
    assert agency.mails("acme_email") == []
    assert len(agency.late()) == 1
    agency.up("our own connection", Ending.CONNECTION_BACK)
    agency.pass_minutes(1)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached"]
    assert agency.late() == []


def test_while_no_checks_run_nothing_is_said_to_last(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.clock.turn(minutes=11)
    notices.run(agency.context, agency.clock)
    assert agency.states() == []
    agency.round()
    assert agency.states() == ["first sent"]


def test_maintenance_notifies_nobody(agency: Agency) -> None:
    now = agency.clock.now
    until = now + timedelta(hours=1)
    window = AnnouncedWindow(1, Scope.SITE, "acme-shop", now, until, "new disk", "Ada")
    agency.activate(with_announced(agency.configuration, [window]))
    agency.down("acme-shop")
    agency.pass_minutes(12)
    assert agency.states() == []
    assert agency.late() == []


def test_a_silenced_outage_notifies_no_customer(agency: Agency) -> None:
    now, until = agency.clock.now, agency.clock.now + timedelta(hours=1)
    matchers = (Matcher(Label.SITE, Pattern(How.EQUAL, ("acme-shop",))),)
    with writing(agency.store) as connection:
        silences.add(connection, Silence(0, matchers, now, until, "known", "Ada", now))
    agency.down("acme-shop")
    agency.pass_minutes(3)
    assert agency.states() == []


def test_nothing_is_drafted_before_the_installation_is_live_nor_of_before_then(
    agency: Agency,
) -> None:
    with writing(agency.store) as connection:
        connection.execute(insert(alert_hold), [{"id": 1, "since": agency.clock.now}])
    agency.down("acme-shop")
    agency.pass_minutes(2)
    assert agency.threads() == []
    with writing(agency.store) as connection:
        release(connection, "Ada", agency.clock.now)
    agency.clock.turn(minutes=1)
    agency.down("borealis")
    agency.pass_minutes(2)
    assert agency.states() == []
    assert agency.states("Borealis") == ["first waiting"]


def test_after_a_long_stop_old_outages_are_not_announced_and_drafts_are_written_anew(
    agency: Agency,
) -> None:
    agency.down("acme-shop")
    agency.down("borealis")
    agency.pass_minutes(1)
    agency.clock.turn(hours=30)
    agency.up("borealis")
    agency.down("cirrus")
    agency.up("cirrus")
    agency.pass_minutes(1)
    assert agency.states("Borealis") == ["first withdrawn"]
    assert agency.states("Cirrus") == []
    assert agency.states() == ["first withdrawn", "first waiting"]
    assert not any(agency.messages(f"{name}_email") for name in ("acme", "borealis", "cirrus"))


def test_a_fault_of_a_page_is_announced_once_it_is_of_the_stated_age(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none", "faults_after": "30m"}))
    agency.down("acme-shop", kind=IncidentKind.FAULT, page="/basket")
    agency.pass_minutes(29)
    assert agency.mails("acme_email") == []
    agency.pass_minutes(2)
    assert agency.mails("acme_email") == ["/basket on acme-shop cannot be reached"]


def test_a_customer_has_rules_of_their_own(agency: Agency) -> None:
    own = {
        "Acme": {"notice_rules": {"approval": "none"}, "language": "de"},
        "Borealis": {"notices": []},
    }
    agency.activate(configuration(own=own))
    agency.host_down("acme-shop", "borealis", "cirrus")
    agency.pass_minutes(1)
    assert agency.mails("acme_email") == ["acme-shop ist nicht erreichbar"]
    assert agency.states("Borealis") == []
    assert agency.states("Cirrus") == ["first waiting"]


def test_the_cause_is_in_the_end_unless_it_names_what_is_not_the_customers(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    incident = agency.host_down("acme-shop", "borealis")
    agency.pass_minutes(1)
    note(agency.context, incident.key, "The import of Borealis", None, "Ada", agency.clock.now)
    agency.up(HOST)
    agency.pass_minutes(1)
    assert "The cause" not in agency.messages("acme_email")[-1].text
    assert "The cause: The import of Borealis" in agency.messages("borealis_email")[-1].text


def test_a_word_that_is_late_alerts_the_team_until_it_is_sent(agency: Agency) -> None:
    agency.activate(configuration({"timeout": "drop", "every": "20m"}))
    agency.down("acme-shop")
    agency.round()
    agency.approve()
    agency.pass_minutes(20)
    assert agency.late() == []
    agency.pass_minutes(2)
    (late,) = agency.late()
    assert late == "the next update to Acme was promised for Tue 24 Nov 2026 12:20 GMT"
    assert any("NOTICE LATE" in title for title in agency.mails("team_email"))
    agency.up("acme-shop")
    agency.round()
    agency.approve()
    agency.round()
    assert agency.late() == []


def test_an_unsent_mail_is_withdrawn_once_there_is_a_newer_one(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.service.outcome = Outcome.FAILED
    agency.down("acme-shop")
    agency.pass_minutes(2)
    agency.up("acme-shop")
    agency.round()
    agency.service.outcome = Outcome.HANDED_OVER
    before = len(agency.messages("acme_email"))
    agency.pass_minutes(3)
    assert agency.mails("acme_email")[before:] == ["acme-shop works again"]


def test_one_customers_damaged_thread_stops_no_other(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.round()
    with writing(agency.store) as connection:
        connection.exec_driver_sql("UPDATE notices SET kind = 'strange'")
    agency.down("borealis")
    with pytest.raises(ValueError, match="strange"):
        agency.round()
    with writing(agency.store) as connection:
        connection.exec_driver_sql("UPDATE notices SET kind = 'first'")
    assert agency.states("Borealis") == ["first sent"]


def test_a_route_for_one_customer_gets_no_draft_that_waits(agency: Agency) -> None:
    everything = {
        "name": "acme",
        "match": {"customer": ["Acme"]},
        "steps": [{"receivers": ["acme_email"]}],
    }
    agency.activate(configuration(routes=[everything]))
    agency.host_down("acme-shop", "borealis")
    agency.pass_minutes(2)
    assert not any("WAITING" in title for title in agency.mails("acme_email"))


def test_a_customer_who_is_called_otherwise_by_now_goes_on_in_the_same_thread(
    agency: Agency,
) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.pass_minutes(1)
    document = dict(agency.configuration.document)
    listed = [dict(each) for each in document["customers"]["customers"]]
    listed[0] |= {"name": "Acme Group", "aliases": ["Acme"]}
    document["customers"] = {**document["customers"], "customers": listed}
    agency.activate(restore(document))
    agency.pass_minutes(1)
    agency.up("acme-shop")
    agency.pass_minutes(1)
    assert agency.mails("acme_email") == ["acme-shop cannot be reached", "acme-shop works again"]
    with reading(agency.store) as connection:
        found = published_to(connection, agency.configuration, "acme", NOON)
    assert [each.kind.value for each in found] == ["first", "end"]
    assert [each.next_at for each in found] == [None, None]


def test_what_is_published_is_what_was_sent_to_this_customer_about_this_incident(
    agency: Agency,
) -> None:
    shop = agency.down("acme-shop")
    agency.down("borealis")
    agency.round()
    agency.approve()
    agency.approve("Borealis")
    agency.pass_minutes(1)
    with reading(agency.store) as connection:

        def published(customer: str, incident: str | None = None) -> list[str]:
            known = agency.configuration
            found = published_to(connection, known, customer, NOON, incident)
            return [each.subject for each in found]

        assert published("Acme", shop.key) == ["acme-shop cannot be reached"]
        assert published("Borealis", shop.key) == []
        assert published("Borealis") == ["borealis cannot be reached"]
        (first,) = published_to(connection, agency.configuration, "Acme", NOON)
    assert first.next_at is not None
    assert "We will write to you again by" in first.text


def test_a_draft_is_not_sent_once_the_customer_gets_no_notices_any_more(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.round()
    draft = agency.waiting()
    agency.activate(configuration(own={"Acme": {"notices": []}}))
    with pytest.raises(show_notices.NoticeError, match="no notices are configured"):
        notice_acts.approve(agency.context, draft.id, "Ada", agency.clock.now)
    agency.round()
    assert all(thread.closed_at for thread in agency.threads())
    assert agency.asked() == []


def test_a_round_that_saw_less_than_another_process_did_leaves_it_alone(agency: Agency) -> None:
    agency.activate(configuration({"approval": "none"}))
    agency.down("acme-shop")
    agency.round()
    agency.checked()
    with reading(agency.store) as connection:
        seen_before = known_troubles(connection, agency.configuration, agency.clock.now)
    agency.clock.turn(minutes=1)
    agency.up("acme-shop")
    agency.round()
    assert agency.states() == ["first sent", "end sent"]
    context, now = agency.context, agency.clock.now
    done = notices._round(context, agency.configuration, seen_before, "Acme", now)
    assert not done
    assert agency.states() == ["first sent", "end sent"]
