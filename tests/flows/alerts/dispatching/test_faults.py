from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, inspect, select

from alert_builders import NIGHT, NOON, alert, minutes
from dispatching import Desk, configuration, everything_to, receivers, secrets
from inboxes import Behaviour, Endpoint, Mailbox, free_port
from supportops.alerts.alert import Kind
from supportops.db.engine import reading, writing
from supportops.db.schema import check_runs, configurations, messages, metadata
from supportops.flows.alerts.watching.self_watch import watch_checks
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    desk = Desk(store, secrets(mail, http))
    desk.activate(configuration("team_email"))
    return desk


def with_fallback(**alerts: object) -> object:
    """Alerts go out by SMS, and by e-mail where that fails."""
    return configuration(
        receivers=receivers("engineer_sms", "team_email"),
        routes=[everything_to("engineer_sms")],
        fallback=["team_email"],
        **alerts,
    )


def hour_of_dispatches(desk: Desk) -> None:
    for _ in range(12):
        desk.dispatch()
        desk.clock.turn(minutes=5)


def test_mail_that_was_down_for_an_hour_brings_the_open_alert_once(
    desk: Desk, mail: Mailbox
) -> None:
    mail.down()
    desk.raise_(alert())
    hour_of_dispatches(desk)
    mail.up()
    desk.clock.turn(minutes=18)
    assert desk.dispatch()["handed_over"] == 1
    desk.clock.turn(minutes=18)
    desk.dispatch()
    assert [email.subject.split(" (")[0] for email in mail.mails] == [
        "DOWN: Acme Shop - connection refused"
    ]
    assert "may be repeated" not in mail.mails[0].part("plain")
    failed, handed_over = desk.outcomes("team_email")[:-1], desk.outcomes("team_email")[-1]
    assert set(failed) == {"failed"}
    assert handed_over == "handed_over"
    assert {row.detail for row in desk.attempts()[:-1]} == {"connection refused"}


def test_what_ended_while_mail_was_down_is_sent_to_nobody(desk: Desk, mail: Mailbox) -> None:
    mail.down()
    outage = alert()
    desk.raise_(outage)
    hour_of_dispatches(desk)
    desk.resolve(outage)
    mail.up()
    desk.clock.turn(minutes=18)
    desk.dispatch()
    assert mail.mails == []


def test_retries_wait_longer_and_longer(desk: Desk, mail: Mailbox) -> None:
    mail.down()
    desk.raise_(alert())
    waits = []
    for _ in range(8):
        desk.dispatch()
        (row,) = [row for row in desk.outbox() if row.alert.startswith("outage")]
        waits.append((row.next_attempt_at - desk.clock.now).total_seconds())
        desk.clock.now = row.next_attempt_at
    plain = [30, 60, 120, 240, 480, 900, 900, 900]
    assert all(0.8 * p <= w <= 1.2 * p for p, w in zip(plain, waits, strict=True)), waits


@pytest.mark.parametrize(
    ("behaviour", "outcome", "detail"),
    [
        (Behaviour.REFUSE, "failed", "HTTP 500 Internal Server Error"),
        (Behaviour.REDIRECT, "failed", "HTTP 302 Found"),
        (Behaviour.CLOSE, "unknown", "connection closed by the receiver, may have arrived"),
        (Behaviour.HANG, "unknown", "no answer in time, may have arrived"),
    ],
)
def test_a_broken_receiver_is_logged_and_the_fallback_is_notified_at_once(
    desk: Desk,
    mail: Mailbox,
    http: Endpoint,
    behaviour: Behaviour,
    outcome: str,
    detail: str,
) -> None:
    http.behaviour = behaviour
    desk.activate(with_fallback(retry={"timeout": "1s"}))
    desk.raise_(alert())
    desk.dispatch()
    attempts = {row.target: (row.outcome, row.detail) for row in desk.attempts()}
    assert attempts == {
        "engineer_sms": (outcome, detail),
        "team_email": ("handed_over", "handed over"),
    }
    assert len(mail.mails) == 1
    assert {row.target: row.why for row in desk.outbox()} == {
        "engineer_sms": "step reached",
        "team_email": "another channel failed",
    }


def test_a_target_that_failed_three_times_raises_an_alert_and_its_recovery_ends_it(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    http.behaviour = Behaviour.REFUSE
    desk.activate(with_fallback())
    desk.raise_(alert())
    for _ in range(2):
        desk.dispatch()
        assert desk.open_alerts(Kind.DELIVERY) == []
        desk.clock.turn(minutes=5)
    desk.dispatch()
    (broken,) = desk.open_alerts(Kind.DELIVERY)
    assert broken.subject == "engineer_sms"
    assert mail.mails[-1].subject.startswith("NOT DELIVERED: engineer_sms - 3 attempts failed")
    assert "HTTP 500" in mail.mails[-1].subject
    assert len(mail.mails) == 2, "the alert through the fallback, and that the SMS fails"

    http.behaviour = Behaviour.ACCEPT
    desk.clock.turn(minutes=5)
    desk.dispatch()
    assert desk.open_alerts(Kind.DELIVERY) == []
    assert mail.mails[-1].subject.startswith("RESOLVED: engineer_sms - messages get through again")


def test_once_a_target_works_again_nothing_waits_for_its_retry(desk: Desk, mail: Mailbox) -> None:
    mail.down()
    desk.raise_(*(alert(f"Site {n}") for n in range(6)))
    hour_of_dispatches(desk)
    mail.up()
    desk.clock.now = min(row.next_attempt_at for row in desk.outbox())
    desk.dispatch()
    assert len([email for email in mail.mails if "DOWN: Site" in email.subject]) == 6


def test_a_message_with_an_unknown_outcome_is_repeated_and_marked_so(
    desk: Desk, http: Endpoint
) -> None:
    desk.activate(configuration("engineer_sms", retry={"timeout": "1s"}))
    http.behaviour = Behaviour.HANG
    desk.raise_(alert())
    desk.dispatch()
    http.release()
    http.behaviour = Behaviour.ACCEPT
    desk.clock.turn(minutes=5)
    desk.dispatch()
    first, second = (request.json()["message"] for request in http.requests)
    assert "may be repeated" not in first
    assert "may be repeated" in second
    assert desk.outcomes() == ["unknown", "handed_over"]
    assert desk.attempts()[1].detail == "handed over, marked as perhaps repeated"


def test_an_address_that_nobody_set_raises_an_alert_at_once(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.secrets = {"apprise_team_email": mail.url()}
    desk.activate(with_fallback())
    outage = alert()
    desk.raise_(outage)
    summary = desk.dispatch()
    assert summary["nobody"] == 1
    assert desk.attempts()[0].detail == "nobody set the connection apprise_engineer_sms"
    assert [found.subject for found in desk.open_alerts(Kind.DELIVERY)] == ["engineer_sms"]
    assert len(mail.mails) == 2


def test_once_the_address_is_set_the_open_alert_goes_out_after_all(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.secrets = {"apprise_team_email": mail.url()}
    desk.activate(with_fallback())
    desk.raise_(alert())
    desk.dispatch()
    desk.secrets = {**desk.secrets, "apprise_engineer_sms": http.url("sms")}
    desk.clock.turn(minutes=15)
    desk.dispatch()
    assert len(http.requests) == 1
    assert desk.open_alerts(Kind.DELIVERY) == []


def test_a_secret_that_cannot_be_read_now_is_tried_again(desk: Desk, mail: Mailbox) -> None:
    good = desk.secrets

    class Unreadable(dict[str, str]):
        def get(self, name: str, default: object = None) -> str:  # type: ignore[override]
            raise ConnectionError("postgresql://airflow:hunter22@db")

    desk.secrets = Unreadable()
    desk.raise_(alert())
    assert desk.dispatch()["failed"] == 1
    (row,) = desk.attempts()
    assert row.detail == "connection apprise_team_email could not be read: ConnectionError"
    desk.secrets = good
    desk.clock.turn(minutes=1)
    assert desk.dispatch()["handed_over"] == 1
    assert "may be repeated" not in mail.mails[0].subject


def test_a_hung_receiver_with_many_messages_holds_back_neither_others_nor_the_dispatch(
    desk: Desk, http: Endpoint, mail: Mailbox
) -> None:
    http.behaviour = Behaviour.HANG
    desk.activate(configuration("engineer_sms", "team_email", retry={"timeout": "1s"}))
    desk.raise_(*(alert(f"Site {n}") for n in range(40)))
    desk.dispatch()
    assert len(http.requests) == 1, "one attempt stands for all"
    assert len([email for email in mail.mails if "Site" in email.subject]) == 40
    outcomes = desk.outcomes("engineer_sms")
    assert outcomes.count("unknown") == 1
    assert outcomes.count("failed") == 39
    assert len({row.bundle for row in desk.attempts() if row.target == "engineer_sms"}) == 1
    assert desk.open_alerts(Kind.DELIVERY) == [], "one attempt is not three"


def test_a_message_that_is_refused_holds_back_no_other(desk: Desk, mail: Mailbox) -> None:
    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        refused = "Refused" in message.title
        return Delivery(Outcome.FAILED if refused else Outcome.HANDED_OVER, "x", 0.01)

    desk.raise_(alert("Refused"), alert("Sound"), alert("Other"))
    desk.dispatch(send)
    assert sorted(desk.outcomes()) == ["failed", "handed_over", "handed_over"]


def test_two_dispatchers_at_once_send_each_message_once(desk: Desk, http: Endpoint) -> None:
    desk.activate(configuration("team_chat"))
    desk.raise_(*(alert(f"Site {n}") for n in range(60)))
    start = threading.Barrier(2)

    def one(who: str) -> None:
        start.wait()
        desk.dispatch(who=who)

    both = [threading.Thread(target=one, args=(who,)) for who in ("first", "second")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(120)
    assert len(http.requests) == 60
    assert desk.outcomes() == ["handed_over"] * 60


def test_a_clock_that_reads_slightly_earlier_takes_no_claim_away(desk: Desk) -> None:
    """Two machines never agree, and one process may wait its turn after it read its clock."""
    desk.raise_(alert())
    inner = Desk(desk.store, desk.secrets)
    inner.clock.now = desk.clock.now - timedelta(seconds=30)
    sent: list[str] = []

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        sent.append(message.title)
        if len(sent) == 1:
            inner.dispatch(send, who="the other")
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    desk.dispatch(send)
    assert len(sent) == 1


@pytest.mark.parametrize("jump", [{"hours": 1}, {"days": 2}])
def test_a_clock_that_jumps_back_delays_no_message(
    desk: Desk, mail: Mailbox, jump: dict[str, float]
) -> None:
    mail.down()
    desk.raise_(alert("Failed before"))
    desk.dispatch()
    desk.raise_(alert("Claimed before"))
    _claim(desk)
    mail.up()
    desk.clock.turn(**{unit: -amount for unit, amount in jump.items()})
    desk.dispatch()
    subjects = sorted(email.subject.split(" - ")[0] for email in mail.mails)
    assert subjects == ["DOWN: Claimed before", "DOWN: Failed before"]
    marked = {email.subject.split(" - ")[0]: email.subject for email in mail.mails}
    assert "may be repeated" in marked["DOWN: Claimed before"]
    assert "may be repeated" not in marked["DOWN: Failed before"]


def _claim(desk: Desk) -> None:
    """What a dispatcher leaves that dies as soon as it has claimed."""
    from supportops.alerts import claims, outbox
    from supportops.alerts.escalation import decide
    from supportops.alerts.store import unsettled
    from supportops.flows.active_configuration import active_configuration

    with writing(desk.store) as connection:
        now, found = desk.clock.now, active_configuration(connection)
        known = outbox.history(connection)
        decided = [
            (each, decide(each, found.alerts, known.get(each.key, ()), now, found.office))
            for each in unsettled(connection)
        ]
        outbox.queue(connection, decided, now)
        due = claims.due_targets(connection, now)
        assert claims.claim(connection, now, "dead", minutes(3), dict.fromkeys(due, 32))


def test_the_claim_of_a_dead_dispatcher_is_taken_over_when_it_runs_out(
    desk: Desk, mail: Mailbox
) -> None:
    desk.raise_(alert())
    _claim(desk)
    desk.clock.turn(minutes=2)
    desk.dispatch()
    assert mail.mails == []
    desk.clock.turn(minutes=1)
    desk.dispatch()
    assert "may be repeated" in mail.mails[0].subject
    (row,) = desk.outbox()
    assert (row.state, row.attempts, row.maybe_sent) == ("handed_over", 2, True)


def test_a_dispatcher_that_comes_back_late_does_not_undo_what_another_did(desk: Desk) -> None:
    desk.raise_(alert())
    other = Desk(desk.store, desk.secrets)
    sent: list[str] = []

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        sent.append(message.title)
        if len(sent) == 1:
            other.clock.now = desk.clock.now + timedelta(minutes=10)
            other.dispatch(send, who="the other")
            return Delivery(Outcome.FAILED, "so late", 0.0)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    desk.dispatch(send)
    (row,) = desk.outbox()
    assert (row.state, row.attempts) == ("handed_over", 2)
    assert sorted((r.attempt, r.outcome) for r in desk.attempts()) == [
        (1, "failed"),
        (2, "handed_over"),
    ]
    assert len(sent) == 2


def test_an_outbox_too_long_for_one_dispatch_is_worked_off_by_the_next(
    desk: Desk,
) -> None:
    desk.raise_(*(alert(f"Site {n}") for n in range(90)))

    def slow(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        desk.clock.turn(seconds=5)
        return Delivery(Outcome.HANDED_OVER, "handed over", 5.0)

    first = desk.dispatch(slow)["handed_over"]
    assert first == 48, "as many as fit into four minutes"
    assert desk.dispatch(slow)["handed_over"] == 90 - first
    assert {row.attempts for row in desk.outbox()} == {1}
    assert not any(row.maybe_sent for row in desk.outbox())


SECRETS = ("tok-3n-alpha", "tok-3n-beta", "pw-hunter22", "tok-3n-gamma", "tok-3n-delta")


@pytest.mark.parametrize("behaviour", [Behaviour.ACCEPT, Behaviour.REFUSE, Behaviour.HANG])
def test_no_part_of_an_address_is_stored_or_shown(
    desk: Desk,
    http: Endpoint,
    mail: Mailbox,
    behaviour: Behaviour,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    alpha, beta, password, gamma, delta = SECRETS
    http.behaviour = mail.behaviour = behaviour
    nowhere = free_port()
    desk.secrets = {
        "apprise_engineer_sms": http.url(f"{alpha}/{beta}", extra=f"?+X-Key={gamma}&:to={delta}"),
        "apprise_team_email": mail.url(user=f"smtp:{password}"),
        "apprise_team_chat": f"json://user:{password}@127.0.0.1:{nowhere}/{alpha}",
        "apprise_boss_email": f"mailtos://{alpha}:{password}@127.0.0.1:{nowhere}?to={beta}@x.example",
        "apprise_other_sms": f"nosuchscheme://{alpha}/{beta}",
        "apprise_last_chat": f"slack://{alpha}/{beta}/{gamma}/not a token",
    }
    names = [name.removeprefix("apprise_") for name in desk.secrets]
    desk.activate(configuration(*names, retry={"timeout": "1s", "alarm_after": 1}))
    desk.raise_(alert())
    summary = desk.dispatch()
    assert alpha in http.requests[0].path, "the address was really used"
    # The servers under test print all that they receive; only our own lines count here.
    ours = [r.getMessage() for r in caplog.records if r.name != "mail.log"]
    shown = capfd.readouterr()
    everything = "\n".join([repr(summary), dump(desk.store), *ours, shown.out, shown.err])
    assert "engineer_sms" in everything
    assert [secret for secret in SECRETS if secret in everything] == []


def dump(store: Engine) -> str:
    with reading(store) as connection:
        names = set(inspect(connection).get_table_names()) & set(metadata.tables)
        assert {"messages", "notification_log", "alerts"} <= names
        return "\n".join(
            repr(tuple(row))
            for name in names
            for row in connection.execute(metadata.tables[name].select())
        )


def test_checks_that_stopped_raise_an_alert_and_their_return_ends_it(
    desk: Desk, mail: Mailbox
) -> None:
    set_last_check(desk, NOON)
    for minute, stale in ((0, False), (10, False), (11, True), (20, True)):
        desk.clock.now = NOON + minutes(minute)
        desk.dispatch()
        assert bool(desk.open_alerts(Kind.CHECK_STALE)) is stale
    assert mail.mails[-1].subject.startswith("NO CHECKS: site check - the last check was 11 min")
    assert len(mail.mails) == 1
    set_last_check(desk, desk.clock.now)
    desk.dispatch()
    assert mail.mails[-1].subject.startswith("RESOLVED: site check - checks run again")


def set_last_check(desk: Desk, instant: object) -> None:
    with writing(desk.store) as connection:
        # Not one of the steady checks, which `Desk` repeats before each dispatch.
        connection.execute(check_runs.update().values(judged_at=instant, judged_order=1))


def test_an_installation_that_never_checks_raises_an_alert_too(desk: Desk, mail: Mailbox) -> None:
    with writing(desk.store) as connection:
        connection.execute(check_runs.delete())
    desk.clock.turn(minutes=10)
    desk.dispatch()
    assert desk.open_alerts(Kind.CHECK_STALE) == []
    desk.clock.turn(minutes=1)
    desk.dispatch()
    assert mail.mails[-1].subject.startswith("NO CHECKS")


def test_before_the_first_configuration_nothing_is_stale(store: Engine) -> None:
    with writing(store) as connection:
        watch_checks(connection, NOON)
        assert connection.execute(select(configurations)).all() == []
    assert Desk(store, {}).open_alerts(Kind.CHECK_STALE) == []


def test_those_the_fallback_woke_at_night_get_the_resolution_at_once(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.clock.now = NIGHT
    http.behaviour = Behaviour.REFUSE
    desk.activate(
        configuration(
            receivers=receivers("engineer_sms", "team_email"),
            routes=[
                everything_to("engineer_sms"),
                everything_to("team_email", name="office_hours", hours="office"),
            ],
            fallback=["team_email"],
        )
    )
    outage = alert(opened_at=NIGHT)
    desk.raise_(outage)
    desk.dispatch()
    desk.clock.turn(minutes=20)
    desk.resolve(outage)
    desk.dispatch()
    assert [email.subject.split(":")[0] for email in mail.mails] == ["DOWN", "RESOLVED"]


def test_the_notification_log_has_one_row_for_each_message_and_attempt(
    desk: Desk, mail: Mailbox
) -> None:
    mail.down()
    desk.raise_(alert("One"), alert("Two"))
    for _ in range(3):
        desk.dispatch()
        desk.clock.turn(minutes=10)
    attempts = [(row.message, row.attempt) for row in desk.attempts()]
    assert len(set(attempts)) == len(attempts)
    with reading(desk.store) as connection:
        counted = connection.execute(select(messages.c.id, messages.c.attempts)).all()
    assert sorted(attempts) == sorted((i, n) for i, most in counted for n in range(1, most + 1))
