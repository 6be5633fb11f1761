"""Reading Zendesk's records: whatever they are, they become events or are rejected."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportops.tickets.source import Batch
from supportops.tickets.ticket import MAX_SEQUENCE, Author, EventKind, fold, from_creation
from supportops.tickets.validation import clean, rejection_reason
from supportops.tickets.zendesk import events, snapshots, updates
from supportops.tickets.zendesk.http import RateLimiter, pause, retry_after
from supportops.tickets.zendesk.model import Account, EventPage, Names
from supportops.tickets.zendesk.records import BadRecordError, automatic, instant, tags

NOW = datetime(2026, 1, 6, tzinfo=UTC)
ACCOUNT = Account("https://acme.zendesk.com", site_field="42")
NAMES = Names({"1": "agent", "2": "end-user"}, {"1": "Eve"}, {"7": "Acme"})


def audit(*children: Any, **fields: Any) -> dict[str, Any]:
    record = {"id": 10, "ticket_id": 5, "created_at": "2026-01-05T08:00:00Z", "updater_id": 1}
    return record | {"child_events": list(children)} | fields


def read(*audits: Any) -> Batch:
    return events.read(audits, ACCOUNT, NAMES, {"5": "2"}, NOW)


def one(*children: Any, **fields: Any) -> Any:
    found = read(audit(*children, **fields))
    assert found.rejected == ()
    assert len(found.events) == 1
    return found.events[0]


def test_a_field_is_read_in_both_of_zendesks_spellings() -> None:
    exported = one({"id": 1, "event_type": "Change", "status": "open"})
    audited = one({"id": 1, "event_type": "Change", "field_name": "status", "value": "open"})
    assert exported == audited
    assert (exported.kind, exported.value) == (EventKind.STATUS, "open")
    assert exported.source_event == "event/1/status"


def test_a_comment_without_the_sideload_is_one_without_its_text() -> None:
    event = one({"id": 1, "event_type": "Comment", "comment_present": True, "comment_public": True})
    assert (event.kind, event.author, event.facts["text"]) == ("comment", Author.AGENT, "")


def test_a_time_in_epoch_seconds_is_one_too() -> None:
    child = {"id": 1, "event_type": "Change", "status": "open"}
    assert one(child, created_at=None, timestamp=1_767_600_000).happened_at == datetime(
        2026, 1, 5, 8, tzinfo=UTC
    )


def test_taking_an_assignee_or_a_priority_away_is_an_event() -> None:
    child = {"id": 1, "event_type": "Change", "assignee_id": None}
    assert (one(child).kind, one(child).value) == (EventKind.ASSIGNEE, None)
    child = {"id": 1, "event_type": "Change", "priority": None}
    assert (one(child).kind, one(child).value) == (EventKind.PRIORITY, None)


def test_a_child_without_an_id_has_a_key_of_its_own() -> None:
    child = {"event_type": "Change", "status": "open"}
    keys = [event.source_event for event in read(audit(child, child)).events]
    assert keys == ["event/10/0/status", "event/10/1/status"]


def test_a_merge_without_a_comment_goes_nowhere_we_know() -> None:
    found = read(audit({"id": 1, "event_type": "Change", "tags": ["closed_by_merge"]})).events
    assert [(e.kind, e.value) for e in found] == [
        (EventKind.TAGS, "closed_by_merge"),
        (EventKind.MERGED, None),
    ]
    later = {"id": 2, "event_type": "Change", "tags": "closed_by_merge vip"}
    again = read(audit(later | {"previous_value": "closed_by_merge"})).events
    assert [e.kind for e in again] == [EventKind.TAGS]


@pytest.mark.parametrize("via", ["Rule", 8, {"channel": "rule"}, {"channel": "answer_bot_x"}])
def test_machines_are_known_by_their_channel(via: Any) -> None:
    assert automatic(via)
    assert not automatic({"channel": "web"})
    assert not automatic(None)


@pytest.mark.parametrize("value", [None, True, "", "later", "2026-01-05", 10**30, -1, [], 1e9])
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(BadRecordError):
        instant(value, "created_at")


def test_tags_are_sorted_so_that_the_same_set_is_the_same_text() -> None:
    assert tags(["b", "a", "b"]) == tags("b a") == "a,b"
    assert tags([1]) is None


def test_a_page_that_does_not_move_on_has_no_following_one() -> None:
    assert EventPage(({"timestamp": 9},), 10, False).following(5) == 10
    assert EventPage(({"timestamp": 5}, {"timestamp": 5}), 5, False).following(5) == 6
    assert EventPage(({"timestamp": 5}, {"timestamp": 9}), 5, False).following(5) is None
    assert EventPage((), 5, False).following(5) is None
    assert EventPage((), None, False).following(5) is None
    assert EventPage((), 3, False).following(5) is None


def test_the_rate_limiter_lets_ten_through_and_then_one_as_each_grows_old() -> None:
    slept: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    limiter = RateLimiter(lambda: now[0], sleep)
    for _ in range(10):
        limiter.wait()
        now[0] += 1
    assert slept == []
    limiter.wait()
    limiter.wait()
    assert slept == [50.0, 1.0]


def test_pauses_grow_honour_what_is_asked_and_end() -> None:
    assert [pause(attempt, None) for attempt in range(8)] == [1, 2, 4, 8, 16, 30, 30, None]
    assert pause(0, 20.0) == 21.0
    assert pause(5, 1.0) == 30.0
    assert pause(0, 121.0) is None
    assert retry_after("12") == 12.0
    assert retry_after("9" * 400) is None


WORDS = (
    "id ticket_id created_at updated_at child_events event_type Comment Change Create status tags "
    "deleted open public via author_id body channel updater_id requester_id custom_fields 42 "
    "custom_ticket_fields field_name value previous_value 2026-01-05T08:00:00Z"
)
words = st.sampled_from([*WORDS.split(), "\x00", "\ud800"])
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=20,
)
audits = st.fixed_dictionaries(
    {"id": st.integers(1, 9), "ticket_id": st.just(5), "created_at": st.just("2026-01-05T08:00Z")},
    optional={
        "child_events": st.lists(anything, max_size=4),
        "updater_id": leaves,
        "via": anything,
    },
)
rows = st.fixed_dictionaries(
    {
        "id": st.integers(1, 9),
        "created_at": st.just("2026-01-05T08:00:00Z"),
        "updated_at": st.just("2026-01-05T08:00:00Z"),
        "status": st.sampled_from(["open", "deleted", "x"]),
    },
    optional=dict.fromkeys(("subject", "tags", "via", "custom_fields", "priority"), anything),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(audits | anything, max_size=4), st.lists(rows | anything, max_size=4))
def test_any_record_becomes_events_or_is_rejected(audited: list[Any], seen: list[Any]) -> None:
    updates.people_in(audited)
    updates.organizations_in(audited)
    updates.ticket_ids(audited)
    snapshots.people_in(seen)
    first = read(*audited)
    second = snapshots.read(seen, ACCOUNT, NAMES, {"1": NOW}, NOW)
    for event in first.events + second.events:
        assert rejection_reason(event) is None or event.kind is EventKind.TAGS
        json.dumps(dict(event.facts)).encode()
    for rejected in first.rejected + second.rejected:
        assert rejected.reason
        assert clean(rejected.content) == rejected.content
    assert (read(*audited), len(first.rejected)) == (first, len(read(*audited).rejected))


def test_audits_are_ordered_by_number_and_their_children_by_place() -> None:
    status = {"event_type": "Change"}
    tenth = audit({"id": 4, **status, "status": "solved"}, id=10)
    ninth = audit({"id": 5, **status, "status": "pending"}, {"id": 3, **status, "status": "open"})
    found = read(tenth, ninth | {"id": 9}).events
    assert fold(found).status == "solved"
    assert [e.value for e in from_creation(found)] == ["pending", "open", "solved"]


@pytest.mark.parametrize("number", [0, 2**49, 10**18 - 1])
def test_the_sequence_of_any_audit_fits(number: int) -> None:
    child = {"id": 1, "event_type": "Change", "status": "open"}
    (event,) = read(audit(child, id=number)).events
    assert 0 < event.sequence <= MAX_SEQUENCE
