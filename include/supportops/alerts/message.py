"""Composes the message about one alert or several, as a channel shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.channels.channel import Channel
from supportops.alerts.channels.content import AlertsContent
from supportops.alerts.channels.counts import Count, counts, in_order, listed
from supportops.alerts.description import cut, describe, incident_link, list_link
from supportops.alerts.words.notification import Notification
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.board_links import safe_link
from supportops.rendering.render import local

# So many are described one by one; no channel has room for more.
MOST_LISTED = 200
_LONGEST_TITLE = 150


def compose(
    notifications: Sequence[Notification],
    channel: Channel,
    zone: str,
    board_url: str | None,
    next_at: datetime | None = None,
    take: str | None = None,
    together: str | None = None,
) -> OutgoingMessage:
    """One message with all `notifications` (at least one, else ValueError), the urgent first.

    Times are on the clock of `zone`, the IANA name of the readers' time zone. A message about one
    alert links to its page on the board, one about several to the list of exactly these, by what
    names the message (`together`). `next_at`: when the
    receiver's rate limit lets the next message through, where this one uses it up. `take`: the
    address at which the receiver can take the one alert.
    """
    if not notifications:
        raise ValueError("compose() needs at least one notification")
    ordered = in_order(notifications)
    descriptions = tuple(describe(each, zone, board_url) for each in ordered[:MOST_LISTED])
    board = safe_link(board_url)
    alone = ordered[0].alert if len(ordered) == 1 else None
    counted = counts(ordered)
    return channel.alerts(
        AlertsContent(
            title=descriptions[0].title if alone else _title(counted, ordered),
            alerts=descriptions,
            board=board,
            page=incident_link(board_url, alone) if alone else list_link(board_url, together),
            thread=thread_id(alone) if alone else None,
            counts=counted,
            notes=tuple(_notes(ordered)),
            next_at=clock_time(next_at, zone) if next_at else None,
            take=safe_link(take) if alone else None,
            decides=alone is not None and alone.kind is Kind.NOTICE_WAITING,
        )
    )


def _title(counted: Sequence[Count], ordered: Sequence[Notification]) -> str:
    notes = "".join(f" ({note})" for note in _notes(ordered))
    room = _LONGEST_TITLE - len(notes)
    return cut(listed(counted, lambda line: len(line) <= room), room) + notes


def _notes(ordered: Sequence[Notification]) -> Iterator[str]:
    """What is to be said of the message as a whole."""
    steps = {each.step for each in ordered if each.phase is Phase.FIRING and not each.reminder}
    if len(steps) == 1 and (step := steps.pop()):
        yield f"escalation step {step + 1}"
    if any(each.repeated for each in ordered):
        all_of_it = all(each.repeated for each in ordered)
        yield "may be repeated" if all_of_it else "some may be repeated"


def clock_time(instant: datetime, zone: str) -> str:
    """Hours and minutes with the zone: "14:20 GMT"."""
    return " ".join(local(instant, zone).split(" ")[-2:])


def thread_id(alert: Alert) -> str:
    """The Message-ID of an alert's e-mail thread, the same from its first message to its last."""
    digest = hashlib.sha256(alert.key.encode("utf-8", "replace")).hexdigest()
    return f"<{digest[:32]}@alerts.supportops.invalid>"
