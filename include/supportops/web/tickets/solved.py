"""Tickets that are not open: looked for among those that changed last, never among all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Subquery, func, select

from supportops.customers import Customers
from supportops.db.schema import tickets
from supportops.rendering.render import one_line
from supportops.web.tickets.filters import FIELDS, Filters

MOST_SEARCHED = 10_000
_MOST_SOURCES = 50


def solved(
    connection: Connection, customers: Customers, filters: Filters, skip: int, most: int
) -> Sequence[Row[Any]]:
    """Tickets that `filters` fit, the last changed first, of the last MOST_SEARCHED that changed.

    A ticket whose number is the text is found whenever it changed.
    """
    names = [filters.customer]
    if filters.customer:
        stored = select(_last().c.customer).distinct()
        names = customers.spellings(filters.customer, connection.execute(stored).scalars())
    statement = searching(filters, names).offset(skip).limit(most)
    found = list(connection.execute(statement).all())
    known = {row.id for row in found}
    exact = [] if skip else _by_number(connection, customers, filters)
    return [*(row for row in exact if row.id not in known), *found]


def searching(filters: Filters, customer: Sequence[str]) -> Select[Any]:
    """The statement that looks through the last changed tickets. `customer`: how the store spells
    the one of `filters`."""
    last = _last()
    statement = select(last)
    for name in FIELDS:
        wanted = getattr(filters, name)
        if not wanted:
            continue
        column = last.c["assignee" if name == "owner" else name]
        is_wanted = column.in_(customer) if name == "customer" else column == wanted
        statement = statement.where(is_wanted)
    if filters.needle:
        text = func.lower(last.c.source + "/" + last.c.ticket + " " + last.c.subject)
        statement = statement.where(text.contains(filters.needle.lower(), autoescape=True))
    return statement.order_by(last.c.updated_at.desc(), last.c.id.desc())


def _last() -> Subquery:
    c = tickets.c
    return (
        select(tickets)
        .where(c.open.is_(False), c.updated_at.is_not(None))
        .order_by(c.updated_at.desc(), c.id.desc())
        .limit(MOST_SEARCHED)
        .subquery()
    )


def sources(connection: Connection) -> list[str]:
    """Every source that has a ticket, each found by one step through the index."""
    c, found = tickets.c, list[str]()
    while len(found) < _MOST_SOURCES:
        following = select(func.min(c.source))
        if found:
            following = following.where(c.source > found[-1])
        name = connection.execute(following).scalar()
        if name is None:
            break
        found.append(name)
    return found


def _by_number(
    connection: Connection, customers: Customers, filters: Filters
) -> Sequence[Row[Any]]:
    number = one_line(filters.text).removeprefix("#")
    source, slash, rest = number.partition("/")
    if not number or " " in number:
        return []
    c = tickets.c
    wanted = [(source, rest)] if slash else [(each, number) for each in sources(connection)]
    found: list[Row[Any]] = []
    for name, ticket in wanted:
        exact = select(tickets).where(c.source == name, c.ticket == ticket, c.open.is_(False))
        found += connection.execute(exact).all()
    return [
        row
        for row in found
        if (not filters.customer or customers.same(row.customer, filters.customer))
        and all(
            getattr(filters, name) in ("", row._mapping["assignee" if name == "owner" else name])
            for name in FIELDS
            if name != "customer"
        )
    ]
