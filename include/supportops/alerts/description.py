"""One alert in plain text for people: subject line, sentences and a table.

Everything here is unescaped text on single lines; each channel escapes it for its format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never
from urllib.parse import quote

from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import KIND_TEXTS, not_mended, reason
from supportops.alerts.words.notification import MOST_SITES, Notification, end_of, start_of
from supportops.alerts.words.present import present_of, present_texts
from supportops.alerts.words.rows import Row, rows
from supportops.alerts.words.ticket import doubt, page_at_source, page_on, title
from supportops.rendering.board_links import page_link, safe_link
from supportops.rendering.render import duration, local

_TRACEBACK_LINES = 25
_NAMED_IN_REASON = 3
_LONGEST_DOUBT = 70
# Older than this, a time without its day may be misread.
_LATE = timedelta(hours=12)


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
        rows=tuple(rows(notification, facts, zone, board)),
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


def _resolution(alert: Alert, facts: Facts, zone: str) -> str:
    if alert.retracted:
        return facts.text("why") or "it turned out not to be so"
    text, ended = facts.text("over") or KIND_TEXTS[alert.kind].resolution, end_of(alert, facts)
    if ended is not None and not not_mended(alert):
        text = f"{text} after {duration(ended - start_of(alert, facts))}"
    again = facts.instant("again_since")
    rest = f"it failed again at {local(again, zone)}" if again else facts.text("rest")
    return f"{text}; {rest}" if rest else text


def _explanation(alert: Alert, facts: Facts) -> str:
    """Of the kind, unless the alert has one of its own."""
    own = facts.text("explanation") if alert.kind is Kind.TASK_FAILED else None
    return own or KIND_TEXTS[alert.kind].explanation


def _period(alert: Alert, facts: Facts, zone: str) -> str:
    ended = end_of(alert, facts)
    began = f"It began {local(start_of(alert, facts), zone)}"
    if ending := not_mended(alert):
        return f"{began}. {ending.explanation}"
    if ended is None:
        return f"{began} and is over."
    return f"{began} and ended {local(ended, zone)}."


def _notes(notification: Notification, facts: Facts, zone: str) -> Iterator[str]:
    if notification.phase is Phase.FIRING:
        started = start_of(notification.alert, facts)
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
