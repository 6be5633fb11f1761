"""What an open alert says of itself once its first message is not the whole truth any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alert_builders import NOON, alert
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.description import describe
from supportops.alerts.message import compose
from supportops.alerts.routing.decision import Reason
from supportops.alerts.words.notification import Notification
from supportops.sites.present import Held, PresentState

ZONE = "Europe/London"
SINCE = (NOON + timedelta(minutes=30)).isoformat()


def seen(present: dict[str, Any], kind: Kind = Kind.OUTAGE, **facts: Any) -> Alert:
    known = {"words": "connection refused", "reason": "refused", "present": present}
    return alert(kind=kind, facts=known | facts)


def title(found: Alert) -> str:
    return describe(Notification(found, Phase.FIRING), ZONE).title


@pytest.mark.parametrize("held", Held)
def test_what_answers_is_never_called_down(held: Held) -> None:
    found = seen({"state": "answers", "since": SINCE, "held": held.value})
    notification = Notification(found, Phase.FIRING, reminder=True)
    for channel in CHANNELS.values():
        outgoing = compose([notification], channel, ZONE, None)
        assert "DOWN" not in outgoing.title + outgoing.text + (outgoing.html or "")
        assert "answers since" in outgoing.text


@pytest.mark.parametrize("held", Held)
def test_only_what_keeps_failing_is_worth_another_message(held: Held) -> None:
    found = seen({"state": "answers", "since": SINCE, "held": held.value})
    assert found.awaits_its_end is (held is not Held.FLAPPING)


@pytest.mark.parametrize(
    ("present", "kind", "line"),
    [
        ({}, Kind.OUTAGE, "DOWN: Acme Shop - connection refused (since 12:00 GMT)"),
        ({"state": "fails"}, Kind.OUTAGE, "DOWN: Acme Shop - connection refused (since 12:00 GMT)"),
        (
            {"state": "fails", "held": "maintenance"},
            Kind.OUTAGE,
            "DOWN: Acme Shop - connection refused (since 12:00 GMT, in maintenance)",
        ),
        (
            {"state": "answers", "since": SINCE, "held": "flapping"},
            Kind.OUTAGE,
            "FLAPPING: Acme Shop - answers since Tue 24 Nov 2026 12:30 GMT, it keeps going up and "
            "down (failed from 12:00 GMT)",
        ),
        (
            {"state": "unseen"},
            Kind.OUTAGE,
            "UNKNOWN: Acme Shop - failed when it was last seen (connection refused), cannot be "
            "seen now (since 12:00 GMT)",
        ),
        (
            {"state": "covered", "by": "k", "name": "web-1"},
            Kind.OUTAGE,
            "DOWN: Acme Shop - connection refused; its server web-1 is down (since 12:00 GMT)",
        ),
        (
            {"state": "covered", "by": "k", "name": "Acme Shop"},
            Kind.FAULT,
            "PART OF AN OUTAGE: Acme Shop - connection refused; its site is down as a whole "
            "(since 12:00 GMT)",
        ),
        (
            {"state": "covered", "by": "k", "name": "web-1"},
            Kind.CERTIFICATE,
            "PART OF AN OUTAGE: Acme Shop - Acme Shop is in trouble; its server web-1 is down as "
            "a whole (since 12:00 GMT)",
        ),
        ({"state": "nonsense"}, Kind.OUTAGE, "DOWN: Acme Shop - connection refused (since"),
        ({"state": ["answers"]}, Kind.OUTAGE, "DOWN: Acme Shop - connection refused (since"),
    ],
)
def test_each_state_has_its_words(present: dict[str, Any], kind: Kind, line: str) -> None:
    found = title(seen(present, kind))
    assert found.startswith(line.replace("Acme Shop - Acme Shop is", "Acme Shop - is"))


def test_the_states_are_those_that_the_judgement_writes() -> None:
    assert {state.value for state in PresentState} == {"fails", "answers", "unseen", "covered"}


def test_the_reasons_not_to_send_have_words() -> None:
    assert Reason.AWAITS_ITS_END.value.startswith("it answers again")
    assert Reason.COVERED.value.startswith("part of a wider alert")


def test_what_ended_is_described_by_its_end_alone() -> None:
    found = seen({"state": "unseen"})
    over = Alert(**{n: getattr(found, n) for n in found.__slots__} | {"resolved_at": NOON})
    text = describe(Notification(over, Phase.RESOLVED), ZONE).title
    assert text == "RESOLVED: Acme Shop - up again after 0 s"
