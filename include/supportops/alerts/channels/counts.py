"""What many alerts are together: "37 sites down: web-1 (12), web-2 (9), Shop and 15 more"."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from supportops.alerts.alert import Kind, Phase, Severity
from supportops.alerts.description import cut, reference
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import KIND_TEXTS, not_mended
from supportops.alerts.words.notification import Notification
from supportops.alerts.words.present import present_of
from supportops.alerts.words.ticket import title
from supportops.rendering.render import one_line

_OPEN: dict[Kind, tuple[str, str]] = {
    Kind.OUTAGE: ("site down", "sites down"),
    Kind.HOST_OUTAGE: ("server down", "servers down"),
    Kind.FAULT: ("fault", "faults"),
    Kind.CERTIFICATE: ("certificate ends", "certificates end"),
    Kind.BLIND: ("connection of our own down", "connections of our own down"),
    Kind.PUSH_MISSING: ("job without a push", "jobs without a push"),
    Kind.PUSH_FAILED: ("job failed", "jobs failed"),
    Kind.PUSH_LIMIT: ("job above its limits", "jobs above their limits"),
    Kind.REGISTRATION: ("registration ends", "registrations end"),
    Kind.DNS_CHANGE: ("domain with changed records", "domains with changed records"),
    Kind.MAIL_RECORDS: ("domain with wrong mail records", "domains with wrong mail records"),
    Kind.CONFIGURATION: ("configuration with faults", "configurations with faults"),
    Kind.DELIVERY: ("receiver not reached", "receivers not reached"),
    Kind.TASK_FAILED: ("task failed", "tasks failed"),
    Kind.SLA_WARNING: ("ticket due soon", "tickets due soon"),
    Kind.SLA_BREACH: ("ticket breached", "tickets breached"),
    Kind.SLA_FOLLOW_UP: ("ticket still open", "tickets still open"),
    Kind.CALL: ("call", "calls"),
}
_OVER: dict[Kind, tuple[str, str]] = {
    Kind.OUTAGE: ("site up again", "sites up again"),
    Kind.HOST_OUTAGE: ("server up again", "servers up again"),
    Kind.FAULT: ("fault over", "faults over"),
    Kind.CERTIFICATE: ("certificate renewed", "certificates renewed"),
    Kind.PUSH_MISSING: ("job pushes again", "jobs push again"),
    Kind.PUSH_FAILED: ("job works again", "jobs work again"),
    Kind.PUSH_LIMIT: ("job within its limits", "jobs within their limits"),
    Kind.REGISTRATION: ("registration renewed", "registrations renewed"),
    Kind.DNS_CHANGE: ("domain as it was", "domains as they were"),
    Kind.MAIL_RECORDS: ("mail records right", "mail records right"),
}
# An open alert whose last check showed something else by now, by the fact `present`.
_PRESENT: dict[str, tuple[str, str]] = {
    "answers": ("answers again", "answer again"),
    "unseen": ("cannot be seen now", "cannot be seen now"),
}
_RETRACTED = ("alert retracted", "alerts retracted")
_RESOLVED = ("alert resolved", "alerts resolved")
_URGENCY = {severity: place for place, severity in enumerate(Severity)}
_LONGEST_NAME = 40
# More names than that fit into no subject line.
_FEW = 20


@dataclass(frozen=True, slots=True)
class Named:
    """Alerts with a common name: those of a server, or a single one with its reference."""

    name: str
    number: int
    reference: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.number})" if self.number > 1 else self.name


@dataclass(frozen=True, slots=True)
class Count:
    """Alerts of one kind of news: "37 sites down". `servers` names many by their servers, `each` a
    few one by one."""

    words: str
    total: int
    servers: tuple[Named, ...]
    each: tuple[Named, ...]


def in_order(notifications: Sequence[Notification]) -> list[Notification]:
    """What is open before what is over, the most urgent first; each alert once.

    An alert's end stands for its alarm where both come together, a later step for an earlier.
    """
    latest: dict[str, Notification] = {}
    for each in notifications:
        known = latest.get(each.alert.key)
        if known is None or _lateness(each) > _lateness(known):
            latest[each.alert.key] = each
    return sorted(
        latest.values(), key=lambda n: (n.phase is Phase.RESOLVED, _URGENCY[n.alert.severity])
    )


def _lateness(notification: Notification) -> tuple[bool, bool, int]:
    return notification.phase is Phase.RESOLVED, notification.reminder, notification.step


def counts(ordered: Sequence[Notification]) -> tuple[Count, ...]:
    """The alerts, as `in_order` has them, by what they tell; the most urgent news first."""
    groups: defaultdict[tuple[str, str], list[Notification]] = defaultdict(list)
    for each in ordered:
        groups[_words(each)].append(each)
    return tuple(
        Count(
            words=f"{len(group)} {words[len(group) > 1]}",
            total=len(group),
            servers=tuple(_by_server(group)),
            each=tuple(map(_alone, group)) if len(group) <= _FEW else (),
        )
        for words, group in groups.items()
    )


def _words(notification: Notification) -> tuple[str, str]:
    """What is said of one such alert, and of several."""
    alert, facts = notification.alert, Facts(notification.alert.facts)
    if notification.phase is Phase.FIRING:
        label = KIND_TEXTS[alert.kind].label
        one, several = _OPEN.get(alert.kind, (label, label))
        state = present_of(alert).text("state") or ""
        one, several = _PRESENT.get(state, (one, several))
        note = " (reminder)" if notification.reminder else ""
        return one + note, several + note
    if alert.retracted:
        return _RETRACTED
    if ending := not_mended(alert):
        return (ending.label.lower(),) * 2
    if over := facts.text("over"):
        return (f"ended: {cut(over, 60)}",) * 2
    return _OVER.get(alert.kind, _RESOLVED)


def _alone(notification: Notification) -> Named:
    alert = notification.alert
    return Named(cut(title(alert), _LONGEST_NAME), 1, reference(alert))


def _by_server(group: Sequence[Notification]) -> Iterator[Named]:
    """The servers of several of the alerts, the largest first, then the others one by one."""
    hosts = Counter(
        host for each in group if (host := one_line(each.alert.host or "")) and _is_of_a_site(each)
    )
    several = {host for host, number in hosts.items() if number > 1}
    for host in sorted(several, key=lambda name: (-hosts[name], name)):
        yield Named(cut(host, _LONGEST_NAME), hosts[host])
    for each in group:
        if not (_is_of_a_site(each) and one_line(each.alert.host or "") in several):
            yield _alone(each)


def _is_of_a_site(notification: Notification) -> bool:
    return notification.alert.kind is not Kind.HOST_OUTAGE


def listed(
    counted: Sequence[Count],
    fits: Callable[[str], bool],
    name: Callable[[Named], str] = str,
    rest: str = "and {} more",
) -> str:
    """The counts, then the names: all of them, or the largest servers and how many are left out.

    As many as `fits` accepts: "37 sites down: web-1 (12) and 25 more". `name` writes one of them.
    """
    text = ", ".join(count.words for count in counted)
    everything = [each for count in counted for each in count.each]
    if len(everything) == sum(count.total for count in counted):
        line = f"{text}: {', '.join(map(name, everything))}"
        if fits(line):
            return line
    left, names, fitting = sum(count.total for count in counted), list[str](), text
    for each in (named for count in counted for named in count.servers):
        left -= each.number
        names.append(name(each))
        line = f"{text}: {', '.join(names)}{' ' + rest.format(left) if left else ''}"
        if not fits(line):
            break
        fitting = line
    return fitting
