"""The filters of the queue and the counts beside them, against counting each choice by itself."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from supportops.flows.tickets.ticket_queue import QueuedTicket, Standing
from supportops.web.tickets.filters import (
    FIELDS,
    Filters,
    State,
    filtered,
    haystack,
)

RANDOM = Random(20261118)
NAMES = ("", "Acme", "Umbrella")


def value(ticket: QueuedTicket, field: str) -> str:
    return getattr(ticket, "assignee" if field == "owner" else field) or ""


def ticket(number: int) -> QueuedTicket:
    name = lambda: RANDOM.choice(NAMES) or None  # noqa: E731
    standings = frozenset(each for each in Standing if RANDOM.random() < 0.3)
    tier = RANDOM.choice(("bug_fix", "user_support"))
    subject = RANDOM.choice(("Checkout", "Form"))
    at = None
    return QueuedTicket(
        *(number, "zendesk", str(number), subject, "jo", "open", tier, name(), name(), name()),
        *(at, at, standings),
    )


def fits(each: QueuedTicket, filters: Filters, *, but: str = "") -> bool:
    wanted = {name: getattr(filters, name) for name in FIELDS if name != but}
    if any(given and value(each, name) != given for name, given in wanted.items()):
        return False
    standings = {"open", "solved", *(standing.value for standing in each.standings)}
    if but != "state" and filters.state.value not in standings:
        return False
    return filters.needle in haystack(each.source, each.ticket, each.subject)


@pytest.mark.parametrize("_", range(60))
def test_every_choice_has_the_count_that_it_would_have_alone(_: int) -> None:
    tickets = [ticket(number) for number in range(40)]
    chosen = {name: RANDOM.choice(NAMES) for name in FIELDS if RANDOM.random() < 0.3}
    state, text = RANDOM.choice(list(State)), RANDOM.choice(("", "", "check", "#3"))
    filters = Filters(state=state, text=text, **chosen)
    found = filtered(tickets, filters)
    assert found.tickets == [each for each in tickets if fits(each, filters)]
    others = [each for each in tickets if fits(each, filters, but="state")]
    states = Counter(standing.value for each in others for standing in each.standings)
    assert Counter(found.states) == states + Counter({"open": len(others)})
    for name in FIELDS:
        alone = Counter(value(each, name) for each in tickets if fits(each, filters, but=name))
        assert found.fields[name] == alone
