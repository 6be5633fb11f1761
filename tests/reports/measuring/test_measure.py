"""Figures out of facts: who is told what, what is stale, and that a customer's hold no other's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.frames import MONDAY, WEEK, clock, clocks, facts, ticket, tickets
from reports.hostile_texts import HOSTILE
from reports.site_frames import alert, alerts, incident, incidents, site, sites
from supportops.reports.audience import Audience, Part, Plan
from supportops.reports.facts import Facts
from supportops.reports.figures import Attainment, By, Figures, Point, Restatement
from supportops.reports.measuring.figures_json import to_json, totals_of
from supportops.reports.measuring.measure import measure, of_audience, totals, with_history
from supportops.reports.measuring.response_times import counted
from supportops.reports.measuring.restating import restatements
from supportops.reports.measuring.trend import History
from supportops.reports.period import Cadence, day

DUE = "2026-11-18 12:00"
BLANK: tuple[Any, ...] = ()


def audience(*parts: Part, **changes: Any) -> Audience:
    """Managers who ask for everything, unless parts are named."""
    everybody = frozenset(Cadence)
    return Audience("managers", "Managers", (), everybody, parts or tuple(Part), (), **changes)


def compared(
    of: Facts, to: Audience, plan: Plan, history: History, restated: Sequence[Restatement]
) -> Figures:
    """The figures with what the audience is shown of earlier periods."""
    return with_history(measure(of, to, plan), to, plan, history, restated)


def measured(of: Facts, asks: Audience | None = None, plan: Plan | None = None) -> Figures:
    return compared(of, asks or audience(), plan or Plan(), {}, ())


def in_time(number: str = "1", **fields: Any) -> dict[str, Any]:
    return clock(number=number, due=DUE, done="2026-11-17 12:00", **fields)


def late(number: str = "1", **fields: Any) -> dict[str, Any]:
    return clock(number=number, due=DUE, broken=DUE, **fields)


def soon(number: str = "1", **fields: Any) -> dict[str, Any]:
    return clock(number=number, due="2026-11-25 12:00", **fields)


def everything(**changes: Any) -> Facts:
    """Two customers with one of each."""
    zen = {"customer": "Zen", "site": "zen", "assignee": "al", "tier": "user_support"}
    return facts(
        clocks(in_time("1"), late("2"), soon("3"), late("4", **zen), soon("5", **zen)),
        tickets(
            ticket(number="2"), ticket(number="4", **zen), ticket(number="6", left_out="merged")
        ),
        sites=sites(site("shop"), site("zen", down=60.0, customer="Zen")),
        incidents=incidents(
            incident(ended="2026-11-18 12:30"),
            incident(site="zen", customer="Zen", ended="2026-11-18 12:50"),
        ),
        alerts=alerts(alert(handed_over="2026-11-18 12:01"), alert(customer="Zen", site="zen")),
        **changes,
    )


def week(number: int, due: int = 40, met: int = 36) -> Point:
    return Point(f"2026-W{number}", due, met, issued=True)


def test_everything_that_was_asked_for_is_there() -> None:
    result = measured(everything(), plan=Plan(targets={"bug_fix": 0.95}, availability=0.999))

    fixes = result.line(By.TIER, "bug_fix")
    assert fixes is not None
    assert (fixes.attainment.due, fixes.attainment.met, fixes.attainment.target) == (2, 1, 0.95)
    assert [clock.number for clock in result.breaches] == ["2", "4"]
    assert [clock.number for clock in result.open_breaches] == ["2", "4"]
    assert [clock.number for clock in result.at_risk] == ["3", "5"]
    assert [(line.site, line.target) for line in result.sites] == [("shop", 0.999), ("zen", 0.999)]
    assert [line.customer for line in result.uptimes] == ["Acme", "Zen", None]
    assert [line.site for line in result.incidents] == ["shop", "zen"]
    assert result.recovery_median == 30 * 60
    assert [line.undelivered for line in result.delivered] == [1]
    assert (result.left_out.merged, result.audience, result.customer) == (1, "managers", None)


def test_tiers_come_first_and_all_together_last() -> None:
    result = measured(everything())

    grouped = list(dict.fromkeys(line.by for line in result.promises))
    assert grouped == [By.TIER, By.CUSTOMER, By.SITE, By.ASSIGNEE, By.ALL]
    assert list(dict.fromkeys(line.by for line in result.volumes)) == grouped


def test_a_tier_without_a_target_is_measured_without_one() -> None:
    result = measured(everything(), plan=Plan(targets={"bug_fix": 0.95}))

    support = result.line(By.TIER, "user_support")
    assert support is not None
    assert (support.attainment.due, support.attainment.target) == (1, None)
    assert [trend.target for trend in result.trends] == [0.95, None, None]


FIELDS = {
    Part.TREND: ("trends",),
    Part.OPEN_BREACHES: ("open_breaches",),
    Part.BREACHES: ("breaches",),
    Part.AT_RISK: ("at_risk",),
    Part.SITES: ("sites", "uptimes"),
    Part.INCIDENTS: ("incidents",),
    Part.ALERTS: ("delivered",),
}


@pytest.mark.parametrize("part", FIELDS)
def test_a_part_that_was_not_asked_for_has_no_figures(part: Part) -> None:
    others = [each for each in Part if each is not part]
    without, alone = (measured(everything(), audience(*parts)) for parts in (others, [part]))

    for name in {name for names in FIELDS.values() for name in names}:
        assert bool(getattr(alone, name)) == (name in FIELDS[part])
        assert bool(getattr(without, name)) == (name not in FIELDS[part])


def test_medians_of_incidents_go_with_the_incidents() -> None:
    result = measured(everything(), audience(Part.TIERS))

    assert (result.detection_median, result.recovery_median) == (None, None)


@pytest.mark.parametrize(
    ("part", "promised", "counted_by"),
    [
        (Part.TIERS, [By.TIER, By.ALL], []),
        (Part.VOLUME, [By.TIER, By.ALL], [By.TIER, By.ALL]),
        (Part.CUSTOMERS, [By.TIER, By.CUSTOMER, By.ALL], [By.CUSTOMER]),
        (Part.ASSIGNEES, [By.TIER, By.ASSIGNEE, By.ALL], [By.ASSIGNEE]),
        (Part.SITES, [By.TIER, By.SITE, By.ALL], [By.SITE]),
    ],
)
def test_lines_are_by_what_was_asked_for(
    part: Part, promised: list[By], counted_by: list[By]
) -> None:
    result = measured(everything(), audience(part))

    assert list(dict.fromkeys(line.by for line in result.promises)) == promised
    assert list(dict.fromkeys(line.by for line in result.volumes)) == counted_by


def test_an_audience_may_watch_some_tiers_alone() -> None:
    result = measured(everything(), audience(tiers=("user_support",)))

    assert [line.name for line in result.promises if line.by is By.TIER] == ["user_support"] * 2
    assert [clock.number for clock in result.breaches] == ["4"]
    assert [trend.name for trend in result.trends] == ["user_support", None]
    assert result.left_out.merged == 0


def test_a_customer_is_shown_of_itself_alone() -> None:
    result = measured(everything(unjudged={"test/9": "no"}), audience(customer="Zen"))

    assert result.customer == "Zen"
    assert [clock.number for clock in result.breaches] == ["4"]
    assert [line.site for line in result.sites] == ["zen"]
    assert [line.customer for line in result.uptimes] == ["Zen", None]
    assert result.left_out.unjudged == ()


def test_who_works_on_it_is_shown_to_customers_only_where_their_file_says_so() -> None:
    parts = [part for part in Part if part is not Part.ASSIGNEES]
    own = measured(everything(), audience(*parts, customer="Zen"))
    asked = measured(everything(), audience(customer="Zen"))
    managers = measured(everything(), audience(*parts))

    assert [clock.assignee for clock in own.open_breaches + own.at_risk] == [None, None]
    assert [clock.assignee for clock in asked.open_breaches] == ["al"]
    assert [clock.assignee for clock in managers.open_breaches] == ["bo", "al"]


def test_the_name_of_a_shared_server_stays_with_the_agency() -> None:
    down = incidents(incident(key="host_outage:acme-and-zen.example"))

    (inside,) = measured(facts(incidents=down)).incidents
    (outside,) = measured(facts(incidents=down), audience(customer="Acme")).incidents

    assert inside.key == "host_outage:acme-and-zen.example"
    assert outside.key == "outage:shop:2026-11-18T12:00:00+00:00"


@pytest.mark.parametrize(
    ("data_until", "stale"),
    [
        (None, True),
        (MONDAY, False),
        (MONDAY - timedelta(hours=2), False),
        (MONDAY - timedelta(hours=2, microseconds=1), True),
        (MONDAY + timedelta(days=300), False),
    ],
)
def test_data_older_than_two_hours_or_never_synced_is_stale(
    data_until: datetime | None, stale: bool
) -> None:
    result = measured(facts(data_until=data_until))

    assert (result.stale, result.data_until) == (stale, data_until)


def test_nothing_at_all_makes_a_report_of_nothing() -> None:
    result = measured(facts())

    (whole,) = result.promises
    assert (whole.by, whole.attainment) == (By.ALL, Attainment(0, 0))
    assert [(line.by, line.open) for line in result.volumes] == [(By.ALL, 0)]
    assert (result.breaches, result.sites, result.uptimes, result.incidents) == (BLANK,) * 4
    assert [trend.points for trend in result.trends] == [(Point("2026-W47", 0, 0, False),)]
    json.dumps(to_json(result), allow_nan=False)


def test_sites_may_be_watched_where_nobody_writes_a_ticket() -> None:
    result = measured(facts(sites=sites(site(up=300.0, unknown=7 * 86400.0 - 300, checks=1))))

    assert [(line.checks, line.up_share) for line in result.sites] == [(1, None)]


def test_hostile_texts_pass_through_as_they_are() -> None:
    rows = [
        late(str(n), subject=text, customer=text, site=text, assignee=text)
        for n, text in enumerate(HOSTILE)
    ]

    result = measured(facts(clocks(*rows)))

    for name in ("subject", "customer", "site", "assignee"):
        assert {getattr(clock, name) for clock in result.breaches} == set(HOSTILE)
    assert {line.name for line in result.promises if line.by is By.CUSTOMER} == set(HOSTILE)
    json.dumps(to_json(result), allow_nan=False)


def test_a_trend_ends_with_this_week_and_has_thirteen() -> None:
    history = {"bug_fix": [week(n) for n in range(10, 47)], None: [week(46)]}

    result = compared(everything(), audience(), Plan(), history, ())

    fixes, support, whole = result.trends
    assert [point.label for point in fixes.points] == [f"2026-W{n}" for n in range(35, 48)]
    assert [point.issued for point in fixes.points] == [True] * 12 + [False]
    assert (fixes.points[-1].due, fixes.mean, fixes.signals) == (2, 0.9, ())
    assert (support.by, support.name, len(support.points)) == (By.TIER, "user_support", 1)
    assert (whole.by, whole.name, whole.points) == (
        By.ALL,
        None,
        (week(46), Point("2026-W47", 3, 1, issued=False)),
    )


def test_a_year_of_history_missing_leaves_one_point_without_limits() -> None:
    fixes = measured(everything()).trends[0]

    assert fixes.points == (Point("2026-W47", 2, 1, issued=False),)
    assert (fixes.mean, fixes.low, fixes.high, fixes.signals) == (None, None, None, ())


def test_a_tier_that_had_promises_only_earlier_is_in_the_trend() -> None:
    result = compared(everything(), audience(), Plan(), {"mission_critical": [week(46, 4, 4)]}, ())

    critical = next(trend for trend in result.trends if trend.name == "mission_critical")
    assert critical.points == (week(46, 4, 4), Point("2026-W47", 0, 0, issued=False))


def test_a_tier_that_is_not_watched_any_more_is_not_in_the_trend() -> None:
    history = {"user_support": [week(46)], "bug_fix": [week(46)], None: [week(46)]}

    result = compared(everything(), audience(tiers=("bug_fix",)), Plan(), history, ())

    assert [trend.name for trend in result.trends] == ["bug_fix", None]


def test_a_week_made_again_is_not_compared_with_itself_or_later_ones() -> None:
    history = {None: [week(46), week(47), week(48)]}

    *_, whole = compared(everything(), audience(), Plan(), history, ()).trends

    assert [point.label for point in whole.points] == ["2026-W46", "2026-W47"]


def test_a_day_has_no_trend() -> None:
    result = measured(everything(period=day("2026-11-18", "Europe/London")))

    assert result.trends == ()
    assert [clock.number for clock in result.breaches] == ["2", "4"]


def test_restatements_are_handed_on_where_they_are_asked_for() -> None:
    changed = (Restatement("2026-W46", None, Attainment(2, 2), Attainment(1, 1), ()),)

    asked = compared(everything(), audience(), Plan(), {}, changed)
    without = compared(everything(), audience(Part.TIERS), Plan(), {}, changed)

    assert (asked.restatements, without.restatements) == (changed, ())


def test_a_past_period_is_summed_up_by_tier_and_over_all() -> None:
    assert totals(everything()) == {"bug_fix": (2, 1), "user_support": (1, 0), None: (3, 1)}
    only = everything().of_tiers(("bug_fix",))
    assert totals(only) == {"bug_fix": (2, 1), None: (2, 1)}
    assert totals(facts()) == {None: (0, 0)}


def test_a_past_period_is_summed_up_as_its_report_would_have_been() -> None:
    asks = audience(customer="Zen", tiers=("user_support",))
    result = measured(everything(), asks)

    issued = totals_of(to_json(result))
    assert (
        totals(of_audience(everything(), asks)) == issued == {"user_support": (1, 0), None: (1, 0)}
    )


CUSTOMERS = ("~alder~", "~birch~", "~cedar~")
instants = st.sampled_from(["2026-11-16 09:00", "2026-11-18 12:00", "2026-11-20 16:59"])


@st.composite
def random_facts(draw: st.DrawFn) -> Facts:
    """Facts in which every word of a customer's rows holds the customer's mark."""
    made: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("clocks", "tickets", "sites", "incidents", "alerts")
    }
    for n in range(draw(st.integers(0, 12))):
        mark = draw(st.sampled_from((*CUSTOMERS, None)))
        words = {"customer": mark, "site": f"site{mark}{n}"}
        result = words | {"number": f"{n}{mark}", "subject": f"re {mark}", "assignee": f"bo{mark}"}
        tier = draw(st.sampled_from(["bug_fix", "user_support"]))
        make = draw(st.sampled_from([in_time, late, soon]))
        made["clocks"].append(make(**result, tier=tier))
        gone = draw(st.sampled_from([None, "merged", "deleted"]))
        made["tickets"].append(ticket(**result, tier=tier, created=draw(instants), left_out=gone))
        if mark is not None:
            made["sites"].append(site(f"site{mark}{n}", customer=mark, down=draw(st.floats(0, 99))))
        # One server's outage may bear any customer's name.
        key = f"host_outage:{draw(st.sampled_from(CUSTOMERS))}"
        made["incidents"].append(incident(draw(instants), key=key, reason=f"no {mark}", **words))
        made["alerts"].append(alert(draw(instants), channel=draw(st.sampled_from("ab")), **words))
    return facts(
        clocks(*draw(st.permutations(made["clocks"]))),
        tickets(*draw(st.permutations(made["tickets"]))),
        sites=sites(*draw(st.permutations(made["sites"]))),
        incidents=incidents(*draw(st.permutations(made["incidents"]))),
        alerts=alerts(*made["alerts"]),
        unjudged={f"test/9{mark}": f"no {mark}" for mark in CUSTOMERS},
    )


@settings(max_examples=12, deadline=None)
@given(random_facts(), st.sampled_from(CUSTOMERS))
def test_a_customers_figures_never_hold_a_word_of_another(of: Facts, customer: str) -> None:
    own = audience(customer=customer)
    known = of_audience(of, own)
    nothing = counted(clocks(), WEEK, MONDAY)
    restated = restatements("2026-W46", nothing, counted(known.clocks, WEEK, MONDAY), known.clocks)
    history = {name: [Point("2026-W46", *total, True)] for name, total in totals(known).items()}

    result = compared(of, own, Plan(), history, restated)

    # With the others' rows or without, it is the same report to the letter.
    alone = compared(of.of_customer(customer), own, Plan(), history, restated)
    assert result == alone
    for text in (repr(result), json.dumps(to_json(result), allow_nan=False)):
        assert not [mark for mark in CUSTOMERS if mark != customer and mark in text]


@settings(max_examples=8, deadline=None)
@given(random_facts())
def test_customers_add_up_and_rows_may_come_in_any_order(of: Facts) -> None:
    result = measured(of)

    due = {by: _due(result, by) for by in (By.TIER, By.CUSTOMER, By.SITE, By.ASSIGNEE, By.ALL)}
    assert len(set(due.values())) == 1
    assert result == measured(_reversed(of))


def _due(result: Figures, by: By) -> tuple[int, int, int]:
    lines = [line for line in result.promises if line.by is by and line.metric is None]
    return (
        sum(line.attainment.due for line in lines),
        sum(line.attainment.met for line in lines),
        sum(line.open for line in lines),
    )


def _reversed(of: Facts) -> Facts:
    names: Sequence[str] = ("clocks", "tickets", "sites", "incidents", "alerts")
    return replace(of, **{name: getattr(of, name).iloc[::-1] for name in names})


def test_a_customer_is_one_whatever_the_case_and_the_spaces() -> None:
    rows = [in_time("1", customer="Acme Ltd"), late("2", customer=" acme  LTD"), late("3")]
    found = facts(clocks=clocks(*rows))
    assert sorted(found.of_customer("ACME ltd").clocks["number"]) == ["1", "2"]
    one = found.with_customers(["acme ltd"])
    assert set(one.clocks["customer"][:2]) == {"acme ltd"}
    assert set(found.with_customers([]).clocks["customer"][:2]) == {" acme  LTD"}
