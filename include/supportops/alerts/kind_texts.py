"""What each kind of alert is called, why it matters, and how its end is announced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.facts import Facts
from supportops.alerts.ticket_clock import TicketClock
from supportops.rendering.render import duration, local, one_line


@dataclass(frozen=True, slots=True)
class KindTexts:
    """The texts of a kind of alert.

    `label` opens the subject line, `explanation` is for whoever is woken up, `resolution` is the
    reason that a message about its end gives.
    """

    label: str
    explanation: str
    resolution: str


KIND_TEXTS: dict[Kind, KindTexts] = {
    Kind.OUTAGE: KindTexts(
        "DOWN",
        "The site failed its check and every confirming check after it.",
        "up again",
    ),
    Kind.HOST_OUTAGE: KindTexts(
        "SERVER DOWN",
        "Most sites on this server fail together, so the server is taken as the cause. "
        "Its sites raise no alerts of their own.",
        "sites are up again",
    ),
    Kind.FAULT: KindTexts(
        "FAULT",
        "The site is up, but this page does not answer as expected.",
        "works again",
    ),
    Kind.CERTIFICATE: KindTexts(
        "CERTIFICATE",
        "Browsers refuse a site whose certificate has ended.",
        "renewed",
    ),
    Kind.BLIND: KindTexts(
        "BLIND",
        "Half of the sites or more and every control address fail, so our own connection is the "
        "likely cause. Sites count as unknown, neither up nor down, until it is back.",
        "our connection is back",
    ),
    Kind.PUSH_MISSING: KindTexts(
        "NO PUSH",
        "A job that reports to us has not done so in time: it does not run, does not get to its "
        "end, or cannot reach us. See on its machine whether its schedule still calls it.",
        "a push came again",
    ),
    Kind.PUSH_FAILED: KindTexts(
        "JOB FAILED",
        "A job reports that it failed. Its output on its machine says why; it is over with the "
        "next push that reports success.",
        "the last push reports success",
    ),
    Kind.PUSH_LIMIT: KindTexts(
        "LIMIT PASSED",
        "A value that a job reports is above its limit in sites.yaml. The site works; see to it "
        "before it does not.",
        "within the limits",
    ),
    Kind.REGISTRATION: KindTexts(
        "REGISTRATION",
        "A domain whose registration ends takes its sites and its mail with it, and anybody may "
        "register it then. See to its renewal at its registrar.",
        "renewed",
    ),
    Kind.DNS_CHANGE: KindTexts(
        "DNS CHANGED",
        "Records of the domain are other ones than before. If nobody meant it, somebody else may "
        "have its account. An acknowledgement accepts them; they are accepted by themselves "
        "after a week.",
        "the records are as they were",
    ),
    Kind.MAIL_RECORDS: KindTexts(
        "MAIL RECORDS",
        "Mail of this domain may be taken for spam, or a forger's mail for its own, until its "
        "records are right.",
        "its mail records are right",
    ),
    Kind.CHECK_STALE: KindTexts(
        "NO CHECKS",
        "The sites are not being checked: an outage would go unnoticed.",
        "checks run again",
    ),
    Kind.CHECK_TROUBLE: KindTexts(
        "CHECKS FAIL",
        "Checks fail on this machine before they reach the sites, which count as unknown.",
        "checks work again",
    ),
    Kind.CLOCK: KindTexts(
        "CLOCK",
        "The clock of the checking machine is not steady, so times around now may mislead.",
        "clock is steady again",
    ),
    Kind.CONFIGURATION: KindTexts(
        "CONFIGURATION",
        "A file has faults. What needs it goes by its last good version, if there is one.",
        "configuration is accepted again",
    ),
    Kind.DELIVERY: KindTexts(
        "NOT DELIVERED",
        "Messages for this receiver do not get through, so you are told instead.",
        "messages get through again",
    ),
    Kind.TASK_FAILED: KindTexts(
        "TASK FAILED",
        "A scheduled task failed. Its log says why.",
        "task succeeds again",
    ),
    Kind.IMPORT_ERROR: KindTexts(
        "DAG BROKEN",
        "This DAG file cannot be loaded, so what it schedules does not run.",
        "DAG loads again",
    ),
    Kind.SLA_WARNING: KindTexts(
        "SLA DUE SOON",
        "The time that the service level promises for this ticket is nearly spent.",
        "the clock ended or its deadline moved",
    ),
    Kind.SLA_BREACH: KindTexts(
        "SLA BREACHED",
        "What the service level promises for this ticket was not done by its deadline.",
        "the clock ended",
    ),
    Kind.SLA_FOLLOW_UP: KindTexts(
        "SLA STILL OPEN",
        "The deadline of this ticket passed some time ago, and the promise is still not kept.",
        "the clock ended",
    ),
    Kind.CALL: KindTexts(
        "CALL",
        "A customer calls for help that cannot wait for the office to open.",
        "call was answered",
    ),
    Kind.REPORT: KindTexts(
        "REPORT",
        "A report was issued for its recipients.",
        "issued",
    ),
    Kind.REPORT_TROUBLE: KindTexts(
        "REPORT TROUBLE",
        "A report is late, did not reach everybody, or lacks a part that could not be made.",
        "the report is as it should be",
    ),
    Kind.TEST: KindTexts(
        "TEST",
        "This message was sent to see whether messages arrive here. There is nothing to do.",
        "the test is over",
    ),
    Kind.HAND_OVER: KindTexts(
        "ON DUTY",
        "You are on duty from now on. What is open and sent to you is listed here.",
        "somebody else is on duty",
    ),
    Kind.NOTICE: KindTexts(
        "NOTICE",
        "A customer was notified of an outage.",
        "sent",
    ),
    Kind.NOTICE_WAITING: KindTexts(
        "NOTICE WAITING FOR APPROVAL",
        "A notice to a customer is drafted. Approve it, edit it, or drop it.",
        "it was decided",
    ),
    Kind.NOTICE_LATE: KindTexts(
        "NOTICE LATE",
        "A customer should have heard from us by now, and has not.",
        "the customer was notified, or need not be",
    ),
}


SOLVED_WITHOUT_REPLY = "solved_without_reply"
MERGED, DELETED = "ticket_merged", "ticket_deleted"
# What became of the ticket of a service-level alert that is sent after its clock ended.
_NOW = {
    SOLVED_WITHOUT_REPLY: "solved without a reply",
    MERGED: "merged by now",
    DELETED: "deleted by now",
}


@dataclass(frozen=True, slots=True)
class EndingTexts:
    """How an end that is no recovery is announced: only what works again is RESOLVED.

    `label` opens the subject line; `explanation` follows "It began ..." in the message,
    `closed` names the instant of the end in the table.
    """

    label: str
    explanation: str
    closed: str = "Closed"


# By the value of the fact `ending`. An alert whose ending is not here ended well.
NOT_MENDED: dict[str, EndingTexts] = {
    "partly_recovered": EndingTexts(
        "PARTLY UP",
        "Most of its sites are back; each that is still down goes on as an outage of its own.",
        "Most sites back",
    ),
    "renamed": EndingTexts("RENAMED", "It goes on under its new name."),
    "site_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "page_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "server_removed": EndingTexts(
        "NO LONGER CHECKED",
        "It was not seen to end; each of its sites that is still down and still checked goes on "
        "as an outage of its own.",
    ),
    "controls_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "accepted": EndingTexts("ACCEPTED", "The records of now are taken for the right ones."),
    "domain_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "monitor_removed": EndingTexts("NO LONGER EXPECTED", "It was not seen to end."),
    "no_certificate": EndingTexts("CLOSED", "The certificate was not renewed."),
    "limit_changed": EndingTexts("CLOSED", "The certificate was not renewed."),
    "limit_raised": EndingTexts("CLOSED", "Its limit was raised; the value is what it was."),
    SOLVED_WITHOUT_REPLY: EndingTexts("SOLVED, NO REPLY", "Its ticket was solved without a reply."),
    MERGED: EndingTexts("MERGED", "Its ticket was merged into another one."),
    DELETED: EndingTexts("DELETED", "Its ticket was deleted."),
    "no_longer_configured": EndingTexts("NO LONGER USED", "It was not seen to end."),
}


def not_mended(alert: Alert) -> EndingTexts | None:
    """The texts of an end that is no recovery; None where the alert is open or ended well."""
    if alert.resolved_at is None or alert.retracted:
        return None
    return NOT_MENDED.get(Facts(alert.facts).text("ending") or "")


def ended_by_now(alert: Alert) -> str:
    """What became of a service-level alert's ticket since; empty while its clock goes on."""
    facts = Facts(alert.facts)
    if not (facts.instant("fulfilled_at") or facts.instant("ended")):
        return ""
    return _NOW.get(facts.text("ending") or "", "done by now, late")


def reason(alert: Alert, zone: str, at: datetime | None = None) -> str:
    """Why the alert was raised, in a few words: the second half of the subject line.

    `at`: the instant at which that is read.
    """
    facts = Facts(alert.facts)
    if alert.kind is Kind.CERTIFICATE:
        return _certificate(alert, facts, zone, at or alert.opened_at) or _headline(alert)
    special = _REASONS.get(alert.kind)
    return (special(alert, facts, zone) if special else None) or _headline(alert)


def _check(_: Alert, facts: Facts, __: str) -> str | None:
    words, status = facts.text("words"), facts.text("status")
    if words and status and facts.text("reason") == "status" and status not in words:
        return f"{words} {status}"
    return words


def _push(_: Alert, facts: Facts, zone: str) -> str | None:
    words, expected = facts.text("words"), facts.instant("expected_at")
    return f"{words}, expected {local(expected, zone)}" if words and expected else words


def _registration(_: Alert, facts: Facts, zone: str) -> str | None:
    words, ends = facts.text("words"), facts.instant("registration_ends")
    return f"{words}, {local(ends, zone)}" if words and ends else words


def _host(_: Alert, facts: Facts, __: str) -> str | None:
    present = facts.values.get("present")
    # The latest counts are those of all its sites, which not every receiver may know.
    hidden = facts.flag("narrowed") or not isinstance(present, Mapping)
    latest = Facts({} if hidden else dict(present or {}))
    down = latest.number("down") or facts.number("down") or len(facts.names("sites"))
    checked = latest.number("checked") or facts.number("checked")
    if not down:
        return None
    of = f" of {checked:.0f}" if checked else ""
    words = facts.text("words")
    fail = "1 site fails" if down == 1 and not of else f"{down:.0f}{of} sites fail together"
    return fail + (f", {words}" if words else "")


def _certificate(alert: Alert, facts: Facts, zone: str, at: datetime) -> str | None:
    ends = facts.instant("certificate_expires")
    if ends is None:
        return None
    return f"{'ended' if ends <= max(at, alert.opened_at) else 'ends'} {local(ends, zone)}"


def _blind(*_: object) -> str:
    return "the control addresses do not answer either, sites are unknown"


def _stale(_: Alert, facts: Facts, __: str) -> str | None:
    age = facts.number("age_seconds")
    return None if age is None else f"the last check was {duration(age)} old"


def _delivery(_: Alert, facts: Facts, __: str) -> str | None:
    attempts, detail = facts.number("attempts"), facts.text("words") or facts.text("detail")
    if attempts is None:
        return detail
    return f"{attempts:.0f} attempts failed" + (f", {detail}" if detail else "")


def _call(_: Alert, facts: Facts, __: str) -> str | None:
    """Who calls and about what; the words are the title already."""
    requester, words = facts.text("requester"), facts.text("words")
    means = facts.text("means") or "call"
    return requester and ", ".join(filter(None, (f"{means} from {requester}", words)))


def _clock(alert: Alert, _: Facts, zone: str) -> str | None:
    clock = TicketClock.of(alert)
    if clock.deadline is None:
        return None
    text = f"{clock.metric_label} {'was due' if clock.overdue else 'due'} {clock.due(zone)}"
    return f"{text}, {clock.assignee}" if clock.assignee else text


def _headline(alert: Alert) -> str:
    """The headline, without the subject that stands before it anyway."""
    headline, subject = one_line(alert.headline), one_line(alert.subject)
    if subject and headline.startswith(subject):
        headline = headline[len(subject) :].lstrip(" :,-–—")
    return headline or "see the board"


_REASONS: dict[Kind, Callable[[Alert, Facts, str], str | None]] = {
    Kind.OUTAGE: _check,
    Kind.FAULT: _check,
    Kind.PUSH_MISSING: _push,
    Kind.PUSH_FAILED: _push,
    Kind.PUSH_LIMIT: _push,
    Kind.REGISTRATION: _registration,
    Kind.DNS_CHANGE: _check,
    Kind.MAIL_RECORDS: _check,
    Kind.HOST_OUTAGE: _host,
    Kind.BLIND: _blind,
    Kind.CHECK_STALE: _stale,
    Kind.DELIVERY: _delivery,
    Kind.CALL: _call,
    Kind.SLA_WARNING: _clock,
    Kind.SLA_BREACH: _clock,
    Kind.SLA_FOLLOW_UP: _clock,
}
