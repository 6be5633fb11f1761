"""The receivers of alerts.yaml: whether they have an address, and a test message to each.

A test goes the way of every message: outbox, claim, channel, Apprise, notification log. It is not
held back by a rate limit and uses none up, is tried once, and raises no alert when it fails: the
person who asked for it sees the outcome.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from supportops.alerts import notification_log, store
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.notification_log import LastAttempt
from supportops.alerts.policy import AlertPolicy, Target
from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts import alert_dispatch
from supportops.flows.alerts.dispatching import addressing
from supportops.flows.alerts.dispatching.posting import Send
from supportops.flows.alerts.who_is_notified import configuration_in
from supportops.names import suggestion
from supportops.notify.send import send

Clock = Callable[[], datetime]
# While another dispatcher has a test message, its outcome is looked for so often and so long.
_PAUSE, _LONGEST_WAIT = 0.5, 40.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """A target as it stands. `has_address`: None where the secret could not be read.

    `failing`: an alert says that messages to it do not arrive. `last` is its newest attempt.
    """

    target: Target
    group: str
    has_address: bool | None
    failing: bool
    last: LastAttempt | None


@dataclass(frozen=True, slots=True)
class Tested:
    """A test message; `outcome` is as the notification log has it, None while there is none."""

    target: Target
    outcome: LastAttempt | None

    @property
    def arrived(self) -> bool:
        """Whether a service took it."""
        return self.outcome is not None and self.outcome.outcome == "handed_over"


def list_receivers(context: Context) -> list[Receiver]:
    """Every receiver of alerts.yaml, in the order of the file; no secret is part of the answer.

    Raises ConfigurationError where there is no usable alerts.yaml.
    """
    policy = _policy(configuration_in(context.config, context.engine))
    targets = policy.targets()
    groups = {t.name: name for name, members in policy.receivers.items() for t in members}
    with reading(context.engine) as connection:
        failing = {alert.subject for alert in store.list_open(connection, Kind.DELIVERY)}
        last = notification_log.last_attempts(connection, targets)
    return [
        Receiver(
            target,
            groups.get(name, ""),
            has_address(context, target),
            name in failing,
            last.get(name),
        )
        for name, target in targets.items()
    ]


def send_test(
    context: Context, names: Sequence[str], who: str, now: Clock, *, send: Send = send
) -> list[Tested]:
    """Sends a marked test message to each of `names`, receivers or single targets; to all for none.

    The files of the folder are taken up first, as by a site check. The answer comes once every
    message has an outcome, or after 40 seconds. Raises LookupError for an unknown name,
    ConfigurationError where there is no usable alerts.yaml.
    """
    configuration, _ = load_or_last_good(context.engine, context.config, now())
    targets = _named(_policy(configuration), names)
    at = now()
    alert = _test_alert(who, at)
    with writing(context.engine) as connection:
        addressing.post(connection, alert, targets, at)
    alert_dispatch.send_test(
        context.engine, configuration, context.secrets, alert.key, now, send=send
    )
    deadline = time.monotonic() + _LONGEST_WAIT
    while True:
        with reading(context.engine) as connection:
            outcomes = notification_log.attempts_of(connection, alert.key)
        if outcomes.keys() >= {target.name for target in targets} or time.monotonic() > deadline:
            return [Tested(target, outcomes.get(target.name)) for target in targets]
        time.sleep(_PAUSE)


def has_address(context: Context, target: Target) -> bool | None:
    """Whether the secret of `target` is set; None where that cannot be read."""
    try:
        return bool(context.secrets(target.secret))
    except Exception:  # the backend of secrets is away; its text may hold one
        return None


def _policy(configuration: Configuration) -> AlertPolicy:
    configuration.require(File.ALERTS)
    return configuration.alerts


def _named(policy: AlertPolicy, names: Sequence[str]) -> list[Target]:
    targets = policy.targets()
    if not names:
        return list(targets.values())
    found: dict[str, Target] = {}
    for name in names:
        members = policy.receivers.get(name) or ((targets[name],) if name in targets else ())
        if not members:
            known = [*policy.receivers, *targets]
            near = suggestion(name, known) or f"there are {', '.join(known)}"
            raise LookupError(f"no receiver {name!r} in alerts.yaml; {near}")
        found |= {target.name: target for target in members}
    return list(found.values())


def _test_alert(who: str, now: datetime) -> Alert:
    key = f"{Kind.TEST}:{uuid.uuid4()}"
    return Alert(
        key=key,
        kind=Kind.TEST,
        severity=Severity.INFO,
        subject="test message",
        headline=f"nothing is wrong; {who} asked whether messages arrive here",
        opened_at=now,
        facts={"by": who},
    )
