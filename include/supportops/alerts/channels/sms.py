"""SMS: 160 characters of the GSM alphabet, without a title, a picture or a table."""

from __future__ import annotations

from collections.abc import Sequence

from supportops.alerts.channels.content import AlertsContent, DigestContent, ReportContent
from supportops.alerts.description import Description
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.gsm7 import fit_sms, gsm7, septets
from supportops.rendering.render import one_line

SEPTETS = 160
_LONGEST_SUBJECT = 60
_LONGEST_SUBJECT_OF_SEVERAL = 30


class Sms:
    """One SMS each, never several: what does not fit is cut with "..." or counted."""

    label = "SMS"
    digest_rows = 0

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        """What is wrong and the reference, with the board's address where it fits."""
        text = _one(content.alerts[0]) if len(content.alerts) == 1 else _several(content.alerts)
        linked = f"{text} {content.board}" if content.board else text
        return _message(linked if _length(linked) <= SEPTETS else text)

    def digest(self, content: DigestContent) -> OutgoingMessage:
        """The subject line, with the board's address where it fits."""
        linked = f"{content.title} {content.board}" if content.board else content.title
        return _message(linked if _length(linked) <= SEPTETS else content.title)

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


def _several(alerts: Sequence[Description]) -> str:
    """As many as fit with their references, then how many more there are."""
    start = f"{len(alerts)} alerts: "
    listed: list[str] = []
    for count, alert in enumerate(alerts, start=1):
        subject = fit_sms(alert.subject, _LONGEST_SUBJECT_OF_SEVERAL)
        entry = f"{subject} {alert.label} #{alert.reference}"
        more = f" +{len(alerts) - count} more" if count < len(alerts) else ""
        if _length(start + ", ".join([*listed, entry]) + more) > SEPTETS:
            return f"{start}{', '.join(listed)} +{len(alerts) - count + 1} more"
        listed.append(entry)
    return start + ", ".join(listed)
