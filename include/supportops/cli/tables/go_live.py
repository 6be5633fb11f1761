"""`supportops go-live` on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Kind
from supportops.alerts.hold import Released
from supportops.alerts.routing.course import Course
from supportops.cli.output import fields
from supportops.flows.alerts.go_live import Preview, Recipient
from supportops.rendering.printable import printable_line
from supportops.rendering.render import duration

_ADDRESS = {True: "", False: " - no address set here", None: " - its address could not be read"}


def preview_lines(found: Preview) -> Iterator[str]:
    """What waits for whom, and who is notified of what from then on."""
    if found.held_since is None:
        yield "This installation is live: alerts go out."
    else:
        waiting = "1 open alert" if found.alerts == 1 else f"{found.alerts} open alerts"
        yield f"Alerts are held since {found.held_since:%Y-%m-%d %H:%M} UTC; {waiting}."
        yield "Going live sends each receiver one summary of what was raised until now:"
        for each in found.recipients:
            yield "  " + printable_line(_recipient(each))
    yield "Notified from then on:" if found.held_since else "Notified:"
    for course in found.courses:
        yield "  " + printable_line(_course(course))
    if any(each.has_address is False for each in found.recipients):
        yield (
            "A receiver without an address gets nothing; where addresses are Connections of "
            "Airflow, a shell does not see them."
        )


def preview_json(found: Preview, done: Released | None) -> dict[str, Any]:
    """The same for machines."""
    return {
        "held_since": found.held_since and found.held_since.isoformat(),
        "open_alerts": found.alerts,
        "receivers": [
            {
                "receiver": each.target.name,
                "channel": each.target.channel,
                "has_address": each.has_address,
                "now": {kind.value: count for kind, count in each.now.items()},
                "later": {kind.value: count for kind, count in each.later.items()},
            }
            for each in found.recipients
        ],
        "notified": {
            _kind(course): [
                {"receiver": each.target, "after_seconds": _after(course, each.at)}
                for each in course.notified
            ]
            for course in found.courses
        },
        "went_live": None if done is None else fields(done),
    }


def _recipient(one: Recipient) -> str:
    now, later = _counted(one.now), _counted(one.later)
    parts = [now or ("" if later else "nothing")]
    if later:
        parts.append(f"{later} once its routes are open")
    words = ", ".join(filter(None, parts))
    return f"{one.target.name} ({one.target.channel}): {words}{_ADDRESS[one.has_address]}"


def _counted(counts: Mapping[Kind, int]) -> str:
    return ", ".join(f"{count} {kind.value.replace('_', ' ')}" for kind, count in counts.items())


def _course(course: Course) -> str:
    firsts: dict[str, str] = {}
    for each in course.notified:
        after = _after(course, each.at)
        when = f" after {duration(each.at - course.alert.opened_at)}" if after else ""
        firsts.setdefault(each.target, f"{each.target}{when}")
    return f"{_kind(course)}: {', '.join(firsts.values()) or 'nobody'}"


def _kind(course: Course) -> str:
    kind = course.alert.kind
    level = f" ({course.alert.severity})" if kind in SERVICE_LEVEL_KINDS else ""
    return f"{kind.value.replace('_', ' ')}{level}"


def _after(course: Course, at: Any) -> float:
    return float((at - course.alert.opened_at).total_seconds())
