"""Silences: those in force and to come, what a new one would be about, and those that are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from supportops.alerts.alert import Kind, Severity
from supportops.alerts.description import incident_path
from supportops.alerts.routing.matcher import How, MatcherError
from supportops.alerts.silencing.silence import Label
from supportops.alerts.words.ticket import title
from supportops.flows.alerts import silences as flow
from supportops.web.alerting.filters import DURATIONS
from supportops.web.alerting.matchers import Form, matchers_of
from supportops.web.page import Page, PageContext, last_check

MOST_NAMED = 20
MOST_SUGGESTED = 2000


@dataclass(frozen=True, slots=True)
class Named:
    """An open alert that matchers are about; `part`: "2 of 5 sites" where they are about some."""

    title: str
    href: str
    part: str


def silences(page: PageContext, form: Form) -> dict[str, Any]:
    """What the silences' template shows. What `form` is about is shown before it is made."""
    found = flow.listing(page.connection, page.now, expired=True)
    preview, fault = None, ""
    if form.given:
        try:
            preview = flow.previewed(page.connection, matchers_of(form), page.now)
        except MatcherError as error:
            fault = f"{error}."
    fleet = page.configuration.fleet
    return {
        "check": last_check(page.connection, page.now),
        "form": form,
        "fault": fault,
        "preview": preview,
        "about": _named(preview.alerts) if preview else [],
        "more": max(0, len(preview.alerts) - MOST_NAMED) if preview else 0,
        "silences": [(each, _named(each.alerts)) for each in found if each.state != "expired"],
        "expired": [each for each in found if each.state == "expired"][:MOST_NAMED],
        "labels": [each.value for each in Label],
        "hows": [each.value for each in How],
        "suggested": _suggested(fleet.sites),
        "durations": DURATIONS,
        "now": page.now,
        "zone": page.zone,
    }


def _named(matched: tuple[flow.Matched, ...]) -> list[Named]:
    return [
        Named(
            title(each.alert),
            incident_path(each.alert.key),
            "" if each.all_sites else f"{len(each.sites)} of its sites",
        )
        for each in matched[:MOST_NAMED]
    ]


def _suggested(sites: Any) -> list[str]:
    """What people may mean: sites, customers and servers, kinds and severities."""
    names = {name for site in sites for name in (site.name, site.customer, site.host) if name}
    fixed = [*(kind.value for kind in Kind), *(severity.value for severity in Severity)]
    return [*sorted(names, key=str.casefold)[:MOST_SUGGESTED], *fixed]


SILENCES = Page("silences", Form, silences)
