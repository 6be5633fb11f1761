"""Sends issued reports through the outbox of the alerts: each recipient's own row and own proof.

A report is posted as an alert that nobody need act on: it is resolved at once, and holds who gets
it. No route adds to that, and what is written to each of them is loaded when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import outbox
from supportops.alerts.alert import Alert, Channel, Kind, Phase, Severity
from supportops.alerts.escalation import Decision, Why
from supportops.alerts.policy import Target
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.notify.send import Letter
from supportops.reports import store
from supportops.reports.formats.file import COUNTED, PAGE
from supportops.reports.formats.mail import Parcel, chat, mail, sms
from supportops.reports.links import report_link
from supportops.reports.store import Kept

# What is kept of a report and never sent.
_NOT_SENT = frozenset({COUNTED, PAGE})


def post(connection: Connection, kept: Kept, targets: Sequence[Target], now: datetime) -> int:
    """Issues a kept report to `targets` and queues one message for each; answers how many.

    All of it belongs to the caller's transaction. A report that was issued before stays as it was:
    then nothing is queued.
    """
    key = alert_key(kept)
    if not store.issue(connection, kept.id, key, [target.name for target in targets], now):
        return 0
    alert = Alert(
        key=key,
        kind=Kind.REPORT,
        severity=Severity.INFO,
        subject=key,
        headline=kept.subject,
        opened_at=now,
        customer=kept.customer,
        facts={"period": kept.period, "audience": kept.audience},
    )
    raise_alert(connection, alert, now)
    resolve_alert(connection, Kind.REPORT, key, now)
    decisions = [_addressed(target, now) for target in targets]
    return outbox.queue(connection, [(alert, decisions)], now)


def alert_key(kept: Kept) -> str:
    """Names one edition: "report:weekly:2026-W47:managers:1"."""
    parts = (Kind.REPORT, kept.cadence, kept.period, kept.audience, kept.edition)
    return ":".join(str(part) for part in parts)


def parcels(
    connection: Connection, alerts: Iterable[Alert], board_url: str | None
) -> dict[str, Parcel]:
    """What is to be sent for those of `alerts` that are reports, by their keys.

    One whose report is not kept any more is left out.
    """
    keys = sorted(alert.key for alert in alerts if alert.kind is Kind.REPORT)
    found = store.by_alert(connection, keys) if keys else {}
    return {key: _parcel(connection, kept, board_url) for key, kept in found.items()}


def letter(parcel: Parcel, channel: Channel, attach_at_most: int, *, repeated: bool) -> Letter:
    """The report as that channel shows it. Raises NothingKept where it has no mail."""
    if channel is Channel.EMAIL:
        return mail(parcel, attach_at_most, repeated=repeated)
    return chat(parcel, repeated=repeated) if channel is Channel.CHAT else sms(parcel)


def _addressed(target: Target, now: datetime) -> Decision:
    return Decision(
        target=target.name,
        channel=target.channel,
        phase=Phase.FIRING,
        step=0,
        reminder=0,
        why=Why.ADDRESSED,
        due_at=now,
    )


def _parcel(connection: Connection, kept: Kept, board_url: str | None) -> Parcel:
    names = [name for name in store.digests(connection, kept.id) if name not in _NOT_SENT]
    files = {file.name: file for file in store.files(connection, kept.id, names)}
    return Parcel(
        name=f"{kept.cadence}-{kept.period}",
        subject=kept.subject,
        files=files,
        link=_link(kept, board_url),
    )


def _link(kept: Kept, board_url: str | None) -> str | None:
    """A customer's contact has no board to follow a link to."""
    if kept.customer is not None:
        return None
    return report_link(board_url, kept.cadence, kept.period, kept.audience)
