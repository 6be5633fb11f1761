"""The table of a message about one alert: a label and a value a row, on single lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind, Phase
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import ended_by_now, not_mended
from supportops.alerts.ticket_clock import TicketClock
from supportops.alerts.words.notification import (
    MAY_BE_REPEATED,
    MOST_SITES,
    Notification,
    end_of,
    start_of,
)
from supportops.alerts.words.present import present_of
from supportops.alerts.words.ticket import page_at_source, page_on
from supportops.rendering.board_links import safe_link
from supportops.rendering.render import duration, local, one_line

_PHASES = {
    "dns": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "first_byte": "first byte",
    "total": "total",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; `link` is an http(s) address without anything that could end it early."""

    label: str
    value: str
    link: str | None = None


def _still_down(facts: Facts) -> str:
    """Of the sites that the receiver is notified about."""
    mine = set(facts.names("sites"))
    return ", ".join(name for name in facts.names("still_down")[:MOST_SITES] if name in mine)


def rows(notification: Notification, facts: Facts, zone: str, board: str | None) -> Iterator[Row]:
    """The rows that there is something to say in; times are on the clock of `zone`."""
    if notification.alert.kind in SERVICE_LEVEL_KINDS:
        yield from _clock(notification.alert)
    yield from _pages(notification.alert, facts, board)
    yield from _where(notification.alert, facts)
    yield from _what(facts, present_of(notification.alert), zone)
    yield from _when(notification, facts, zone)
    yield from _machine(facts)
    if notification.repeated:
        yield Row("Note", MAY_BE_REPEATED)
    yield Row("Reference", f"#{reference_of(notification.alert.key)}")


def _clock(alert: Alert) -> Iterator[Row]:
    """The ticket of a service-level alert; the times of its clock are in the reason."""
    clock = TicketClock.of(alert)
    labels = {
        "Ticket": clock.ticket,
        "Title": clock.title,
        "Tier": clock.tier,
        "Promise": clock.metric_label,
        "Over by" if clock.overdue else "Left": _both_times(clock),
        "Now": ended_by_now(alert),
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
    if notification.phase is Phase.RESOLVED and (ended := end_of(notification.alert, facts)):
        ending = not_mended(notification.alert)
        yield Row(ending.closed if ending else "Ended", local(ended, zone))
        if still := _still_down(facts):
            yield Row("Still down", still)
        if not ending:
            yield Row("Lasted", duration(ended - start_of(notification.alert, facts)))
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
