"""SMS: 160 characters of the GSM alphabet, without a title, a picture or a table."""

from __future__ import annotations

from dataclasses import replace

from supportops.alerts.channels.content import AlertsContent, DigestContent, ReportContent
from supportops.alerts.channels.counts import Named, listed
from supportops.alerts.description import Description
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.catalogue import N_
from supportops.rendering.gsm7 import fit_sms, gsm7, septets
from supportops.rendering.render import one_line

SEPTETS = 160
_LONGEST_SUBJECT = 60
_LONGEST_SUBJECT_OF_SEVERAL = 30
_REST = "and {} more: see the board"


class Sms:
    """One SMS each, never several: what does not fit is cut with "..." or counted."""

    label = N_("SMS")
    digest_rows = 0

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        """What is wrong, since when, and the reference; or the counts and the largest servers.

        Where they fit, the address by which the alert is taken, that of its ticket or of the
        board, and when the next SMS can come.
        """
        alone = content.alerts[0] if content.total == 1 else None
        text = _one(alone) if alone else _several(content)
        next_sms = f"Next SMS {content.next_at}" if content.next_at else None
        links = (content.take, alone.ticket_page if alone else None, content.board)
        message = _message(_with(_linked(text, *links), next_sms))
        return replace(message, action=content.action)

    def digest(self, content: DigestContent) -> OutgoingMessage:
        """The subject line, with the address of its one ticket or of the board where it fits."""
        only = content.only
        text = _with(content.title, f"#{only.reference}" if only else None)
        return _message(_linked(text, only.link if only else None, content.board))

    def report(self, content: ReportContent) -> OutgoingMessage:
        """The subject line."""
        return _message(one_line(content.subject))


def _message(text: str) -> OutgoingMessage:
    return OutgoingMessage("", fit_sms(text, SEPTETS))


def _length(text: str) -> int:
    return septets(gsm7(text))


def _one(alert: Description) -> str:
    """Site and reason first; when it is too long the reason is cut, never the reference."""
    start = f"{fit_sms(alert.subject, _LONGEST_SUBJECT)} {alert.label}: "
    end = "".join(f", {note}" for note in alert.notes) + f" #{alert.reference}"
    return start + fit_sms(alert.reason, SEPTETS - _length(start) - _length(end)) + end


def _several(content: AlertsContent) -> str:
    """The counts, then as many names as fit, then how many more there are."""
    notes = "".join(f" ({note})" for note in content.notes)
    room = SEPTETS - _length(notes)
    text = listed(content.counts, lambda line: _length(line) <= room, _named, _REST)
    return fit_sms(text, room) + notes


def _named(named: Named) -> str:
    name = fit_sms(named.name, _LONGEST_SUBJECT_OF_SEVERAL)
    return f"{name} #{named.reference}" if named.reference else f"{name} ({named.number})"


def _linked(text: str, *links: str | None) -> str:
    """`text` with the first of the addresses that fits."""
    fitting = (longer for link in links if (longer := _with(text, link)) != text)
    return next(fitting, text)


def _with(text: str, *additions: str | None) -> str:
    """`text` with as many of the additions as fit."""
    for addition in additions:
        if addition and _length(f"{text} {addition}") <= SEPTETS:
            text = f"{text} {addition}"
    return text
