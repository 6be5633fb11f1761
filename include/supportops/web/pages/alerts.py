"""The alerts: incidents, tickets and the installation apart, with filters, search and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from supportops.alerts import store
from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import incident_path
from supportops.alerts.kind_texts import KIND_TEXTS
from supportops.alerts.silencing import log as silence_log
from supportops.alerts.silencing.silence import Silence, SilenceState, aliased, covered, sites_of
from supportops.alerts.words.ticket import doubt, path_of, title
from supportops.web import queries
from supportops.web.alerting.filters import ABOUT, DURATIONS, KINDS, About, Filters, State
from supportops.web.alerting.reading import find
from supportops.web.alerting.receivers import receivers
from supportops.web.notifications import message_line
from supportops.web.page import Choice, Page, PageContext, last_check
from supportops.web.tickets.related import outage_links
from supportops.web.tiles import Status

SHOWN = 50
MOST_MESSAGES = 50
MOST_UNREADABLE = 10

TITLES = {
    About.INCIDENTS: "Incidents",
    About.INSTALLATION: "This installation",
    About.TICKETS: "Tickets",
}
_STATES = {
    State.OPEN: "Open",
    State.UNACKNOWLEDGED: "Nobody has it",
    State.ACKNOWLEDGED: "Somebody has it",
    State.MINE: "Mine",
    State.SNOOZED: "Snoozed",
    State.UNDELIVERED: "Undelivered",
    State.OVER: "Over",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An alert of the list. `silenced`: by which silence, where all of it is."""

    alert: Alert
    title: str
    label: str
    status: Status
    href: str
    ticket: str | None
    reference: str
    doubt: str | None
    silenced: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of the page that are about the same; `total` on all pages."""

    title: str
    total: int
    rows: tuple[Row, ...]


def alerts(page: PageContext, filters: Filters) -> dict[str, Any]:
    """What the alerts' template shows."""
    customers = page.configuration.customers
    found = find(page.connection, customers, filters, page.viewer.name, page.now, SHOWN)
    known = silence_log.ending_after(page.connection, page.now)
    silences = [
        each for each in aliased(known, customers) if each.state(page.now) is SilenceState.ACTIVE
    ]
    own = outage_links(page.connection, found.alerts)
    rows = [_row(alert, silences, own.get(alert.key)) for alert in found.alerts]
    unreadable, strange = store.of_other_versions(page.connection, MOST_UNREADABLE)
    unreadable += [store.Unreadable(key, "its facts are damaged") for key in found.unreadable]
    queued, unfinished = queries.unfinished_messages(page.connection, MOST_MESSAGES)
    shown = found.total > filters.page * SHOWN
    return {
        "check": last_check(page.connection, page.now),
        "filters": filters,
        "states": list(_states(filters, found.by_state)),
        "abouts": list(_abouts(filters, found.by_about)),
        "groups": list(_groups(rows, found.by_about)),
        "total": found.total,
        "open_total": found.by_state[State.OPEN],
        "over": filters.state is State.OVER,
        "kinds": [(kind.value, _label(kind)) for kind in ABOUT],
        "customers": sorted({s.customer for s in page.configuration.fleet.sites}, key=str.casefold),
        "earlier": filters.href(page=filters.page - 1) if filters.page > 1 else "",
        "later": filters.href(page=filters.page + 1) if shown else "",
        "clear": filters.href(about="", kind="", severity="", customer="", text="", message=""),
        "silences": len(silences),
        "unreadable": unreadable[:MOST_UNREADABLE],
        "unreadable_total": strange + len(found.unreadable),
        "receivers": receivers(page),
        "durations": DURATIONS,
        "messages": [(message_line(row), incident_path(row["alert"])) for row in queued],
        "unfinished": unfinished,
        "now": page.now,
        "zone": page.zone,
    }


def _row(alert: Alert, silences: list[Silence], own: str | None) -> Row:
    everything = len(sites_of(alert))
    by = [each.id for each in silences if len(covered(each.matchers, alert)) == everything]
    return Row(
        alert=alert,
        title=title(alert),
        label=_label(alert.kind),
        status=_status(alert),
        href=incident_path(alert.key),
        ticket=path_of(alert) or own,
        reference=reference_of(alert.key),
        doubt=doubt(alert),
        silenced=by[0] if by and alert.resolved_at is None else None,
    )


def _label(kind: Kind) -> str:
    return KIND_TEXTS[kind].label.capitalize().replace("Sla ", "SLA ")


def _status(alert: Alert) -> Status:
    if alert.resolved_at is not None:
        return Status.UP
    severe = alert.severity == "critical" or alert.kind is Kind.SLA_BREACH
    return Status.DOWN if severe else Status.FAULT


def _groups(rows: list[Row], totals: dict[About, int]) -> Iterator[Group]:
    for about in KINDS:
        mine = tuple(row for row in rows if ABOUT.get(row.alert.kind) is about)
        if mine:
            yield Group(TITLES[about], totals[about], mine)


def _states(filters: Filters, counts: dict[State, int]) -> Iterator[Choice]:
    for state, words in _STATES.items():
        href = filters.href(state="" if state is State.OPEN else state.value)
        yield Choice(words, href, counts.get(state, 0), filters.state is state)


def _abouts(filters: Filters, counts: dict[About, int]) -> Iterator[Choice]:
    yield Choice("All", filters.href(about=""), sum(counts.values()), filters.about is None)
    for about, words in TITLES.items():
        href = filters.href(about=about.value)
        yield Choice(words, href, counts[about], filters.about is about)


ALERTS = Page("alerts", Filters, alerts)
