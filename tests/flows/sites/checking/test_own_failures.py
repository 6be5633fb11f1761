"""Checks that fail on this machine raise one alert about it, and none about the sites."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from builders import NOON, tries
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import list_open
from supportops.db.engine import reading, writing
from supportops.flows.sites.checking.own_failures import watch_own_failures

INTERVAL = timedelta(minutes=5)


def judged(store: Engine, number: int, **marks: str) -> list[Alert]:
    """The alerts that are open after the run of that number, in which sites had these tries."""
    now = NOON + number * INTERVAL
    attempts = [attempt for name, of in marks.items() for attempt in tries(name, of, now)]
    with writing(store) as connection:
        watch_own_failures(connection, attempts, now)
    with reading(store) as connection:
        return list_open(connection, Kind.CHECK_TROUBLE)


def test_many_sites_that_could_not_be_checked_are_one_alert(store: Engine) -> None:
    (alert,) = judged(store, 0, shop="iii", blog="iii", wiki=".")
    assert alert.headline.startswith("2 of 3 checks failed before they reached a site")
    assert alert.severity is Severity.CRITICAL
    assert (alert.site, alert.customer) == (None, None)
    (again,) = judged(store, 1, shop="iii", blog=".", wiki=".")
    assert again.key == alert.key


def test_one_of_many_is_a_warning_and_what_worked_in_the_end_is_nothing(store: Engine) -> None:
    assert judged(store, 0, shop="i.", blog="iixxx") == []
    (alert,) = judged(store, 1, shop="iii", blog=".", wiki=".")
    assert alert.severity is Severity.WARNING


def test_it_ends_when_two_intervals_passed_without_any(store: Engine) -> None:
    judged(store, 0, shop="iii")
    counts = [len(judged(store, number, shop=".")) for number in (1, 2, 3)]
    assert counts == [1, 1, 0], "a machine that fails every other run raises one alert"


def test_a_run_without_any_check_says_nothing(store: Engine) -> None:
    judged(store, 0, shop="iii")
    assert len(judged(store, 9)) == 1
