"""Chat rooms: Markdown, as Slack, Mattermost, Matrix and others read it."""

from __future__ import annotations

from supportops.alerts.channels.content import (
    AlertsContent,
    DigestContent,
    ReportContent,
    SectionKind,
)
from supportops.alerts.description import MAY_BE_REPEATED
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.render import render

_MARKS = {"critical": "🔴", "warning": "🟠", "good": "🟢"}
_SECTION_MARKS = {
    SectionKind.BREACHED: "🟠",
    SectionKind.STILL_OPEN: "🟠",
    SectionKind.DUE_SOON: "🟡",
    SectionKind.RETRACTED: "🟢",
    SectionKind.OTHER: "⚪",
}


class Chat:
    """Everything stands in the text, because services disagree about what a title is."""

    label = "Chat"
    digest_rows = 20

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        """All facts of one alert, or a line for each of the first 20."""
        return _message("alerts", content=content, marks=_MARKS)

    def digest(self, content: DigestContent) -> OutgoingMessage:
        """A line for each ticket, section by section."""
        return _message("digest", digest=content, marks=_SECTION_MARKS)

    def report(self, content: ReportContent) -> OutgoingMessage:
        """Its result in a line or two, and a link to the whole of it."""
        return _message("report", report=content, may_be_repeated=MAY_BE_REPEATED)


def _message(template: str, **context: object) -> OutgoingMessage:
    text = render(f"alerts/channels/chat/{template}.md", **context)
    return OutgoingMessage("", text, markdown=True)
