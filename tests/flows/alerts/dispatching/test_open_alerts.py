"""An open alert is never given up, and its end goes to those alone who may know of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from alert_builders import alert
from dispatching import (
    Desk,
    Service,
    configuration,
    everything_to,
    outages_to,
    pass_time,
    receivers,
    secrets,
)
from inboxes import Behaviour, Endpoint, Mailbox
from supportops.alerts.alert import Alert, Kind
from supportops.db.engine import writing
from supportops.db.schema import messages
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.send import send as really_send

# What is decided is the same on both databases, whose statements others try.
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

HANDED_OVER, FAILED, UNKNOWN = Outcome.HANDED_OVER, Outcome.FAILED, Outcome.UNKNOWN
OUTAGES = {"kind": ["outage"]}


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    desk = Desk(store, secrets(mail, http))
    desk.activate(outages_to("team_email"))
    return desk


def row_of(desk: Desk, found: Alert, target: str = "team_email") -> Any:
    (row,) = [r for r in desk.outbox() if (r.alert, r.target) == (found.key, target)]
    return row


def test_after_three_unknown_outcomes_an_open_alert_goes_out_slowly_until_it_is_taken(
    desk: Desk,
) -> None:
    service, outage = Service(), alert()
    desk.raise_(outage)
    pass_time(desk, service, timedelta(minutes=2), minutes=47)
    assert len(service.sent) == 3
    pass_time(desk, service, timedelta(minutes=5), hours=5)
    assert 7 <= len(service.sent) <= 9, "about once an hour"
    service.outcome = HANDED_OVER
    pass_time(desk, service, timedelta(minutes=5), minutes=75)
    assert row_of(desk, outage).state == "handed_over"
    unmarked, *marked = service.titles
    assert "may be repeated" not in unmarked
    assert all("may be repeated" in title for title in marked)
    before = len(service.sent)
    pass_time(desk, service, timedelta(minutes=15), hours=3)
    assert len(service.sent) == before


def test_a_failure_among_unknown_outcomes_is_none_of_the_three(desk: Desk) -> None:
    outcomes = iter([FAILED, FAILED, UNKNOWN, FAILED, UNKNOWN, HANDED_OVER])

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        return Delivery(next(outcomes), "so it goes", 0.1)

    outage = alert()
    desk.raise_(outage)
    for _ in range(6):
        desk.dispatch(send)
        desk.clock.turn(minutes=20)
    assert row_of(desk, outage).state == "handed_over"


@pytest.mark.parametrize("hours", [1, 30])
def test_mail_that_was_down_for_hours_brings_every_open_alert_to_everybody(
    store: Engine, mail: Mailbox, http: Endpoint, hours: int
) -> None:
    desk = Desk(store, secrets(mail, http))
    desk.activate(outages_to("team_email", "boss_email", "team_chat"))
    mail.down()
    outages = [alert(f"Site {n}") for n in range(3)]
    desk.raise_(*outages)
    pass_time(desk, really_send, timedelta(hours=hours) / 10, hours=hours)
    mail.up()
    pass_time(desk, really_send, timedelta(minutes=15), minutes=75)
    for who in ("team", "boss"):
        mine = [each.subject for each in mail.mails if f"{who}@example.com" in each.recipients]
        assert sorted(title.split(" - ")[0] for title in mine) == [
            f"DOWN: Site {n}" for n in range(3)
        ]
        assert not [title for title in mine if "may be repeated" in title]
    assert len(http.requests) == 3


def test_a_recipient_of_a_longer_outage_of_the_service_is_notified_as_soon_as_others_are(
    desk: Desk,
) -> None:
    """The first message that gets through shows that the target works again."""
    service = Service(FAILED)
    desk.raise_(*(alert(f"Site {n}") for n in range(4)))
    pass_time(desk, service, timedelta(minutes=90), hours=30)
    service.outcome, before = HANDED_OVER, len(service.sent)
    pass_time(desk, service, timedelta(minutes=5), hours=1.2)
    assert len(service.sent) == before + 4
    assert len({row.finished_at for row in desk.outbox()}) == 1


def test_the_slow_pace_is_a_setting(desk: Desk) -> None:
    desk.activate(outages_to("team_email", retry={"while_open": "10m"}))
    service = Service()
    desk.raise_(alert())
    pass_time(desk, service, timedelta(minutes=2), hours=1)
    assert 7 <= len(service.sent) <= 10


def test_an_address_that_is_set_after_days_brings_what_is_still_open(
    desk: Desk, mail: Mailbox
) -> None:
    desk.secrets = {}
    desk.raise_(alert())
    pass_time(desk, really_send, timedelta(hours=2), hours=50)
    desk.secrets = {"apprise_team_email": mail.url()}
    pass_time(desk, really_send, timedelta(minutes=30), hours=2)
    assert [each.subject.split(" - ")[0] for each in mail.mails] == ["DOWN: Acme Shop"]


def test_a_receiver_that_was_missing_in_the_configuration_for_a_while_is_notified_again(
    desk: Desk, mail: Mailbox
) -> None:
    mail.down()
    outage = alert()
    desk.raise_(outage)
    desk.dispatch()
    desk.activate(outages_to("team_chat"))
    desk.clock.turn(minutes=20)
    desk.dispatch()
    assert row_of(desk, outage).state == "given_up"
    mail.up()
    desk.activate(outages_to("team_email"))
    desk.clock.turn(minutes=20)
    desk.dispatch()
    assert row_of(desk, outage).state == "handed_over"
    assert len(mail.mails) == 1


def test_what_an_earlier_version_gave_up_is_sent_while_it_is_open(
    desk: Desk, mail: Mailbox
) -> None:
    opened, taken = alert("Open"), alert("Taken")
    desk.raise_(opened, taken)
    desk.dispatch(Service(FAILED))
    desk.acknowledge(taken)
    with writing(desk.store) as connection:
        gone = {"state": "given_up", "finished_at": desk.clock.now}
        connection.execute(update(messages).values(**gone))
    desk.clock.turn(minutes=1)
    desk.dispatch()
    assert [each.subject.split(" - ")[0] for each in mail.mails] == ["DOWN: Open"]


def test_an_acknowledged_alert_is_given_up_because_it_is_in_hand(desk: Desk) -> None:
    service, outage = Service(FAILED), alert()
    desk.raise_(outage)
    desk.dispatch(service)
    desk.acknowledge(outage)
    pass_time(desk, service, timedelta(minutes=80), hours=28)
    assert row_of(desk, outage).state == "given_up"
    before = len(service.sent)
    pass_time(desk, service, timedelta(minutes=80), hours=5)
    assert len(service.sent) == before


def test_an_acknowledged_alert_with_three_unknown_outcomes_is_left_at_that(desk: Desk) -> None:
    service, outage = Service(), alert()
    desk.raise_(outage)
    desk.dispatch(service)
    desk.acknowledge(outage)
    pass_time(desk, service, timedelta(minutes=5), hours=5)
    assert (row_of(desk, outage).state, len(service.sent)) == ("unknown", 3)


STEPS = [{"receivers": ["team_email"]}, {"after": "30m", "receivers": ["boss_email"]}]


def test_a_step_that_became_due_while_its_target_was_down_is_not_lost(desk: Desk) -> None:
    desk.activate(
        outages_to(
            "team_email",
            "boss_email",
            routes=[{"name": "steps", "match": OUTAGES, "steps": STEPS}],
        )
    )
    service, outage = Service(FAILED), alert()
    desk.raise_(outage)
    pass_time(desk, service, timedelta(minutes=90), hours=30)
    service.outcome = HANDED_OVER
    pass_time(desk, service, timedelta(minutes=5), minutes=75)
    assert {row.target: row.state for row in desk.outbox()} == {
        "team_email": "handed_over",
        "boss_email": "handed_over",
    }


def test_a_reminder_waits_for_the_alarm_and_follows_it(desk: Desk) -> None:
    route = everything_to("team_email", match=OUTAGES, remind="1h")
    desk.activate(outages_to("team_email", routes=[route]))
    service = Service()
    desk.raise_(alert())
    pass_time(desk, service, minutes=50)
    service.outcome = HANDED_OVER
    pass_time(desk, service, timedelta(minutes=5), hours=4)
    alarms = [title for title in service.titles if "reminder" not in title]
    reminders = [title for title in service.titles if "reminder" in title]
    assert len(alarms) == 4
    assert len(reminders) in (2, 3)
    assert not [title for title in reminders if "may be repeated" in title]


@pytest.mark.parametrize(
    ("outcome", "titles"), [(FAILED, []), (UNKNOWN, ["RESOLVED: Acme Shop - up again"])]
)
@pytest.mark.parametrize("after", [timedelta(minutes=4), timedelta(hours=3), timedelta(hours=40)])
def test_the_end_goes_to_nobody_who_cannot_know_of_the_alarm(
    desk: Desk, outcome: Outcome, titles: list[str], after: timedelta
) -> None:
    service, outage = Service(outcome), alert()
    desk.raise_(outage)
    pass_time(desk, service, after / 15, seconds=after.total_seconds())
    desk.resolve(outage)
    service.outcome = HANDED_OVER
    service.sent.clear()
    pass_time(desk, service, timedelta(minutes=20), hours=3)
    assert [title.split(" after")[0] for title in service.titles] == titles
    assert outage.key not in [each.key for each in desk.unsettled()]


def test_the_end_goes_to_nobody_behind_an_address_that_nobody_set(
    desk: Desk, mail: Mailbox
) -> None:
    desk.secrets = {}
    outage = alert()
    desk.raise_(outage)
    pass_time(desk, really_send, timedelta(minutes=10), hours=1)
    desk.secrets = {"apprise_team_email": mail.url()}
    desk.resolve(outage)
    pass_time(desk, really_send, timedelta(minutes=10), hours=1)
    assert mail.mails == []


def test_a_digest_that_nobody_could_take_goes_out_slowly_as_one_message(desk: Desk) -> None:
    route = everything_to("team_email", match=OUTAGES, digest=True)
    desk.activate(outages_to("team_email", routes=[route]))
    service = Service()
    desk.raise_(*(alert(f"Site {n}") for n in range(3)))
    pass_time(desk, service, timedelta(minutes=5), hours=5)
    assert 5 <= len(service.sent) <= 9
    service.outcome = HANDED_OVER
    pass_time(desk, service, timedelta(minutes=5), minutes=75)
    assert {row.state for row in desk.outbox()} == {"handed_over"}
    assert len({row.bundle for row in desk.attempts() if row.outcome == "handed_over"}) == 1


def test_an_alert_about_a_failing_receiver_is_not_given_up_either(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.activate(
        configuration(
            receivers=receivers("engineer_sms", "team_email"),
            routes=[everything_to("engineer_sms", match=OUTAGES)],
            fallback=["team_email"],
        )
    )
    http.behaviour = Behaviour.REFUSE
    mail.down()
    desk.raise_(alert())
    pass_time(desk, really_send, timedelta(minutes=90), hours=30)
    mail.up()
    pass_time(desk, really_send, timedelta(minutes=30), hours=2)
    titles = sorted(each.subject.split(" - ")[0] for each in mail.mails)
    assert titles == ["DOWN: Acme Shop", "NOT DELIVERED: engineer_sms"]


def test_a_breach_is_sent_for_a_day_after_its_end(desk: Desk) -> None:
    breach = alert("Ticket 7", Kind.SLA_BREACH)
    desk.activate(configuration("team_email"))
    service = Service(FAILED)
    desk.raise_(breach)
    pass_time(desk, service, timedelta(minutes=90), hours=30)
    desk.resolve(breach)
    pass_time(desk, service, timedelta(minutes=90), hours=20)
    assert row_of(desk, breach).finished_at is None
    pass_time(desk, service, timedelta(minutes=60), hours=6)
    assert row_of(desk, breach).state == "given_up"


def test_two_dispatchers_share_the_slow_pace(desk: Desk) -> None:
    service = Service()
    desk.raise_(alert())
    for round_ in range(6 * 12):
        desk.dispatch(service, who="first" if round_ % 2 else "second")
        desk.dispatch(service, who="second" if round_ % 2 else "first")
        desk.clock.turn(minutes=5)
    assert 8 <= len(service.sent) <= 10
    assert len(desk.outcomes("team_email")) == len(service.sent)
