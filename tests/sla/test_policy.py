"""Which promise counts for whom, and why; and what the shipped file promises."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from builders import configure
from sla.policies import book, bug_fix, london, mission_critical, user_support, version
from supportops.config.loader import load
from supportops.config.yaml_source import ConfigurationError
from supportops.sla.policy import (
    Amount,
    DayReading,
    Metric,
    PolicyBook,
    PolicyVersion,
    Promise,
    Target,
)

SHIPPED = Path(__file__).parents[2] / "include" / "config"
NOON = london("2026-04-13 12:00")


def for_few(**condition: frozenset[str]) -> Promise:
    target = Target(Metric.FIRST_REPLY, Amount(seconds=3600))
    return Promise("few", "bug_fix", "office", (target,), **condition)


def matched(few: Promise, tier: str | None, customer: str | None, tags: str | None) -> str | None:
    rules = book(version([few, user_support(), bug_fix()]))
    found = rules.match(NOON, tier, customer, tags).promise
    return found.name if found else None


@pytest.mark.parametrize(
    ("few", "ticket", "name"),
    [
        (for_few(), ("bug_fix", None, None), "few"),
        (for_few(), ("user_support", None, None), "user_support"),
        (for_few(), ("unheard_of", None, None), None),
        (for_few(customers=frozenset({"Acme"})), ("bug_fix", "Acme", None), "few"),
        (for_few(customers=frozenset({"acme  ltd"})), ("bug_fix", " Acme Ltd", None), "few"),
        (for_few(customers=frozenset({"STRASSE"})), ("bug_fix", "Straße", None), "few"),
        (for_few(customers=frozenset({"Acme"})), ("bug_fix", "Bolt", None), "bug_fix"),
        (for_few(customers=frozenset({"Acme"})), ("bug_fix", None, None), "bug_fix"),
        (for_few(tags=frozenset({"vip", "gold"})), ("bug_fix", None, "late,gold"), "few"),
        (for_few(tags=frozenset({"vip", "gold"})), ("bug_fix", None, "golden"), "bug_fix"),
        (for_few(tags=frozenset({"vip"})), ("bug_fix", "Acme", ""), "bug_fix"),
        (
            for_few(customers=frozenset({"Acme"}), tags=frozenset({"vip"})),
            ("bug_fix", "Acme", None),
            "bug_fix",
        ),
    ],
)
def test_the_first_promise_that_fits_counts(
    few: Promise, ticket: tuple[str | None, str | None, str | None], name: str | None
):
    assert matched(few, *ticket) == name


def test_a_match_says_which_rule_of_which_policy_and_why():
    rules = book(version([for_few(customers=frozenset({"Acme"})), user_support()], "spring"))
    reason = rules.match(NOON, "bug_fix", "Acme").reason
    assert reason == "rule 1 of policy spring: tier bug_fix, customer Acme"
    assert rules.match(NOON, None).reason == (
        "rule 2 of policy spring: tier user_support (without a tier)"
    )
    assert rules.match(NOON, "bug_fix").reason == "no rule of policy spring for tier bug_fix"


def test_a_version_is_in_force_from_its_instant_until_the_next():
    rules = book(
        version([user_support()], "first", NOON), version([bug_fix()], "second", NOON + DAY)
    )
    names = [
        found.name if (found := rules.version_at(at)) else None
        for at in (NOON - MICRO, NOON, NOON + DAY - MICRO, NOON + DAY)
    ]
    assert names == [None, "first", "first", "second"]
    assert rules.match(NOON - MICRO, "bug_fix").reason == "before the first policy, first"


DAY, MICRO = timedelta(days=1), timedelta(microseconds=1)


def test_versions_out_of_order_and_unknown_calendars_are_refused():
    calendars = book().calendars
    first, second = version([], "a", NOON), version([], "b", NOON)
    for versions in ((), (first, second), (PolicyVersion("c", NOON + DAY, ()), first)):
        with pytest.raises(ValueError, match="each later than the one before it"):
            PolicyBook(versions, calendars, "user_support")
    with pytest.raises(ValueError, match="no calendar 'always'"):
        PolicyBook((version([mission_critical()]),), {}, "user_support")


@pytest.mark.parametrize("metric", [Metric.FIRST_REPLY, Metric.NEXT_REPLY])
def test_a_promise_to_reply_never_pauses(metric: Metric):
    with pytest.raises(ValueError, match="never pauses"):
        Target(metric, pauses=frozenset({"pending"}))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (Amount(working_days=1), "1 working day"),
        (Amount(working_days=3), "3 working days"),
        (Amount(seconds=900), "15 min"),
        (Amount(seconds=7200), "2 h"),
        (Amount(seconds=45), "45 s"),
    ],
)
def test_an_amount_reads_as_people_write_it(amount: Amount, words: str):
    assert str(amount) == words


# --- the file -------------------------------------------------------------------------------------


@cache
def shipped() -> PolicyBook:
    found = load(SHIPPED).promises
    assert found
    return found


def test_the_shipped_file_makes_the_published_promises():
    rules = shipped()
    table = {
        promise.tier: [
            (target.deadline and str(target.deadline), target.aim and str(target.aim))
            for metric in Metric
            for target in [promise.target(metric) or Target(metric, Amount(seconds=1))]
        ]
        for promise in rules.versions[0].promises
    }
    nothing = ("1 s", None)  # stands for a metric without a clock
    assert table == {
        "user_support": [("3 working days", None), ("3 working days", None), nothing, (None, None)],
        "bug_fix": [
            ("1 working day", None),
            ("1 working day", None),
            ("1 working day", None),
            ("2 working days", "1 working day"),
        ],
        "mission_critical": [("15 min", None), ("30 min", None), ("1 h", None), (None, None)],
    }
    assert {p.tier: p.calendar for p in rules.versions[0].promises} == {
        "user_support": "office",
        "bug_fix": "office",
        "mission_critical": "always",
    }
    assert {p.reading for p in rules.versions[0].promises} == {DayReading.BUSINESS_HOURS}


def test_only_updates_and_resolutions_pause_in_the_shipped_file():
    pausing = {
        target.metric
        for promise in shipped().versions[0].promises
        for target in promise.targets
        if target.pauses == frozenset({"pending"})
    }
    assert pausing == {Metric.UPDATE, Metric.RESOLUTION}


def test_the_shipped_calendars_know_england_s_holidays_and_the_length_of_a_day():
    office, always = (shipped().calendars[name] for name in ("office", "always"))
    assert (office.working_day, always.working_day) == (8 * 3600, 86_400)
    assert "Easter Monday" in office.closed[date(2026, 4, 6)]
    assert always.hours.is_open(london("2026-12-25 03:00"))


def written(tmp_path: Path, **changes: object) -> Path:
    folder = configure(tmp_path / "config", [{"name": "a", "url": "https://a.example/"}])
    (folder / "reports.yaml").unlink()  # its targets are those of the shipped policy's tiers
    path = folder / "service_levels.yaml"
    data = yaml.safe_load(path.read_text()) | changes
    path.write_text(yaml.safe_dump(data))
    return folder


def policy(name: str = "p", since: str = "2020-01-01", **changes: object) -> dict[str, object]:
    promise = {
        "tier": "user_support",
        "calendar": "office",
        "targets": {"first_reply_time": {"within": "1h"}},
    }
    return {"name": name, "from": since, "promises": [promise | changes]}


def test_a_policy_is_in_force_from_midnight_in_the_office(tmp_path: Path):
    folder = written(tmp_path, policies=[policy(), policy("summer", "2026-07-01")])
    found = load(folder).promises
    assert found
    assert found.versions[1].valid_from == datetime(2026, 6, 30, 23, tzinfo=UTC)


def test_a_file_without_policies_promises_nothing(tmp_path: Path):
    assert load(written(tmp_path, policies=[])).promises is None


@pytest.mark.parametrize(
    ("policies", "fault"),
    [
        ([policy("a"), policy("b")], "policies[1].from: found '2020-01-01', expected a later date"),
        (
            [policy("a"), policy("a", "2021-01-01")],
            "policies[1].name: found 'a', expected each once",
        ),
        ([policy(calendar="moon")], "promises[0].calendar: found 'moon', expected one of"),
        ([policy(tier="gold")], "no promise for user_support"),
        (
            [policy(targets={"first_reply_time": {"within": "3 days"}})],
            "within: found '3 days', expected an amount such as 3 working days, 4h or 15m",
        ),
        (
            [policy(targets={"first_reply_time": {"within": "0h"}})],
            "within: found '0h', expected an amount",
        ),
        (
            [policy(targets={"first_reply_time": {"pauses": ["pending"]}})],
            "no pauses for first_reply_time",
        ),
        ([policy(targets={"update_time": {"pauses": ["asleep"]}})], "expected a status: new"),
        ([policy(targets={"last_reply_time": {}})], "last_reply_time"),
        ([policy(targets={})], "targets"),
    ],
)
def test_a_mistake_in_a_policy_stops_the_start_with_its_place(
    tmp_path: Path, policies: list[object], fault: str
):
    with pytest.raises(ConfigurationError) as refused:
        load(written(tmp_path, policies=policies))
    assert fault in str(refused.value)
