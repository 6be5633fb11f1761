"""A message to whoever goes on duty, with what is open: once for each hand-over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.alerts import store
from supportops.alerts.alert import ADDRESSED_KINDS, Alert, Kind, Phase, Severity
from supportops.alerts.description import describe
from supportops.alerts.kind_texts import KIND_TEXTS
from supportops.alerts.policy import AlertPolicy, OfficeHours, Target
from supportops.alerts.rota.team import Duty, Team
from supportops.alerts.routing.matching import matching, names
from supportops.alerts.routing.narrowing import for_target
from supportops.alerts.ticket_clock import NOTHING, as_of
from supportops.alerts.words.notification import Notification
from supportops.config.rota import Rota
from supportops.flows.alerts.dispatching import addressing
from supportops.rendering.render import local, one_line

# One that was missed for longer, because no dispatch ran, is not mentioned any more.
LATEST = timedelta(hours=12)
# The end of a duty is looked for so far ahead; a rota of one person never hands over.
_AHEAD = timedelta(days=62)
_MOST = 100
# The channels for something to read, the best first; where a person has none, any other.
_TO_READ = ("email", "chat")


def queue_hand_overs(
    connection: Connection,
    policy: AlertPolicy,
    rota: Rota,
    now: datetime,
    office: OfficeHours,
    promised: Mapping[str, OfficeHours] = NOTHING,
) -> int:
    """Queues a message to each person who went on duty by `now`; answers how many were new.

    `promised`: the hours that promises count in, see `as_of`.

    The message and the alert that carries it are part of the caller's transaction, which holds the
    lock of the dispatch: a hand-over whose message was queued has its alert.
    """
    queued = 0
    for team in rota.teams.values():
        duty = latest_duty(team, now)
        for person in duty.people if duty is not None else ():
            assert duty is not None
            queued += _notify(connection, policy, rota, team, duty, person, now, office, promised)
    return queued


def latest_duty(team: Team, now: datetime) -> Duty | None:
    """The duty that `now` is in, if it began within LATEST; None for one that went on before."""
    duties = team.duties(now - LATEST, now + _AHEAD)
    duty = next(each for each in duties if each.since <= now < each.until)
    return duty if duty.people and duty.since > now - LATEST else None


def _notify(
    connection: Connection,
    policy: AlertPolicy,
    rota: Rota,
    team: Team,
    duty: Duty,
    person: str,
    now: datetime,
    office: OfficeHours,
    promised: Mapping[str, OfficeHours],
) -> int:
    key = f"{Kind.HAND_OVER}:{team.name}:{person}:{duty.since.isoformat()}"
    mine = [t for name in rota.people[person].receivers for t in policy.receivers.get(name, ())]
    if not mine or store.find(connection, key) is not None:
        return 0
    zone = policy.timezone
    theirs = _routed_to(store.list_open(connection), policy, mine, now)
    lines = [
        _line(each, target, policy, now, office, promised, zone) for each, target in theirs[:_MOST]
    ]
    count = f"{len(theirs)} alert{'' if len(theirs) == 1 else 's'}" if theirs else "nothing"
    alert = Alert(
        key=key,
        kind=Kind.HAND_OVER,
        severity=Severity.INFO,
        subject=f"{rota.people[person].name}, {team.name}",
        headline=f"{count} open; on duty until {local(duty.until, zone)}",
        opened_at=duty.since,
        facts={"team": team.name, "sites": lines},
    )
    return addressing.post(connection, alert, _to_read(mine), now)


def _routed_to(
    alerts: Sequence[Alert], policy: AlertPolicy, targets: Sequence[Target], now: datetime
) -> list[tuple[Alert, Target]]:
    """The open alerts that a route sends to one of `targets`, and to which; the urgent first."""
    order = list(Severity)
    found = []
    for alert in sorted(
        (each.at(now) for each in alerts),
        key=lambda each: (order.index(each.severity), each.opened_at),
    ):
        if alert.kind in ADDRESSED_KINDS or alert.covered_by is not None or alert.opened_at > now:
            continue
        routes = [match.route for match in matching(alert, policy)]
        target = next((t for t in targets if any(names(r, t.name) for r in routes)), None)
        if target is not None:
            found.append((alert, target))
    return found


def _line(
    alert: Alert,
    target: Target,
    policy: AlertPolicy,
    now: datetime,
    office: OfficeHours,
    promised: Mapping[str, OfficeHours],
    zone: str,
) -> str:
    """An alert in one line, as the target may read it, and who has it."""
    try:
        seen = as_of(for_target(alert, target.name, policy), now, office, promised)
        title = describe(Notification(seen, Phase.FIRING, at=now), zone).title
    except Exception:  # what cannot be put into words must not stop the dispatch
        title = f"{KIND_TEXTS[alert.kind].label}: {one_line(alert.subject)}"
    taken = f", {alert.acknowledged_by} has it" if alert.acknowledged_by else ""
    return f"{title}{taken}"


def _to_read(targets: Sequence[Target]) -> list[Target]:
    for channel in _TO_READ:
        found = [target for target in targets if target.channel == channel]
        if found:
            return found
    return list(targets)
