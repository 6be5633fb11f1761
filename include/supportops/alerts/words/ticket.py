"""The ticket that an alert is about: its number and subject, its pages, and doubt of its tier."""

from __future__ import annotations

from urllib.parse import quote

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind
from supportops.alerts.facts import Facts
from supportops.rendering.board_links import page_link, safe_link
from supportops.rendering.render import one_line

OF_TICKETS = SERVICE_LEVEL_KINDS | {Kind.CALL}
PATH, ADDRESS = "ticket_path", "ticket_address"
_LONGEST_NUMBER = 40
_MOST_TIERS = 3


def title(alert: Alert) -> str:
    """What an alert is about, for people: number and subject of its ticket, else its site's name,
    or whatever else it is about. The number of a call's ticket is a hash, which nobody knows
    it by: there it is the words alone."""
    facts = Facts(alert.facts)
    if alert.kind is Kind.CALL and (said := facts.text("title")):
        return said
    if alert.kind in OF_TICKETS and facts.text("ticket"):
        return f"{number(alert)} {facts.text('title') or ''}".strip()
    return one_line(alert.subject) or alert.kind.value


def number(alert: Alert) -> str:
    """The ticket's number as its source writes it: "#1234"; a name that is no number as it is."""
    name = Facts(alert.facts).text("ticket") or one_line(alert.subject)
    return f"#{name}" if name.isdecimal() else name[:_LONGEST_NUMBER]


def ticket_path(source: str, ticket: str) -> str:
    """The path of a ticket's page, relative to the board."""
    return "ticket?" + "&".join(
        f"{name}={quote(value, safe='', errors='replace')}"
        for name, value in (("source", source), ("id", ticket))
    )


def path_of(alert: Alert) -> str | None:
    """The path of the ticket's page; None for an alert that is about none."""
    facts = Facts(alert.facts)
    source, ticket = facts.text("source"), facts.text("ticket")
    if alert.kind not in OF_TICKETS or not source or not ticket:
        return None
    return ticket_path(source, ticket)


def page_on(board: str | None, alert: Alert) -> str | None:
    """The address of the ticket's page on the board at `board`; None where the board's pages
    cannot be addressed, see `page_link`."""
    path = path_of(alert)
    link = page_link(board, path) if path else None
    return link if link and path and link.endswith(path) else None


def page_at_source(alert: Alert) -> str | None:
    """The address of the ticket in its source, where it has one."""
    return safe_link(Facts(alert.facts).text(ADDRESS)) if alert.kind in OF_TICKETS else None


def doubt(alert: Alert) -> str | None:
    """Where triage was not sure of the ticket's tier: "tier not certain: may be user support"."""
    if not alert.doubtful:
        return None
    tiers = [name.replace("_", " ") for name in Facts(alert.facts).names("doubtful")]
    others = " or ".join(tiers[:_MOST_TIERS])
    return f"tier not certain: may be {others}" if others else "tier not certain"
