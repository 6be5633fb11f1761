"""What the receiver of a message sees of one alert, and how he takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from supportops.alerts import store
from supportops.alerts.acts.link import Link
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import Description, describe
from supportops.alerts.routing.narrowing import for_target
from supportops.alerts.words.notification import Notification
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.alerts import alert_acts
from supportops.rendering.render import local, one_line, sentence
from supportops.web.page import ActiveConfiguration
from supportops.web.public.answers import Form, PublicError, signed_by
from supportops.web.public.approving import Draft, draft_of

LENGTHS = {"30m": "30 minutes", "2h": "2 hours", "8h": "8 hours", "": "until it is over"}
_TIMES = {"30m": timedelta(minutes=30), "2h": timedelta(hours=2), "8h": timedelta(hours=8)}


@dataclass(frozen=True, slots=True)
class Page:
    """One alert as its receiver may read of it. `holder` has it, in words with times; `lengths` for
    how long it can be taken."""

    context: Context
    target: str
    key: str
    description: Description
    open: bool
    held_by: str
    holder: str
    lengths: dict[str, str]


def page_of(
    context: Context, active_configuration: ActiveConfiguration, link: Link, now: datetime
) -> Page | Draft:
    """The alert of a valid address, without what its receiver must not learn; the draft that it
    asks for a decision about, where it is one. Raises PublicError where there is no such alert, or
    no such receiver any more."""
    with reading(context.engine) as connection:
        policy = active_configuration(connection).alerts
        if link.target not in policy.targets():
            raise PublicError("Its receiver is not configured any more.", 410)
        try:
            alert = alert_acts.meant(connection, link.alert)
        except alert_acts.AlertActError:
            raise PublicError("There is no such alert any more.", 410) from None
        alert = store.with_later_ones(connection, {alert.key: alert})[alert.key].at(now)
    if alert.kind is Kind.NOTICE_WAITING:
        return draft_of(context, active_configuration, link, alert, now)
    shown = for_target(alert, link.target, policy)
    return Page(
        context=context,
        target=link.target,
        key=alert.key,
        description=describe(Notification(shown, shown.phase, at=now), policy.timezone),
        open=alert.resolved_at is None,
        held_by=alert.acknowledged_by or "",
        holder=_holder(alert, policy.timezone),
        lengths=LENGTHS,
    )


def take(page: Page, form: Form, now: datetime) -> str:
    """Takes the alert, or takes it over from whom the page named; says what happened.

    Raises PublicError where somebody else has it by now, or it is over.
    """
    who = signed_by(form.name, page.target)
    length = _TIMES.get(form.length)
    until = None if length is None else now + length
    note = one_line(form.note)[: alert_acts.LONGEST_NOTE]
    try:
        if form.holder:
            done = alert_acts.take_over(
                page.context, page.key, who, now, note=note, until=until, holder=form.holder
            )
        else:
            done = alert_acts.acknowledge(page.context, page.key, who, now, note=note, until=until)
    except alert_acts.AlreadyTaken as error:
        if error.by == who and not form.holder:
            return "You have it already."
        raise PublicError(f"{error.by} has it already.", 409, page) from None
    except alert_acts.AlertActError as error:
        raise PublicError(sentence(error), 409, page) from None
    return f"{done.said}. Reminders and later steps stop."


def _holder(alert: Alert, zone: str) -> str:
    """Who has it, since when and until when."""
    if alert.acknowledged_by is None or alert.acknowledged_at is None:
        return ""
    until = alert.acknowledged_until
    end = f" until {local(until, zone)}" if until else ""
    return (
        f"{one_line(alert.acknowledged_by)} has it since {local(alert.acknowledged_at, zone)}{end}"
    )
