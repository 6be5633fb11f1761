"""One alert in plain text for people: subject line, sentences and a table.

Everything here is unescaped text on single lines; each channel escapes it for its format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from urllib.parse import quote

from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind, Phase, Severity
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import (
    KIND_TEXTS,
    SOLVED_WITHOUT_REPLY,
    not_mended,
    reason,
)
from supportops.alerts.ticket_clock import TicketClock
from supportops.alerts.words.present import present_of, present_texts
from supportops.alerts.words.ticket import doubt, page_at_source, page_on, title
from supportops.rendering.board_links import page_link, safe_link
from supportops.rendering.catalogue import N_
from supportops.rendering.render import duration, local, one_line

MOST_SITES = 100
_TRACEBACK_LINES = 25
_NAMED_IN_REASON = 3
_LONGEST_DOUBT = 70
MAY_BE_REPEATED = N_("This message may be repeated: an earlier attempt was not answered.")
# Older than this, a time without its day may be misread.
_LATE = timedelta(hours=12)
_PHASES = {
    "dns": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "first_byte": "first byte",
    "total": "total",
}


@dataclass(frozen=True, slots=True)
class Notification:
    """An alert and the reason why one receiver gets a message about it now.

    `step` counts escalation steps from 0. `reminder`: the receiver was notified before, and the
    alert is still open. `repeated`: an earlier attempt timed out, so that this message may be the
    second of its kind. `at`: the instant at which it is sent.
    """

    alert: Alert
    phase: Phase
    step: int = 0
    reminder: bool = False
    repeated: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; `link` is an http(s) address without anything that could end it early."""

    label: str
    value: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a message says about one alert.

    `label` opens the subject line, `tone` is critical, warning or good, `explanation` says what
    the alert means to the reader, `log` is the end of a traceback. `reference` finds the alert
    again on every channel. `ticket_page` is the page of its ticket, on the board or in its source.
    """

    label: str
    tone: str
    subject: str
    reason: str
    notes: tuple[str, ...]
    explanation: str
    rows: tuple[Row, ...]
    sites: tuple[str, ...]
    sites_label: str
    errors: tuple[str, ...]
    log: str | None
    reference: str
    ticket_page: str | None = None

    @property
    def title(self) -> str:
        """The subject line: site and reason are cut when they are too long, the notes never."""
        notes = f" ({', '.join(self.notes)})" if self.notes else ""
        return f"{self.label}: {cut(self.subject, 70)} - {cut(self.reason, 90)}{notes}"

    @property
    def sites_left_out(self) -> int:
        """How many sites a list of the first MOST_SITES leaves out."""
        return max(0, len(self.sites) - MOST_SITES)


def describe(notification: Notification, zone: str, board: str | None = None) -> Description:
    """What to say about an alert; times are on the clock of `zone` (an IANA name).

    `board`: the address of the board, for the links to it.
    """
    alert, facts = notification.alert, Facts(notification.alert.facts)
    resolved = notification.phase is Phase.RESOLVED
    failed = reason(alert, zone, notification.at)
    present = None if resolved else present_texts(alert, failed, zone)
    explanation = present.explanation if present else _explanation(alert, facts)
    if present:
        failed = present.reason
    return Description(
        label=present.label if present else _label(alert, resolved),
        tone="warning" if present else _tone(alert, resolved),
        subject=_subject(alert, facts),
        reason=_of_its_sites(facts, _resolution(alert, facts, zone) if resolved else failed),
        notes=tuple(_notes(notification, facts, zone)),
        explanation=_period(alert, facts, zone) if resolved else explanation,
        rows=tuple(_rows(notification, facts, zone, board)),
        sites=facts.names("sites"),
        sites_label=_sites_label(alert, resolved),
        errors=facts.names("errors"),
        log=facts.lines("traceback", _TRACEBACK_LINES),
        reference=reference(alert),
        ticket_page=page_on(board, alert) or page_at_source(alert),
    )


def _of_its_sites(facts: Facts, text: str) -> str:
    """The reason, after the sites of a receiver who gets only these of a wide alert."""
    names = facts.names("sites") if facts.flag("narrowed") else ()
    more = f" and {len(names) - _NAMED_IN_REASON} more" if len(names) > _NAMED_IN_REASON else ""
    return f"{', '.join(names[:_NAMED_IN_REASON])}{more}: {text}" if names else text


def _sites_label(alert: Alert, resolved: bool) -> str:
    if alert.kind is Kind.HAND_OVER:
        return "Open"
    if alert.kind in (Kind.CHECK_STALE, Kind.CHECK_TROUBLE):
        return "Sites that were not checked" if resolved else "Sites that are not checked"
    return "Sites that failed" if resolved else "Sites that fail"


def cut(text: str, most: int) -> str:
    """`text` in at most `most` characters, with "..." where it was cut."""
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def reference(alert: Alert) -> str:
    """Six characters that name the alert where its key does not fit."""
    return reference_of(alert.key)


def incident_path(key: str) -> str:
    """The path of an alert's page, relative to the board."""
    return f"incident?key={quote(key, safe='', errors='replace')}"


def list_link(board: str | None, together: str | None) -> str | None:
    """The address of the list of the alerts that the message named `together` is about."""
    return page_link(board, f"alerts?message={together}") if together else safe_link(board)


def incident_link(board: str | None, alert: Alert) -> str | None:
    """The address of the page of `alert` on the board at `board`; see `page_link`."""
    return page_link(board, incident_path(alert.key))


def _label(alert: Alert, resolved: bool) -> str:
    if resolved:
        if ending := not_mended(alert):
            return ending.label
        if Facts(alert.facts).instant("again_since"):
            return f"{KIND_TEXTS[alert.kind].label} AGAIN"
        return "RETRACTED" if alert.retracted else "RESOLVED"
    return KIND_TEXTS[alert.kind].label


def _tone(alert: Alert, resolved: bool) -> str:
    if resolved:
        again = Facts(alert.facts).instant("again_since")
        return "warning" if again or not_mended(alert) else "good"
    match alert.severity:
        case Severity.CRITICAL:
            return "critical"
        case Severity.WARNING | Severity.INFO:
            return "warning"
        case _:
            assert_never(alert.severity)


def _subject(alert: Alert, facts: Facts) -> str:
    subject, page = title(alert), facts.text("page")
    return f"{subject} {page}" if page and page not in subject else subject


def _started(alert: Alert, facts: Facts) -> datetime:
    return facts.instant("first_failed_at") or alert.opened_at


def _ended(alert: Alert, facts: Facts) -> datetime | None:
    return facts.instant("ended_at") or alert.resolved_at


def _resolution(alert: Alert, facts: Facts, zone: str) -> str:
    if alert.retracted:
        return facts.text("why") or "it turned out not to be so"
    text, ended = facts.text("over") or KIND_TEXTS[alert.kind].resolution, _ended(alert, facts)
    if ended is not None and not not_mended(alert):
        text = f"{text} after {duration(ended - _started(alert, facts))}"
    again = facts.instant("again_since")
    rest = f"it failed again at {local(again, zone)}" if again else facts.text("rest")
    return f"{text}; {rest}" if rest else text


def _still_down(facts: Facts) -> str:
    """Of the sites that the receiver is notified about."""
    mine = set(facts.names("sites"))
    return ", ".join(name for name in facts.names("still_down")[:MOST_SITES] if name in mine)


def _explanation(alert: Alert, facts: Facts) -> str:
    """Of the kind, unless the alert has one of its own."""
    own = facts.text("explanation") if alert.kind is Kind.TASK_FAILED else None
    return own or KIND_TEXTS[alert.kind].explanation


def _period(alert: Alert, facts: Facts, zone: str) -> str:
    ended = _ended(alert, facts)
    began = f"It began {local(_started(alert, facts), zone)}"
    if ending := not_mended(alert):
        return f"{began}. {ending.explanation}"
    if ended is None:
        return f"{began} and is over."
    return f"{began} and ended {local(ended, zone)}."


def _notes(notification: Notification, facts: Facts, zone: str) -> Iterator[str]:
    if notification.phase is Phase.FIRING:
        started = _started(notification.alert, facts)
        since = local(started, zone)
        # A message about to be read needs no date, a reminder or a late message may be days old.
        weekday, day, month, _, clock, name = since.split(" ")
        old = notification.reminder or (notification.at or started) - started > _LATE
        short = f"{weekday} {day} {month} {clock} {name}" if old else f"{clock} {name}"
        answers = present_of(notification.alert).text("state") == "answers"
        yield f"{'failed from' if answers else 'since'} {short}"
        if present_of(notification.alert).text("held") == "maintenance":
            yield "in maintenance"
        if notification.reminder:
            yield "reminder"
        if notification.step:
            yield f"escalation step {notification.step + 1}"
        if uncertain := doubt(notification.alert):
            yield cut(uncertain, _LONGEST_DOUBT)
    if notification.repeated:
        yield "may be repeated"


def _rows(notification: Notification, facts: Facts, zone: str, board: str | None) -> Iterator[Row]:
    if notification.alert.kind in SERVICE_LEVEL_KINDS:
        yield from _clock(notification.alert)
    yield from _pages(notification.alert, facts, board)
    yield from _where(notification.alert, facts)
    yield from _what(facts, present_of(notification.alert), zone)
    yield from _when(notification, facts, zone)
    yield from _machine(facts)
    if notification.repeated:
        yield Row("Note", MAY_BE_REPEATED)
    yield Row("Reference", f"#{reference(notification.alert)}")


def _clock(alert: Alert) -> Iterator[Row]:
    """The ticket of a service-level alert; the times of its clock are in the reason."""
    clock = TicketClock.of(alert)
    labels = {
        "Ticket": clock.ticket,
        "Title": clock.title,
        "Tier": clock.tier,
        "Promise": clock.metric_label,
        "Over by" if clock.overdue else "Left": _both_times(clock),
        "Now": "solved without a reply" if _without_reply(alert) else "",
        "Assignee": clock.assignee or "nobody",
    }
    yield from (Row(label, value) for label, value in labels.items() if value)


def _pages(alert: Alert, facts: Facts, board: str | None) -> Iterator[Row]:
    """Where the ticket can be read and worked on."""
    if alert.kind is Kind.CALL and (number := facts.text("ticket")):
        yield Row("Ticket", f"{facts.text('source') or 'phone'}/{number}")
    if page := page_on(board, alert):
        yield Row("Ticket page", page, page)
    if there := page_at_source(alert):
        yield Row(f"In {(facts.text('source') or 'its source').capitalize()}", there, there)


def _without_reply(alert: Alert) -> bool:
    return Facts(alert.facts).text("ending") == SOLVED_WITHOUT_REPLY


def _both_times(clock: TicketClock) -> str:
    business = f"{clock.business} business time" if clock.business else ""
    calendar = f"{clock.calendar} calendar time" if clock.calendar else ""
    return ", ".join(length for length in (business, calendar) if length)


def _where(alert: Alert, facts: Facts) -> Iterator[Row]:
    if alert.site and one_line(alert.site) != one_line(alert.subject):
        yield Row("Site", one_line(alert.site))
    if alert.customer:
        yield Row("Customer", one_line(alert.customer))
    if url := facts.text("url"):
        yield Row("Address", url, safe_link(url))
    if page := facts.text("page"):
        yield Row("Page", page)
    if alert.host and one_line(alert.host) != one_line(alert.subject):
        yield Row("Server", one_line(alert.host))
    if monitor := facts.text("monitor"):
        yield Row("Monitor", monitor)
        if schedule := facts.text("schedule"):
            yield Row("Schedule", schedule)
    if target := facts.text("target"):
        yield Row("Receiver", target)


def _what(facts: Facts, present: Facts, zone: str) -> Iterator[Row]:
    labels = {
        "words": "Reason",
        "recording": "Recording",
        "detail": "Detail",
        "status": "HTTP status",
        "address": "IP",
    }
    for key, label in labels.items():
        if value := facts.text(key):
            yield Row(label, value)
    if timing := _timing(facts):
        yield Row("Timing", timing)
    counts = present.number("down") is not None and not facts.flag("narrowed")
    latest = present if counts else facts
    down, checked = latest.text("down"), latest.text("checked")
    if down and checked:
        yield Row("Failing", f"{down} of {checked} sites")
    if since := present.instant("since"):
        yield Row("Answers since", local(since, zone))
    if facts.flag("flapping"):
        yield Row("Flapping", "goes up and down; kept as one incident until it is steady")
    if code := facts.text("exit_code"):
        yield Row("Exit code", code)
    if attempts := facts.text("attempts"):
        yield Row("Attempts", attempts)


def _timing(facts: Facts) -> str | None:
    """Milliseconds from the start of the check to the end of each phase that it reached."""
    value = facts.values.get("phases")
    if not isinstance(value, Mapping):
        return None
    phases = Facts(value)
    reached = [
        f"{name} {spent:,.0f} ms"
        for key, name in _PHASES.items()
        if (spent := phases.number(key)) is not None
    ]
    return ", ".join(reached) or None


def _when(notification: Notification, facts: Facts, zone: str) -> Iterator[Row]:
    labels = {
        "first_failed_at": "First failure",
        "expected_at": "Push expected",
        "last_good_at": "Last good push" if facts.text("monitor") else "Last good check",
        "certificate_expires": "Certificate ends",
        "registration_ends": "Registration ends",
    }
    for key, label in labels.items():
        if instant := facts.instant(key):
            yield Row(label, local(instant, zone))
    if notification.phase is Phase.RESOLVED and (ended := _ended(notification.alert, facts)):
        ending = not_mended(notification.alert)
        yield Row(ending.closed if ending else "Ended", local(ended, zone))
        if still := _still_down(facts):
            yield Row("Still down", still)
        if not ending:
            yield Row("Lasted", duration(ended - _started(notification.alert, facts)))
    if (age := facts.number("age_seconds")) is not None:
        yield Row("Last check", f"{duration(age)} before this alert")
    if facts.instant("first_failed_at") is None:
        yield Row("Alert opened", local(notification.alert.opened_at, zone))
    if notification.alert.acknowledged_by:
        yield Row("Acknowledged by", one_line(notification.alert.acknowledged_by))


def _machine(facts: Facts) -> Iterator[Row]:
    labels = {"dag_id": "DAG", "task_id": "Task", "run_id": "Run", "file": "File"}
    for key, label in labels.items():
        if value := facts.text(key):
            yield Row(label, value)
    if log := facts.text("log_url"):
        yield Row("Log", log, safe_link(log))
