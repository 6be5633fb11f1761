"""Chat rooms: Markdown, as Slack, Mattermost, Matrix and others read it."""

from __future__ import annotations

from dataclasses import replace

from supportops.alerts.channels.content import (
    AlertsContent,
    DigestContent,
    ReportContent,
    SectionKind,
)
from supportops.alerts.words.notification import MAY_BE_REPEATED
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.catalogue import N_, catalogue
from supportops.rendering.render import render

_MARKS = {"critical": "🔴", "warning": "🟠", "good": "🟢"}
_SECTION_MARKS = {
    SectionKind.BREACHED: "🟠",
    SectionKind.STILL_OPEN: "🟠",
    SectionKind.DUE_SOON: "🟡",
    SectionKind.RETRACTED: "🟢",
    SectionKind.OTHER: "⚪",
}

# A screen or two. The least room that a chat service gives is Discord's 2,000 characters, and the
# counts, which come first, are to fit in any.
_MOST_ROWS, _MOST_IN_ROWS = 25, 1600
_BESIDE_TITLE = len("- 🔴  #abc123\n")


class Chat:
    """Everything stands in the text, because services disagree about what a title is."""

    label = N_("Chat")
    digest_rows = 20

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        """All facts of one alert, or the counts and a line for each of the first."""
        rows = _fitting(content) if content.total > 1 else 1
        message = _message("alerts", content=content, marks=_MARKS, rows=rows)
        return replace(message, action=content.action)

    def digest(self, content: DigestContent) -> OutgoingMessage:
        """A line for each ticket, section by section."""
        return _message("digest", digest=content, marks=_SECTION_MARKS)

    def report(self, content: ReportContent) -> OutgoingMessage:
        """Its result in a line or two, and a link to the whole of it."""
        words = catalogue(content.language)
        return _message(
            "report",
            report=content,
            may_be_repeated=words.gettext(MAY_BE_REPEATED),
            open_report=words.gettext("Open the report"),
        )


def _fitting(content: AlertsContent) -> int:
    """How many alerts have a line each."""
    length = 0
    for number, alert in enumerate(content.alerts[:_MOST_ROWS]):
        length += len(alert.title) + _BESIDE_TITLE
        if length > _MOST_IN_ROWS:
            return number
    return min(len(content.alerts), _MOST_ROWS)


def _message(template: str, **context: object) -> OutgoingMessage:
    text = render(f"alerts/channels/chat/{template}.md", **context)
    return OutgoingMessage("", text, markdown=True)
