"""The filters of the queue, all of them in its address, and how many tickets each choice has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter

from supportops.flows.tickets.ticket_queue import Narrowed, QueuedTicket, Standing
from supportops.rendering.render import one_line
from supportops.web.page import PageNumber, Query, Text, link


class State(StrEnum):
    """What is shown: every open ticket, those of one standing, or the solved ones."""

    OPEN = "open"
    BREACHED = Standing.BREACHED.value
    AT_RISK = Standing.AT_RISK.value
    UNANSWERED = Standing.UNANSWERED.value
    WAITING = Standing.WAITING.value
    DOUBTFUL = Standing.DOUBTFUL.value
    UNASSIGNED = Standing.UNASSIGNED.value
    SOLVED = "solved"


class Sort(StrEnum):
    """The order of the queue. DUE: by the promise that falls due next."""

    DUE = "due"
    LATE = "late"
    NEWEST = "newest"
    OLDEST = "oldest"
    UPDATED = "updated"


class Filters(Query):
    """The query of the queue's address; an empty field filters nothing."""

    state: State = State.OPEN
    tier: Text = ""
    customer: Text = ""
    site: Text = ""
    owner: Text = ""
    source: Text = ""
    text: Text = ""
    sort: Sort = Sort.DUE
    page: PageNumber = 1

    def href(self, to: str = "tickets", **changes: str | int) -> str:
        """The address of the queue with some of its filters changed, from its first page on."""
        usual = {"state": State.OPEN, "sort": Sort.DUE}
        given = {name: getattr(self, name) for name in (*FIELDS, "text", "state", "sort")}
        kept = {name: value for name, value in given.items() if value != usual.get(name)}
        return link(to, **{**{n: str(v) for n, v in kept.items()}, **changes})

    @property
    def chosen(self) -> bool:
        """Whether any filter is set."""
        return self.state is not State.OPEN or any(
            getattr(self, name) for name in (*FIELDS, "text")
        )

    @property
    def narrowed(self) -> Narrowed:
        """The fields and the text as the store looks for them.

        The tier is left out: a ticket without one has the default tier.
        """
        values = {name: getattr(self, name) for name in FIELDS if name != "tier"}
        given = {_ATTRIBUTE.get(name, name): value for name, value in values.items() if value}
        return Narrowed(given, self.needle)

    @property
    def needle(self) -> str:
        """The text to look for, as `haystack` is written."""
        return one_line(self.text).casefold().removeprefix("#")


FIELDS = ("tier", "customer", "site", "owner", "source")
_ATTRIBUTE = {"owner": "assignee"}
_PLACES = range(len(FIELDS))
_values = attrgetter(*(_ATTRIBUTE.get(name, name) for name in FIELDS))


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a field; `count`: how many tickets it has under the other filters."""

    value: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Filtered:
    """The tickets that all filters fit.

    states: how many tickets each state has under the other filters. fields: by name of a field,
    how many each of its values has under the other filters.
    """

    tickets: list[QueuedTicket]
    states: Mapping[str, int]
    fields: Mapping[str, Mapping[str, int]]


def filtered(tickets: Iterable[QueuedTicket], filters: Filters) -> Filtered:
    """The open tickets that `filters` fit, and the counts beside each choice, in one pass."""
    found: list[QueuedTicket] = []
    standings: Counter[frozenset[Standing]] = Counter()
    fields: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
    counters = tuple(fields.values())
    wanted = [
        (place, value) for place, name in enumerate(FIELDS) if (value := getattr(filters, name))
    ]
    standing = None if filters.state in ("open", "solved") else Standing(filters.state.value)
    needle = filters.needle
    for ticket in tickets:
        if needle and needle not in haystack(ticket.source, ticket.ticket, ticket.subject):
            continue
        values = _values(ticket)
        misses = [place for place, value in wanted if (values[place] or "") != value]
        fits = standing is None or standing in ticket.standings
        if not misses:
            standings[ticket.standings] += 1
            if fits:
                found.append(ticket)
        if not fits or len(misses) > 1:
            continue
        for place in misses or _PLACES:
            counters[place][values[place] or ""] += 1
    return Filtered(found, _states(standings), fields)


def _states(standings: Mapping[frozenset[Standing], int]) -> Mapping[str, int]:
    """How many tickets each state has, from how many have the same standings."""
    found: Counter[str] = Counter()
    for each, count in standings.items():
        found[State.OPEN.value] += count
        for standing in each:
            found[standing.value] += count
    return found


def haystack(source: str, ticket: str, subject: str) -> str:
    """What the text of a filter is looked for in."""
    return one_line(f"{source}/{ticket} {subject}").casefold()


def options(
    counts: Mapping[str, int], chosen: str, titles: Mapping[str, str] | None = None
) -> list[Option]:
    """The values of a field by their names, and the chosen one also where no ticket has it."""
    values = {*counts, *([chosen] if chosen else [])} - {""}
    found = [Option(v, (titles or {}).get(v, v), counts.get(v, 0)) for v in values]
    return sorted(found, key=lambda option: (option.words.casefold(), option.value))


def ordered(tickets: Iterable[QueuedTicket], sort: Sort) -> list[QueuedTicket]:
    """The tickets in the order of `sort`; equal ones by their ids, the newest first."""
    latest_first = sorted(tickets, key=lambda ticket: -ticket.id)
    return sorted(latest_first, key=lambda ticket: tuple(_order(ticket, sort)))


def _order(ticket: QueuedTicket, sort: Sort) -> Iterator[float]:
    match sort:
        case Sort.DUE:
            # What falls due comes first, then what was broken last, then what has no deadline.
            if ticket.due is not None:
                yield from (0, ticket.due)
            elif ticket.late is not None:
                yield from (1, -ticket.late)
            else:
                yield from (2, 0)
        case Sort.LATE:
            yield from (0, ticket.late) if ticket.late is not None else (1, ticket.due or 0)
        case Sort.NEWEST:
            yield -ticket.created_at.timestamp() if ticket.created_at else 0
        case Sort.OLDEST:
            yield ticket.created_at.timestamp() if ticket.created_at else 0
        case Sort.UPDATED:
            yield -ticket.updated_at.timestamp() if ticket.updated_at else 0


def shown(tickets: Sequence[QueuedTicket], page: int, size: int) -> Sequence[QueuedTicket]:
    """The tickets of a page, counted from 1."""
    return tickets[(page - 1) * size : page * size]
