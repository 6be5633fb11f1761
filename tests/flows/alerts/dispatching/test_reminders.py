"""What reminders, later steps and late messages say: what is true when they are sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import CONTROL, NOON
from dispatching import everything_to
from flows.alerts.dispatching.test_endings import certificate
from flows.alerts.dispatching.watched_sites import EVERYTHING, Watched, entry, same, sites

BASKET = ("shop", "/basket")
REMINDING = (everything_to("team_email", remind="60m"),)
STEPS = (
    {
        "name": "steps",
        "steps": [
            {"after": "0m", "receivers": ["team_email"]},
            {"after": "30m", "receivers": ["boss_email"]},
        ],
        "remind": "60m",
    },
)


@pytest.fixture
def watched(store: Engine) -> Watched:
    return Watched(store)


def maintenance(start: float, end: float) -> dict[str, Any]:
    """One announced window, in minutes from noon."""
    at = [(NOON + timedelta(minutes=minute)).isoformat() for minute in (start, end)]
    return {"once": [{"from": at[0], "to": at[1]}]}


def test_maintenance_neither_reminds_of_what_answers_nor_lengthens_the_failure(
    watched: Watched,
) -> None:
    shop = entry("shop", maintenance=maintenance(60, 260))
    watched.configure([shop], routes=REMINDING)
    said: dict[float, list[str]] = {}
    while watched.minute < 275:
        at = watched.minute
        watched.run({"shop": "." if at < 10 else "xxx" if at < 200 else ".."}, every=0)
        if lines := watched.lines(after=5):
            said[at] = lines
    alarm, *reminders, end = said
    assert alarm == 10
    assert all("DOWN: shop" in line for at in reminders for line in said[at])
    assert all(at < 200 for at in reminders), "it answers since 200"
    assert said[end] == ["RESOLVED: shop - up again after 3 h 10 min"]
    (outage,) = watched.incidents()
    assert outage.ended_at == NOON + timedelta(minutes=200)


def test_a_failure_within_the_maintenance_ends_the_row_of_good_checks(watched: Watched) -> None:
    watched.configure([entry("shop", maintenance=maintenance(5, 20))], routes=REMINDING)
    for marks in ("xxx", "..", "xxx", "..", ".."):
        watched.run({"shop": marks})
    assert watched.incidents()[0].ended_at == NOON + timedelta(minutes=15)


def test_a_reminder_in_maintenance_of_what_still_fails_says_so(watched: Watched) -> None:
    watched.configure([entry("shop", maintenance=maintenance(5, 500))], routes=REMINDING)
    watched.run({"shop": "xxx"})
    watched.dispatch()
    watched.run({"shop": "x"}, every=65)
    (line,) = watched.lines()
    assert line.startswith("DOWN: shop")
    assert "reminder, in maintenance" in line or "in maintenance, reminder" in line


def test_nobody_is_woken_while_the_first_good_check_is_being_confirmed(watched: Watched) -> None:
    watched.configure([entry("shop")], routes=STEPS)
    watched.run({"shop": "xxx"}, every=29)
    watched.dispatch()
    watched.run({"shop": "."})
    assert watched.dispatch() == {}
    watched.run({"shop": "x"})
    assert list(watched.dispatch()) == ["boss_email"], "it failed again"


def test_a_flapping_site_is_reminded_of_as_flapping(watched: Watched) -> None:
    watched.configure([entry("shop")], routes=REMINDING)
    for marks in ["xxx", ".."] * 4:
        watched.run({"shop": marks})
        watched.dispatch()
    (line,) = watched.lines(after=60)
    assert line.startswith("FLAPPING: shop - answers since Tue 7 Apr 2026 13:35 BST, it keeps")
    assert "failed from Tue 7 Apr 13:" in line


def test_a_reminder_while_we_are_blind_claims_nothing(watched: Watched) -> None:
    watched.configure(sites("abc"), routes=REMINDING, vantage=True)
    watched.run(same("a", "xxx") | same("bc", ".") | {CONTROL: "."})
    watched.dispatch()
    watched.run(same("abc", "xxx") | {CONTROL: "xxx"})
    assert [line[:21] for line in watched.lines()] == ["BLIND: our connection"]
    watched.run(same("abc", "xxx") | {CONTROL: "xxx"}, every=0)
    assert [line[:21] for line in watched.lines(after=60)] == ["BLIND: our connection"]
    watched.run({"a": "x", "b": ".", "c": ".", CONTROL: "."}, every=0)
    lines = watched.lines(after=1)
    assert any(line.startswith("RESOLVED: our connection - our connection is") for line in lines)
    assert any(line.startswith("DOWN: a") and "reminder" in line for line in lines)


def test_a_site_whose_server_is_down_is_reminded_of_with_its_server_alone(watched: Watched) -> None:
    watched.configure(sites("abcd", host="web-1"), routes=REMINDING)
    watched.run({"a": "xxx"} | same("bcd", "."))
    assert len(watched.lines()) == 1
    watched.run(same("abc", "xxx") | {"d": "."})
    assert [line[:18] for line in watched.lines()] == ["SERVER DOWN: web-1"]
    (line,) = watched.lines(after=65)
    assert line.startswith("SERVER DOWN: web-1 - 3 of 4 sites fail together")


def test_the_wider_alarm_that_is_new_takes_the_place_of_a_reminder(watched: Watched) -> None:
    own = {"name": "own", "match": {"kind": ["outage"]}, "steps": [{"receivers": ["acme_email"]}]}
    routes = (own | {"remind": "60m"},)
    watched.configure(sites("abcd", host="web-1"), routes=routes)
    watched.run({"a": "xxx"} | same("bcd", "."))
    watched.dispatch()
    watched.run(same("abc", "xxx") | {"d": "."})
    (line,) = watched.lines("acme_email", after=65)
    assert line.startswith("SERVER DOWN: web-1 - 3 of 4 sites fail together")


def test_what_is_left_of_a_server_is_reminded_of_again(watched: Watched) -> None:
    watched.configure(sites("abcd", host="web-1"), routes=REMINDING)
    watched.run({"a": "xxx"} | same("bcd", "."))
    watched.dispatch()
    watched.run(same("abc", "xxx") | {"d": "."})
    watched.dispatch()
    watched.run({"a": "x"} | same("bc", "..") | {"d": "."})
    assert watched.lines() == ["PARTLY UP: web-1 - 1 of 4 sites still down"]
    (line,) = watched.lines(after=65)
    assert line.startswith("DOWN: a - no complete answer in time (since Tue 7 Apr 13:00 BST, rem")


def test_a_servers_reminder_counts_what_fails_now(watched: Watched) -> None:
    watched.configure(sites("abcde", host="web-1"), routes=REMINDING)
    watched.run(same("abcde", "xxx"))
    assert "5 of 5 sites fail together" in watched.lines()[0]
    watched.run(same("abc", "x") | same("de", ".."))
    (line,) = watched.lines(after=60)
    assert "3 of 5 sites fail together" in line
    assert "Failing: 3 of 5 sites" in watched.inbox["team_email"][0].text


def test_a_server_whose_sites_all_answer_is_not_reminded_of(watched: Watched) -> None:
    watched.configure(sites("abc", host="web-1"), routes=REMINDING)
    watched.run(same("abc", "xxx"), every=60)
    watched.dispatch()
    watched.minute = 118
    watched.run(same("abc", "."), every=4)
    assert watched.dispatch() == {}


def test_a_fault_of_a_site_that_is_down_does_not_say_that_the_site_is_up(watched: Watched) -> None:
    page = entry("shop", pages=[{"path": "/basket"}])
    faults = {
        "name": "faults",
        "match": {"kind": ["fault"]},
        "steps": [{"receivers": ["acme_email"]}],
        "remind": "60m",
    }
    watched.configure([page], routes=(faults,))
    watched.run({"shop": ".", BASKET: "555"})
    watched.dispatch()
    watched.run({"shop": "xxx", BASKET: "555"})
    (text,) = watched.dispatch(after=65)["acme_email"]
    assert text.startswith("PART OF AN OUTAGE: shop /basket - unexpected HTTP status; its site is")
    assert "The site is up" not in text


def test_a_certificate_that_ended_meanwhile_is_said_to_have_ended(watched: Watched) -> None:
    watched.configure([entry("shop")], routes=REMINDING)
    certificate(watched, 0.1)
    watched.broken.add("team_email")
    watched.dispatch()
    watched.broken.clear()
    late = watched.lines(after=300)
    assert any(" - ended Tue 7 Apr 2026 15:24 BST " in line for line in late)


def test_an_alarm_that_waited_for_the_mail_server_says_what_is_true_when_it_is_sent(
    watched: Watched,
) -> None:
    watched.configure([entry("shop")], routes=EVERYTHING)
    watched.broken |= {"team_email", "team_sms", "team_chat"}
    watched.run({"shop": "xxx"}, every=175)
    watched.minute = 5
    watched.dispatch()
    watched.minute = 175
    watched.run({"shop": "."}, every=0)
    watched.broken.clear()
    (line,) = watched.lines(after=3)
    assert line.startswith("ANSWERS AGAIN: shop - answers since Tue 7 Apr 2026 15:55 BST, its end")


def test_an_alarm_of_yesterday_names_its_day(watched: Watched) -> None:
    watched.configure([entry("shop")], routes=EVERYTHING)
    watched.run({"shop": "xxx"})
    (line,) = watched.lines(after=13 * 60)
    assert "(since Tue 7 Apr 13:00 BST)" in line


def test_the_end_that_comes_late_does_not_hide_that_the_site_is_down_again(
    watched: Watched,
) -> None:
    watched.configure([entry("shop")], routes=(everything_to("team_email"),))
    watched.run({"shop": "xxx"})
    watched.dispatch()
    watched.broken.add("team_email")
    watched.run({"shop": ".."})
    watched.dispatch()
    watched.run({"shop": "xxx"})
    watched.dispatch()
    watched.broken.clear()
    lines = watched.lines(after=60)
    assert sorted(line.split(" (")[0] for line in lines) == [
        "DOWN AGAIN: shop - up again after 5 min; it failed again at Tue 7 Apr 2026 13:10 BST",
        "DOWN: shop - no complete answer in time",
    ]


def test_a_reminder_after_checks_stopped_does_not_claim_what_nobody_looked_at(
    watched: Watched,
) -> None:
    watched.configure([entry("shop")], routes=REMINDING)
    watched.run({"shop": "xxx"})
    watched.dispatch()
    said = watched.dispatch(after=65, checked=False)["team_email"]
    assert [text.splitlines()[0].partition(" (")[0] for text in said] == [
        "NO CHECKS: site check - the last check was 1 h 05 min old",
        "UNKNOWN: shop - failed when it was last seen",
    ]
    watched.run({"shop": "x"})
    lines = watched.lines(after=60)
    assert any(line.startswith("DOWN: shop - no complete answer in time") for line in lines)
