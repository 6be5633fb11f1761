"""`supportops alerts who` on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from supportops.alerts.policy import Hours
from supportops.alerts.routing.course import Course, Notified, Skipped
from supportops.cli.output import fields
from supportops.rendering.printable import printable_line
from supportops.rendering.render import duration, local

MOST_SITES = 10


def who_lines(course: Course) -> Iterator[str]:
    """Who is notified when, who else would be, and why others are not."""
    for line in _lines(course):
        indent = len(line) - len(line.lstrip(" "))
        yield " " * indent + printable_line(line)


def who_json(course: Course) -> dict[str, Any]:
    """The same for machines: instants in ISO, lengths in seconds."""
    alert = course.alert
    return {
        "alert": {
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "raised_at": alert.opened_at.isoformat(),
            "site": alert.site,
            "customer": alert.customer,
            "host": alert.host,
            "sites": [each.site for each in alert.affected if each.site],
        },
        "notified": [_message(each) for each in course.notified],
        "fallback": list(course.fallback),
        "end": [fields(each) for each in course.end],
        "not_notified": [fields(each) for each in course.skipped],
        "silences": [
            {**fields(each), "matchers": [str(one) for one in each.matchers]}
            for each in course.silences
        ],
    }


def _message(one: Notified) -> dict[str, Any]:
    limits = [
        {"count": limit.count, "period_seconds": limit.period.total_seconds()}
        for limit in one.limits
    ]
    every = None if one.every is None else one.every.total_seconds()
    at = one.at.isoformat()
    plain = fields(one)
    del plain["every"]
    return {**plain, "at": at, "every_seconds": every, "limits": limits}


def _lines(course: Course) -> Iterator[str]:
    alert = course.alert
    about = [f"site {alert.site}" if alert.site else "", alert.customer or "", alert.host or ""]
    known = ", ".join(part for part in about if part)
    raised = local(alert.opened_at, course.zone)
    yield f"{alert.kind} ({alert.severity}){f', {known}' if known else ''}, raised {raised}"
    if alert.is_wide:
        yield f"  about {_sites([str(each.site) for each in alert.affected])}"
    for each in course.silences:
        until = local(each.until, course.zone)
        why = f"silence {each.id} by {each.created_by}: {each.reason}"
        yield f"  silenced from {local(each.starts_at, course.zone)} until {until}, {why}"
    yield "Notified, while it is open and nobody acknowledges:"
    for one in course.notified:
        yield f"  {_line(one, course)}"
    if not course.notified:
        yield "  nobody"
    named = ", ".join(course.fallback)
    yield f"Fallback, when one of these messages fails: {named or 'nobody'}"
    yield f"Its end: {_ends(course.end)}"
    if course.skipped:
        yield "Not notified:"
    for skipped in course.skipped:
        about_whom = f"{skipped.target} " if skipped.target else ""
        by = f"route {skipped.route}" if skipped.route else "fallback"
        yield f"  {about_whom}by {by}: {skipped.why}" if about_whom else f"  {by}: {skipped.why}"


def _line(one: Notified, course: Course) -> str:
    after = one.at - course.alert.opened_at
    when = f"{local(one.at, course.zone)} (after {duration(after)})" if after else "at once"
    by = f"route {one.route}" if one.route else "fallback"
    by += f", step {one.step}" if one.route and not one.every else ""
    by += f", on call for {one.duty}" if one.duty else ""
    notes = [
        "" if one.hours is Hours.ALWAYS else f"hours: {one.hours}",
        f"reminder, then every {duration(one.every)}" if one.every else "",
        "in a digest" if one.digest else "",
        "" if one.sites is None else f"about {_sites(one.sites)}",
        *(f"at most {each.count} in {duration(each.period)}" for each in one.limits),
    ]
    return "; ".join([f"{when}: {one.target} ({one.channel}), {by}", *filter(None, notes)])


def _ends(end: tuple[Skipped, ...]) -> str:
    return ", ".join(f"{each.target} ({each.why})" for each in end) or "nobody"


def _sites(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_SITES} more" if len(names) > MOST_SITES else ""
    return (", ".join(names[:MOST_SITES]) or "no site") + more
