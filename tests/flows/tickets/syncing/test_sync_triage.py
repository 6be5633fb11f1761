"""Real tickets of Zendesk meet the rules with their fields, tags, channel and priority."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import NOON
from flows.tickets.syncing.syncing import events, pass_delay, sync
from supportops.flows.tickets.syncing.triaging import triage_new
from supportops.tickets.ticket import Author, EventKind
from supportops.tickets.triage import Rule, TriageRules
from tickets.fake_zendesk import FakeZendesk

SEVERITY = {"id": 360001, "title": "Severity"}


def tier(store: Engine, rules: TriageRules, ticket: int) -> Any:
    triage_new(store, "zendesk", rules, lambda _site, _at: False, NOON)
    (found,) = events(store, ticket, EventKind.TIER)
    return found.value


def only(**conditions: Any) -> TriageRules:
    return TriageRules((Rule("a rule", "top", **conditions),), "rest", {"urgent": "urgent_tier"})


def synced(store: Engine, zendesk: FakeZendesk, **fields: Any) -> int:
    zendesk.ticket_fields = [SEVERITY, {"id": 360002, "title": "Products"}]
    ticket: int = zendesk.raise_ticket(**fields)
    zendesk.advance(5)
    zendesk.audit(ticket, [{"event_type": "Change", "custom_ticket_fields": {"360001": "s4"}}])
    pass_delay(zendesk)
    sync(store, zendesk)
    return ticket


S1 = {"custom_fields": [{"id": 360001, "value": "s1"}, {"id": 360002, "value": ["shop", "blog"]}]}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("360001", "s1", "top"),
        ("Severity", "s1", "top"),
        ("Severity", "s4", "rest"),
        ("Products", "blog", "top"),
        ("Products", "news", "rest"),
        ("360009", "s1", "rest"),
    ],
)
def test_a_field_matches_by_id_and_by_title_as_it_was_at_the_creation(
    store: Engine, zendesk: FakeZendesk, name: str, value: str, expected: str
) -> None:
    ticket = synced(store, zendesk, **S1)
    assert tier(store, only(fields={name: frozenset({value})}), ticket) == expected


def test_a_field_whose_title_may_not_be_read_matches_by_id(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(**S1)
    pass_delay(zendesk)
    sync(store, zendesk)
    (created,) = events(store, ticket, EventKind.CREATED)
    assert created.facts["fields"] == {"360001": "s1", "360002": "shop,blog"}


def test_the_tags_of_the_creation_match(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = synced(store, zendesk, tags=["vip", "web"])
    assert tier(store, only(tags=frozenset({"vip"})), ticket) == "top"


@pytest.mark.parametrize(("channel", "expected"), [("web", "top"), ("voice", "rest")])
def test_the_channel_matches(
    store: Engine, zendesk: FakeZendesk, channel: str, expected: str
) -> None:
    ticket = synced(store, zendesk)
    assert tier(store, only(channels=frozenset({channel})), ticket) == expected


def test_the_priority_of_a_customers_form_counts_if_the_rules_say_so(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = synced(store, zendesk, priority="urgent")
    (priority,) = events(store, ticket, EventKind.PRIORITY)
    assert priority.author == "customer"
    rules = replace(only(outage=True), priorities_from=frozenset(Author))
    assert tier(store, rules, ticket) == "urgent_tier"


def test_the_priority_of_a_customers_form_does_not_count_by_default(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = synced(store, zendesk, priority="urgent")
    assert tier(store, only(outage=True), ticket) == "rest"
