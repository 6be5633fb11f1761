"""What is in force, since when and how it differs; the receivers; who would be notified."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import yaml
from pydantic import StringConstraints

from supportops.alerts.alert import Kind, Severity
from supportops.alerts.routing.course import Course
from supportops.alerts.store import list_open
from supportops.config import snapshots
from supportops.config.yaml_source import ConfigurationError
from supportops.flows.alerts import receivers, who_is_notified
from supportops.flows.sites import new_site
from supportops.web.notifications import OUTCOMES
from supportops.web.office_time import instant_of
from supportops.web.page import Page, PageContext, Query, Text, last_check

MOST_SNAPSHOTS = 20
MOST_LINES = 400
MOST_FAULTS = 50
# Parts of a stored configuration that are no file.
_NOT_FILES = {"announced": "announced maintenance", "calendars": "calendars of the rota"}
# Kinds that no route sends.
_UNROUTED = {Kind.REPORT, Kind.TEST, Kind.HAND_OVER, Kind.NOTICE}
_NUL_FREE = StringConstraints(max_length=500, pattern=r"^[^\x00]*$")
Name = Annotated[str, _NUL_FREE]


class Asked(Query):
    """`digest`: of the version that is compared with the one before it. Of the others `kind` to
    `at` ask who would be notified, `name` to `server` for the entry of a new site. `at` is on the
    office's clock."""

    digest: Text = ""
    kind: Kind | None = None
    severity: Severity | None = None
    site: Name = ""
    customer: Name = ""
    host: Name = ""
    tier: Name = ""
    at: Annotated[str, StringConstraints(max_length=40)] = ""
    name: Name = ""
    owner: Name = ""
    url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    server: Name = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was in force. `since` is when it was activated last."""

    digest: str
    since: datetime
    shown: bool

    @property
    def short(self) -> str:
        """The first signs of its digest."""
        return self.digest[:12]


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is other than before; `lines` of a unified diff with their first sign apart."""

    file: str
    lines: tuple[tuple[str, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Who would be notified, or why that cannot be said."""

    course: Course | None
    fault: str = ""


def configuration(page: PageContext, asked: Asked) -> dict[str, Any]:
    """What the configuration's template shows."""
    known = snapshots.last_versions(page.connection, MOST_SNAPSHOTS)
    place = next((n for n, (digest, _) in enumerate(known) if digest == asked.digest), 0)
    before = known[place + 1][0] if place + 1 < len(known) else None
    active = page.configuration
    return {
        "check": last_check(page.connection, page.now),
        "asked": asked,
        "versions": [
            Version(digest, at, number == place) for number, (digest, at) in enumerate(known)
        ],
        "before": before and before[:12],
        "differences": list(_differences(page, known[place][0], before)) if known else [],
        "refused": _refused(page),
        "receivers": _receivers(page),
        "outcomes": OUTCOMES,
        "answer": _answer(page, asked) if asked.kind else None,
        "kinds": [kind.value for kind in Kind if kind not in _UNROUTED],
        "severities": [each.value for each in Severity],
        "sites": [site.name for site in active.fleet.sites],
        "customers": sorted({site.customer for site in active.fleet.sites}, key=str.casefold),
        "hosts": sorted({site.host for site in active.fleet.sites if site.host}),
        "tiers": list(active.tiers.titles().items()),
        "snippet": _snippet(page, asked),
        "now": page.now,
        "zone": page.zone,
    }


def _refused(page: PageContext) -> list[str]:
    """The faults of the files that are not in force, as their alert has them."""
    found: list[str] = []
    for alert in list_open(page.connection, Kind.CONFIGURATION):
        errors = alert.facts.get("errors")
        found += map(str, errors) if isinstance(errors, list) else [alert.headline]
    return found[:MOST_FAULTS]


def _receivers(page: PageContext) -> list[receivers.Receiver] | None:
    """None while there is no usable alerts.yaml."""
    try:
        return receivers.list_receivers(page.context)
    except ConfigurationError:
        return None


def _answer(page: PageContext, asked: Asked) -> Answer:
    assert asked.kind is not None
    try:
        at = instant_of(asked.at, page.zone) if asked.at else page.now
    except ValueError:
        return Answer(None, f"{asked.at!r} is no date with a time")
    names = (asked.site, asked.customer, asked.host, asked.tier)
    site, customer, host, tier = (name.strip() or None for name in names)
    question = who_is_notified.Question(asked.kind, at, site, customer, host, tier, asked.severity)
    try:
        return Answer(who_is_notified.answer(question, page.context.config, page.context.engine))
    except ConfigurationError as error:
        return Answer(None, str(error.faults[0]))
    except LookupError as error:
        return Answer(None, str(error))


def _snippet(page: PageContext, asked: Asked) -> new_site.NewSite | None:
    if not (asked.name or asked.url):
        return None
    parts = (asked.name, asked.owner, asked.url, asked.server)
    return new_site.new_site(page.configuration, *(part.strip() for part in parts))


def _differences(page: PageContext, digest: str, before: str | None) -> Iterator[Difference]:
    """The files that differ between two versions, as YAML with sorted keys."""
    if before is None:
        return
    new = _texts(snapshots.get_document(page.connection, digest))
    old = _texts(snapshots.get_document(page.connection, before))
    for file in sorted({*new, *old}):
        if new.get(file) == old.get(file):
            continue
        lines = _diff(old.get(file, ()), new.get(file, ()))
        yield Difference(file, tuple(lines[:MOST_LINES]), max(0, len(lines) - MOST_LINES))


def _diff(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    found = difflib.unified_diff(old, new, lineterm="", n=2)
    return [(line[:1], line[1:]) for line in found if not line.startswith(("---", "+++"))]


def _texts(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Each part of a stored document as lines of YAML, by the name of its file."""
    parts: dict[str, Any] = {}
    for name, data in document.items():
        if name == "imports":
            parts.update((f"imports/{each}.yaml", part) for each, part in data.items())
        elif name not in ("version",) and data is not None:
            parts[_NOT_FILES.get(name, f"{name}.yaml")] = data
    return {
        name: tuple(yaml.safe_dump(data, allow_unicode=True, width=100).splitlines())
        for name, data in parts.items()
    }


CONFIGURATION = Page("configuration", Asked, configuration)
