"""Composes the message about one alert or several, as a channel shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from supportops.alerts.alert import Alert
from supportops.alerts.channels.channel import Channel
from supportops.alerts.channels.content import AlertsContent
from supportops.alerts.description import Description, Notification, cut, describe, incident_link
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.board_links import safe_link

_NAMED_IN_TITLE = 3


def compose(
    notifications: Sequence[Notification], channel: Channel, zone: str, board_url: str | None
) -> OutgoingMessage:
    """One message with all `notifications` (at least one, else ValueError), in their order.

    Times are on the clock of `zone`, the IANA name of the readers' time zone. A message about one
    alert links to its page on the board, one about several to the board.
    """
    if not notifications:
        raise ValueError("compose() needs at least one notification")
    descriptions = tuple(describe(notification, zone) for notification in notifications)
    board = safe_link(board_url)
    alone = notifications[0].alert if len(notifications) == 1 else None
    return channel.alerts(
        AlertsContent(
            title=descriptions[0].title if alone else _title_of_several(descriptions),
            alerts=descriptions,
            board=board,
            page=incident_link(board_url, alone) if alone else board,
            thread=thread_id(alone) if alone else None,
        )
    )


def thread_id(alert: Alert) -> str:
    """The Message-ID of an alert's e-mail thread, the same from its first message to its last."""
    digest = hashlib.sha256(alert.key.encode("utf-8", "replace")).hexdigest()
    return f"<{digest[:32]}@alerts.supportops.invalid>"


def _title_of_several(alerts: Sequence[Description]) -> str:
    named = [f"{cut(alert.subject, 40)} {alert.label}" for alert in alerts[:_NAMED_IN_TITLE]]
    more = len(alerts) - len(named)
    return f"{len(alerts)} alerts: {', '.join(named)}" + (f" and {more} more" if more else "")
