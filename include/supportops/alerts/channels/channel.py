"""The contract of a channel: one way to reach people, such as e-mail, SMS or a chat room."""

from __future__ import annotations

from typing import Protocol

from supportops.alerts.channels.content import AlertsContent, DigestContent, ReportContent
from supportops.notify.outgoing import OutgoingMessage


class Channel(Protocol):
    """Renders all that a receiver can be sent; Apprise then delivers it.

    A channel has no state. `content` is plain unescaped text and may be hostile: escaping it for
    the format of the channel is the channel's task.
    """

    @property
    def label(self) -> str:
        """How people write its name: "E-mail"."""
        ...

    @property
    def digest_rows(self) -> int:
        """How many tickets one digest lists at most; the others are counted."""
        ...

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        """One message about one alert or several."""
        ...

    def digest(self, content: DigestContent) -> OutgoingMessage:
        """One message about many tickets."""
        ...

    def report(self, content: ReportContent) -> OutgoingMessage:
        """An issued report. Raises ReportUnavailable where what the channel needs is missing."""
        ...
