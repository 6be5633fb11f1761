"""A wide alert as a customer's receiver reads it, in every channel's words."""

from __future__ import annotations

from typing import Any

import pytest

from alert_builders import NOON, alert, minutes, policy, route, step
from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.message import compose
from supportops.alerts.routing.narrowing import for_target
from supportops.alerts.words.notification import Notification

ROUTES = policy(
    route(step("acme_email"), customers=("Acme",)),
    route(step("beta_email"), customers=("Beta",)),
    route(step("team_email")),
)
OWNERS = {"Rose shop": "Acme", "Rose blog": "Acme", "Tulip wiki": "Beta"}
SECRETS = ("Tulip", "Beta", "tulip", "192.0.2.7", "of 9", "expects tulip")


def outage(kind: Kind = Kind.HOST_OUTAGE, *, evidence_of: str = "Tulip wiki", **more: Any) -> Alert:
    facts = {
        "words": "connection refused",
        "url": "https://tulip.example/",
        "address": "192.0.2.7",
        "detail": "expects tulip.example",
        "evidence_of": evidence_of,
        "sites": sorted(OWNERS),
        "still_down": ["Tulip wiki", {"site": "Tulip wiki"}, "Rose shop"],
        "down": 3,
        "checked": 9,
        "first_failed_at": (NOON - minutes(10)).isoformat(),
        "affected": [
            {"site": name, "customer": owner, "since": NOON.isoformat()}
            for name, owner in OWNERS.items()
        ],
    }
    known: dict[str, Any] = {"site": None, "customer": None, "host": "web-1"}
    known |= {"severity": Severity.CRITICAL, "facts": facts | more.pop("facts", {})}
    return alert("web-1", kind, headline="connection refused", **(known | more))


def text(alert: Alert, channel: str, phase: Phase = Phase.FIRING) -> str:
    written = compose([Notification(alert, phase)], CHANNELS[channel], "Europe/London", None)
    return f"{written.title}\n{written}"


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("phase", Phase)
def test_a_customer_learns_of_its_sites_and_of_nobody_elses(channel: str, phase: Phase) -> None:
    ended = NOON + minutes(9) if phase is Phase.RESOLVED else None
    read = text(for_target(outage(resolved_at=ended), "acme_email", ROUTES), channel, phase)
    assert "Rose blog" in read
    assert "Rose shop" in read
    assert [secret for secret in SECRETS if secret in read] == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_team_reads_everything(channel: str) -> None:
    whole = outage()
    assert for_target(whole, "team_email", ROUTES) is whole
    assert "3 of 9 sites fail together" in text(whole, channel)


def test_its_sites_stand_first_in_the_subject_line() -> None:
    title = text(for_target(outage(), "acme_email", ROUTES), "email").splitlines()[0]
    assert title == (
        "SERVER DOWN: web-1 - Rose blog, Rose shop: 2 sites fail together, connection refused "
        "(since 12:00 GMT)"
    )


def test_of_many_sites_the_first_are_named_and_the_others_counted() -> None:
    many = [{"site": f"s{n}", "customer": "Acme", "since": None} for n in range(1, 8)]
    mine = for_target(outage(facts={"affected": many}), "acme_email", ROUTES)
    assert "s1, s2, s3 and 4 more: 7 sites fail together" in text(mine, "sms")
    assert "s7" in text(mine, "email")


def test_the_evidence_of_its_own_site_is_shown() -> None:
    mine = for_target(outage(evidence_of="Rose shop"), "acme_email", ROUTES)
    assert mine.facts["url"] == "https://tulip.example/"
    assert "192.0.2.7" in text(mine, "email")


def test_the_times_are_those_of_its_sites() -> None:
    owned = [
        {"site": "Rose shop", "customer": "Acme", "since": (NOON + minutes(2)).isoformat()}
        | {"until": (NOON + minutes(30)).isoformat()},
        {"site": "Tulip wiki", "customer": "Beta", "since": (NOON - minutes(10)).isoformat()},
    ]
    whole = outage(resolved_at=NOON + minutes(60), facts={"affected": owned})
    mine = for_target(whole, "acme_email", ROUTES).facts
    assert mine["first_failed_at"] == (NOON + minutes(2)).isoformat()
    assert mine["ended_at"] == (NOON + minutes(30)).isoformat()
    theirs = for_target(whole, "beta_email", ROUTES).facts
    assert theirs["first_failed_at"] == (NOON - minutes(10)).isoformat()
    assert "ended_at" not in theirs


def test_a_partial_end_is_told_by_what_became_of_its_sites() -> None:
    back = {"until": (NOON + minutes(30)).isoformat()}
    owned = [
        {"site": "Rose shop", "customer": "Acme", "since": NOON.isoformat()},
        {"site": "Rose blog", "customer": "Acme", "since": NOON.isoformat()} | back,
        {"site": "Tulip wiki", "customer": "Beta", "since": NOON.isoformat()} | back,
    ]
    end = {"ending": "partly_recovered", "over": "1 of 3 sites still down"}
    facts = {"affected": owned, "still_down": ["Rose shop"], **end}
    whole = outage(resolved_at=NOON + minutes(60), facts=facts)
    acme = text(for_target(whole, "acme_email", ROUTES), "email", Phase.RESOLVED)
    assert "Rose blog, Rose shop: 1 of 2 sites still down" in acme
    assert "RESOLVED" not in acme
    beta = text(for_target(whole, "beta_email", ROUTES), "email", Phase.RESOLVED)
    assert beta.startswith("RESOLVED: web-1 - Tulip wiki: sites are up again after 30 min")
    assert "Rose" not in beta
    assert "still down" not in beta
    flapping = outage(resolved_at=NOON, facts=facts | {"still_down": []})
    assert "not steadily" in text(
        for_target(flapping, "acme_email", ROUTES), "email", Phase.RESOLVED
    )


@pytest.mark.parametrize("kind", [Kind.BLIND, Kind.CHECK_STALE, Kind.CHECK_TROUBLE])
def test_alerts_that_list_no_sites_list_a_customers_own(kind: Kind) -> None:
    whole = outage(kind, facts={"sites": None, "evidence_of": None})
    read = text(for_target(whole, "beta_email", ROUTES), "email")
    assert "Tulip wiki" in read
    assert "Rose" not in read


def test_a_receiver_that_lost_its_route_reads_of_no_site() -> None:
    ended = for_target(outage(resolved_at=NOON + minutes(5)), "gone_email", ROUTES)
    read = text(ended, "email", Phase.RESOLVED)
    assert "RESOLVED: web-1" in read
    assert "Rose" not in read
    assert "Tulip" not in read
