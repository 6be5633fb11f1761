"""Silences from their making to what the dispatch sends."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from alert_builders import NOON, alert, minutes
from dispatching import Desk, Service, configuration, everything_to, receivers
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.silencing.silence import Silence, SilenceState, parsed
from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.context import Context, no_secrets
from supportops.flows.alerts import alert_acts, silences
from supportops.flows.alerts.alert_dispatch import send_alone
from supportops.notify.outgoing import Outcome

SHOP = alert()
SITES = [
    {"name": "Acme Shop", "url": "https://acme.example/", "customer": "Acme Ltd", "host": "web-1"},
    {"name": "Acme Blog", "url": "https://blog.example/", "customer": "Acme Ltd", "host": "web-1"},
    {"name": "Bolt", "url": "https://bolt.example/", "customer": "Bolt Ltd", "host": "web-2"},
]


def at(count: float) -> datetime:
    return NOON + minutes(count)


def watching(*routes: dict[str, Any]) -> Configuration:
    """Alerts about three sites; everything goes to everybody unless there are `routes`."""
    names = ("engineer_chat", "acme_chat", "bolt_chat")
    found = configuration(
        receivers=receivers(*names),
        routes=list(routes) or [everything_to("engineer_chat", remind="30m")],
    )
    document = dict(found.document)
    return restore(document | {"sites": {"sites": SITES}})


@pytest.fixture
def service() -> Service:
    return Service(Outcome.HANDED_OVER)


@pytest.fixture
def desk(store: Engine) -> Desk:
    names = ("engineer_chat", "acme_chat", "bolt_chat")
    desk = Desk(store, {f"apprise_{name}": "json://localhost" for name in names})
    desk.activate(watching())
    return desk


@pytest.fixture
def context(desk: Desk) -> Context:
    return Context(desk.store, Path(), no_secrets)


def new(*matchers: str, start: float = 0, end: float = 60, **changes: Any) -> silences.NewSilence:
    values = {"reason": "the server moves", "by": "Ada"} | changes
    return silences.NewSilence(parsed(matchers or ["site=acme*"]), at(start), at(end), **values)


def sent(desk: Desk, service: Service, count: float) -> list[str]:
    """The targets and phases of what a dispatch sends, so many minutes after noon."""
    before, desk.clock.now = len(desk.attempts()), at(count)
    desk.dispatch(service)
    phases = {row.id: row.phase for row in desk.outbox()}
    return sorted(f"{row.target} {phases[row.message]}" for row in desk.attempts()[before:])


def test_a_silenced_alert_is_sent_when_the_silence_ends_or_is_ended(
    desk: Desk, context: Context, service: Service
) -> None:
    made = silences.add(context, new(), NOON)
    desk.raise_(SHOP)
    assert [sent(desk, service, count) for count in (0, 31)] == [[], []]
    ended = silences.expire(context, made.id, "Bob", at(40))
    assert (ended.until, ended.expired_by) == (at(40), "Bob")
    assert sent(desk, service, 40) == ["engineer_chat firing"]


def test_what_was_raised_and_resolved_inside_is_never_sent(
    desk: Desk, context: Context, service: Service
) -> None:
    silences.add(context, new(), NOON)
    desk.raise_(SHOP)
    assert sent(desk, service, 1) == []
    desk.clock.now = at(20)
    desk.resolve(SHOP)
    assert [sent(desk, service, count) for count in (20, 61, 120)] == [[], [], []]
    assert desk.unsettled() == []


def test_whoever_had_the_alarm_gets_no_reminder_inside_and_the_end_at_once(
    desk: Desk, context: Context, service: Service
) -> None:
    desk.raise_(SHOP)
    assert sent(desk, service, 0) == ["engineer_chat firing"]
    silences.add(context, new(start=10), at(10))
    assert [sent(desk, service, count) for count in (31, 50)] == [[], []]
    desk.clock.now = at(55)
    desk.resolve(SHOP)
    assert sent(desk, service, 55) == ["engineer_chat resolved"]


def test_an_alarm_that_is_to_be_tried_again_waits_for_the_end_of_the_silence(
    desk: Desk, context: Context, service: Service
) -> None:
    service.outcome = Outcome.FAILED
    desk.raise_(SHOP)
    assert sent(desk, service, 0) == ["engineer_chat firing"]
    silences.add(context, new(start=1), at(1))
    service.outcome = Outcome.HANDED_OVER
    assert [sent(desk, service, count) for count in (2, 5, 59)] == [[], [], []]
    assert sent(desk, service, 62) == ["engineer_chat firing"]


def test_a_pending_silence_silences_nothing_yet(
    desk: Desk, context: Context, service: Service
) -> None:
    made = silences.add(context, new(start=30, end=90), NOON)
    assert made.state(NOON) is SilenceState.PENDING
    desk.raise_(SHOP)
    assert sent(desk, service, 0) == ["engineer_chat firing"]


def test_a_silence_of_everything_there_is_does_not_hide_our_own_trouble(
    desk: Desk, context: Context, service: Service
) -> None:
    for matcher in ("severity=~.*", "site=*", "kind=*", "kind=outage"):
        silences.add(context, new(matcher), NOON)
    standing = alert("a task", Kind.TASK_FAILED, site=None, customer=None)
    desk.raise_(standing, SHOP)
    counts = send_alone(desk.store, desk.secrets.get, standing.key, desk.clock, send=service)
    assert counts["handed_over"] == 1
    assert sent(desk, service, 1) == []
    silences.add(context, new("kind=task_failed"), at(2))
    assert sent(desk, service, 31) == []  # its reminder


class TestWideCauses:
    def down(self) -> Alert:
        affected = [
            {"site": "Acme Shop", "customer": "Acme Ltd"},
            {"site": "Bolt", "customer": "Bolt Ltd"},
        ]
        facts = {"affected": affected, "sites": ["Acme Shop", "Bolt"], "words": "timeout"}
        return alert("web-1", Kind.HOST_OUTAGE, site=None, customer=None, host="web-1", facts=facts)

    def test_whose_sites_are_all_silenced_is_not_notified_of_their_server(
        self, desk: Desk, context: Context, service: Service
    ) -> None:
        desk.activate(
            watching(
                everything_to("engineer_chat"),
                everything_to("acme_chat", name="acme", match={"customer": ["Acme Ltd"]}),
                everything_to("bolt_chat", name="bolt", match={"customer": ["Bolt Ltd"]}),
            )
        )
        silences.add(context, new("customer=Acme Ltd"), NOON)
        desk.raise_(self.down())
        assert sent(desk, service, 1) == ["bolt_chat firing", "engineer_chat firing"]
        bolt = next(m.text for m in service.sent if "Acme" not in m.text)
        assert "Bolt" in bolt
        assert sent(desk, service, 60) == ["acme_chat firing"]

    def test_the_preview_says_as_far_as_which_sites(self, desk: Desk, context: Context) -> None:
        desk.raise_(self.down(), SHOP)
        found = silences.preview(context, parsed(["customer=acme ltd"]), NOON)
        assert [(each.alert.subject, each.all_sites) for each in found.alerts] == [
            ("web-1", False),
            ("Acme Shop", True),
        ]
        assert found.sites == ("Acme Shop", "Acme Blog")


def test_the_preview_knows_sites_without_alerts_and_names_that_are_nowhere(
    context: Context,
) -> None:
    assert silences.preview(context, parsed(["host=web-*"]), NOON).sites == (
        "Acme Shop",
        "Acme Blog",
        "Bolt",
    )
    found = silences.preview(context, parsed(["site=Acme Shp", "host=web-1"]), NOON)
    assert (found.alerts, found.sites) == ((), ())
    assert found.unknown == ("no site 'Acme Shp' in the configuration; did you mean Acme Shop?",)


def test_another_version_ends_the_first_and_leaves_no_gap(
    desk: Desk, context: Context, service: Service
) -> None:
    made = silences.add(context, new(), NOON)
    desk.raise_(SHOP)
    changed = silences.change(context, made.id, new(start=20, end=120, by="Bob"), at(20))
    assert changed.replaces == made.id
    assert [sent(desk, service, count) for count in (20, 61, 119)] == [[], [], []]
    assert sent(desk, service, 121) == ["engineer_chat firing"]
    shown = [(each.silence.id, each.state.value) for each in silences.listed(context, at(30))]
    assert shown == [(changed.id, "active")]
    every = silences.listed(context, at(30), expired=True)
    assert [(each.silence.id, each.state.value) for each in every] == [
        (changed.id, "active"),
        (made.id, "expired"),
    ]


def test_those_that_end_first_come_first_and_soon_is_said(context: Context) -> None:
    long = silences.add(context, new(end=600), NOON)
    short = silences.add(context, new(end=10), NOON)
    found = silences.listed(context, at(1))
    assert [(each.silence.id, each.expires_soon) for each in found] == [
        (short.id, True),
        (long.id, False),
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"end": -5}, "end before it begins"),
        ({"end": 60 * 24 * 400}, "more than 366 days"),
        ({"reason": " \u200b"}, "why is missing"),
        ({"by": ""}, "who makes it is missing"),
        ({"reason": "x" * 1001}, "1001 characters"),
    ],
)
def test_what_cannot_be_a_silence_says_why(
    context: Context, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(silences.SilenceError, match=why):
        silences.add(context, new(**changes), NOON)
    assert silences.listed(context, NOON) == []


def test_a_silence_is_ended_once(context: Context) -> None:
    made: Silence = silences.add(context, new(), NOON)
    silences.expire(context, made.id, "Ada", at(1))
    with pytest.raises(silences.SilenceError, match="is over since 2026-11-24 12:01 UTC"):
        silences.expire(context, made.id, "Bob", at(2))
    for number in (4711, 0, -1, 2**63):
        with pytest.raises(silences.SilenceError, match=f"no silence {number}"):
            silences.expire(context, number, "Bob", at(2))


def test_the_history_shows_the_silence(desk: Desk, context: Context) -> None:
    silences.add(context, new(end=30), NOON)
    desk.raise_(SHOP)
    found = alert_acts.history(context, SHOP.key, at(60))
    about = "silence 1: site=acme*"
    assert [(each.what, each.who, each.note) for each in found.entries] == [
        ("raised", "", "Acme Shop is in trouble"),
        (f"silenced, {about}", "Ada", "the server moves"),
        (f"no longer silenced, {about}", "", ""),
    ]
