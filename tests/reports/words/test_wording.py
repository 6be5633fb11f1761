"""A report's words: its answer first, a number with every share, no verdict on few."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reports.figure_builders import EMPTY, clock, figures
from reports.small_agency import AS_OF, BOOKS, CINDER, CUSTOMERS, DELFT, SITES
from reports.trend_builders import trend
from reports.wording_builders import (
    audience,
    charts,
    column,
    customer_audience,
    table,
    tile,
    worded,
    words_of,
)
from supportops.reports.audience import Part
from supportops.reports.document import Tone, TrendPicture, Words
from supportops.reports.figures import (
    Attainment,
    By,
    Figures,
    LeftOut,
    Promises,
    Quantile,
    Restatement,
    TicketReason,
    Times,
)
from supportops.reports.measuring.proportion import attainment
from supportops.reports.period import Cadence
from supportops.reports.words import cells, sentences
from supportops.reports.words.dates import Reader, check_language

BRITISH = Reader("en-GB", "Europe/London")
GERMAN = Reader("de-DE", "Europe/Berlin")
WEEKLY, DAILY = Cadence.WEEKLY, Cadence.DAILY


WHOLE = figures()
SITES_ALONE = {
    name: getattr(WHOLE, name) if name in ("sites", "uptimes", "incidents") else value
    for name, value in EMPTY.items()
}
"""A week in which nothing was asked for, but in which sites were down."""


def line(name: str | None, due: int, met: int, target: float | None, **changes: Any) -> Promises:
    by = By.ALL if name is None else By.TIER
    plain = Promises(by, name, None, attainment(due, met, target), None, None, 0, 0, 0, None)
    return replace(plain, **changes)


def week_of(*lines: Promises, **changes: Any) -> Figures:
    """A week in which only these promises were due; their sum is added."""
    due, met = sum(p.attainment.due for p in lines), sum(p.attainment.met for p in lines)
    overall = line(None, due, met, None, overdue=sum(p.overdue for p in lines))
    return figures(**EMPTY | {"promises": (*lines, overall)} | changes)


def test_the_subject_names_the_tier_that_broke_most_and_how_many_are_open() -> None:
    known = week_of(line("bug_fix", 23, 21, 0.95, overdue=4))
    expected = "SLA week 47 (16-22 Nov): bug fixes 91 % of 23 due, target 95 % - 4 open breaches"
    assert worded(known).subject == expected


def test_a_subject_about_few_promises_counts_them() -> None:
    known = week_of(line("bug_fix", 12, 11, 0.95))
    expected = "SLA week 47 (16-22 Nov): bug fixes 11 of 12 due, target 95 % - no open breaches"
    assert worded(known).subject == expected


def test_forty_of_two_hundred_broken_come_before_one_of_two() -> None:
    known = week_of(line("mission_critical", 2, 1, 0.95), line("bug_fix", 200, 160, 0.95))
    assert "bug fixes 80 % of 200 due" in worded(known).subject


def test_a_tier_without_a_target_never_pushes_in_front_of_one_that_missed_it() -> None:
    known = week_of(line("gold", 50, 10, None), line("bug_fix", 40, 37, 0.95))
    assert "bug fixes 92 % of 40 due" in worded(known).subject


def test_a_week_in_which_all_were_kept_is_shown_too() -> None:
    document = worded(week_of(line("bug_fix", 23, 23, 0.95)))
    assert document.subject == "SLA week 47 (16-22 Nov): all 23 promises kept"
    assert (
        document.summary == "In week 47, all 23 promises were kept; none is open past its deadline."
    )


def test_one_promise_that_was_kept_is_one() -> None:
    document = worded(week_of(line("bug_fix", 1, 1, 0.95)))
    assert document.subject == "SLA week 47 (16-22 Nov): the one promise due was kept"
    assert document.summary.startswith("In week 47, the one promise due was kept;")


def test_all_tiers_on_target_is_stated_even_though_promises_were_broken() -> None:
    document = worded(week_of(line("bug_fix", 100, 98, 0.95)))
    assert ": on target, lowest bug fixes 98 % of 100 due, target 95 %" in document.subject
    assert "every tier with a target met it" in document.summary


def test_a_correction_says_so_in_its_subject_and_first() -> None:
    document = worded(corrects=True, edition=2)
    assert document.subject.startswith("Corrected: SLA week 47")
    assert [n.text for n in document.notices] == [
        "Corrected (edition 2): this replaces what was sent before."
    ]


def test_the_daily_subject_counts_what_broke_and_what_is_at_risk() -> None:
    document = worded(figures(cadence=DAILY))
    assert document.subject == "Friday 20 Nov: 3 promises broken, 6 at risk today - 2 outages"
    assert "1 is open past the deadline, 6 are at risk today; 4 sites were up " in document.summary


def test_a_day_with_the_days_of_rest_after_it_names_both_ends() -> None:
    quiet = figures(cadence=DAILY, **EMPTY)
    long = replace(quiet, period=replace(quiet.period, end=quiet.period.end + timedelta(days=2)))
    assert worded(long).subject.startswith("Friday 20 Nov to Sunday 22 Nov: no promise fell due")
    assert worded(long).summary.startswith(
        "From Friday 20 Nov to Sunday 22 Nov, no promise fell due"
    )


def test_a_quiet_day_is_shown_too() -> None:
    document = worded(figures(cadence=DAILY, **EMPTY))
    assert document.subject == "Friday 20 Nov: no promise fell due, none at risk today"


def test_a_manager_can_repeat_the_summary() -> None:
    assert worded().summary == (
        "In week 47, 131 of 141 promises were kept; of bug fixes 59 of 66 (89 %), below the target "
        "of 95 %; 4 are open past the deadline; 4 sites were up 99.84 % of the time, with 2 "
        "outages, down for 47 min in all."
    )


def test_old_data_is_line_one() -> None:
    known = figures(stale=True, data_until=AS_OF[WEEKLY] - timedelta(hours=5, minutes=20))
    first = worded(known, corrects=True).notices[0]
    assert first == Words("The ticket data is 5 h old: figures may change.", Tone.BAD)


def test_a_missing_ticket_source_is_stated_once_and_quietly() -> None:
    document = worded(figures(**SITES_ALONE, data_until=None, stale=True))
    assert words_of(document).count("No ticket source") == 1
    assert document.notices == ()
    assert document.footer[3].startswith("No ticket source: ")
    assert document.title == "Uptime, week 47"
    assert [s.name for s in document.sections] == ["sites", "incidents", "customers", "alerts"]


def test_where_no_promise_fell_due_the_outages_are_read_first() -> None:
    document = worded(figures(**SITES_ALONE, data_until=None, stale=True))
    assert document.subject == "Week 47 (16-22 Nov): 2 outages, 4 sites up 99.84 % of the time"
    assert document.summary.startswith("In week 47, 4 sites were up 99.84 % of the time, with 2 ")
    assert document.tiles[0].title == "Uptime"
    daily = worded(figures(cadence=DAILY, **SITES_ALONE))
    assert daily.subject.startswith("Friday 20 Nov: ")
    assert daily.sections[0].name == "sites"


def test_outages_beside_open_breaches_of_earlier_weeks_are_read_first() -> None:
    late = line(None, 0, 0, None, overdue=4, open=9)
    document = worded(figures(**SITES_ALONE | {"promises": (late,)}))
    assert document.subject.endswith("of the time - 4 open breaches")
    assert "no promise fell due, 4 are open past the deadline" in document.summary
    assert [s.name for s in document.sections][:3] == ["sites", "incidents", "tiers"]


def test_a_week_with_a_ticket_source_and_nothing_due_but_no_outage_stays_with_tickets() -> None:
    document = worded(figures(**EMPTY))
    assert document.subject == "SLA week 47 (16-22 Nov): no promise fell due"
    assert document.sections[0].name == "tiers"


def test_sites_alone_that_were_never_down_say_so() -> None:
    up = replace(WHOLE.uptimes[0], customer=None, up_share=1.0, down_seconds=0.0, outages=0)
    known = figures(**EMPTY | {"uptimes": (up,)}, data_until=None, stale=True)
    assert worded(known).subject.endswith(": no outage, 1 site up 100.00 % of the time")


def test_where_promises_fell_due_the_outages_follow_them() -> None:
    document = worded(figures())
    assert document.subject.endswith(" - 4 open breaches - 2 outages")


def test_a_week_without_tickets_is_a_whole_report() -> None:
    document = worded(figures(**EMPTY))
    assert document.subject == "SLA week 47 (16-22 Nov): no promise fell due"
    assert [n.text for n in document.notices] == [
        "No ticket arrived in this period, and none is open."
    ]
    assert document.tiles == ()
    assert len(document.sections) == len(set(Part) - {Part.TUTORIALS})


def test_a_tile_says_the_share_its_number_and_its_target() -> None:
    found = tile(worded(), "User support")
    assert (found.figure, found.tone) == ("96 %", Tone.GOOD)
    assert found.detail == "61 of 63 due, target 90 %: on target"
    assert found.bar is not None
    assert found.bar.low < found.bar.share < found.bar.high


def test_few_promises_have_no_percentage_no_colour_and_no_bar() -> None:
    found = tile(worded(week_of(line("bug_fix", 19, 1, 0.95))), "Bug fixes")
    assert (found.figure, found.detail) == ("1 of 19", "due, target 95 %")
    assert (found.tone, found.bar) == (Tone.PLAIN, None)


@pytest.mark.parametrize(
    ("due", "met", "target", "tone"),
    [
        (20, 19, 0.95, Tone.GOOD),  # at the target is on it
        (20, 18, 0.95, Tone.PLAIN),  # one too many: chance may do that
        (200, 160, 0.95, Tone.BAD),
        (200, 160, None, Tone.PLAIN),
        (19, 0, 0.95, Tone.PLAIN),
        (0, 0, 0.95, Tone.PLAIN),
    ],
)
def test_a_miss_is_bad_only_where_chance_does_not_explain_it(
    due: int, met: int, target: float | None, tone: Tone
) -> None:
    assert cells.verdict(attainment(due, met, target)) is tone


def test_a_gap_that_chance_may_explain_is_put_in_words() -> None:
    found = tile(worded(week_of(line("bug_fix", 23, 21, 0.95))), "Bug fixes")
    assert found.detail == "21 of 23 due, target 95 %: below, maybe by chance"


def test_nearly_all_never_reads_as_all() -> None:
    known = week_of(line("bug_fix", 10_000, 9_997, 0.95))
    assert tile(worded(known), "Bug fixes").figure == "99 %"
    assert column(table(worded(known), "tiers"), "Kept")[0] == "99.9 %"
    assert BRITISH.share(0.9999999999, 2) == "99.99 %"
    assert BRITISH.share(1.0, 2) == "100.00 %"


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.29, 0, "29 %"),
        (0.57, 1, "57.0 %"),
        (0.07, 0, "7 %"),
        (0.9166, 1, "91.6 %"),
        (0, 0, "0 %"),
    ],
)
def test_rounding_down_takes_nothing_from_a_whole_percentage(
    share: float, digits: int, text: str
) -> None:
    assert BRITISH.share(share, digits) == text


def test_a_fine_target_is_shown_apart_from_a_share_just_below_it() -> None:
    found = tile(worded(week_of(line("bug_fix", 1000, 994, 0.995))), "Bug fixes")
    assert (found.figure, "target 99.5 %" in found.detail) == ("99.4 %", True)


def test_the_overall_line_comes_last_and_is_called_a_mixture() -> None:
    found = table(worded(), "tiers")
    assert [row[0].text for row in found.rows][-1] == "Overall (mixed tiers)"
    assert "mixes tiers" in found.note


def test_a_tier_is_shown_before_its_metrics() -> None:
    found = table(worded(), "tiers")
    assert column(found, "Promise")[:3] == ["All", "First reply", "Next reply"]


def test_business_and_calendar_time_stand_side_by_side() -> None:
    found = table(worded(), "times")
    assert column(found, "Median, business")[0] == "7 h 12 min"
    assert column(found, "Median, calendar")[0] == "1 d 2 h"


def test_a_p90_that_is_not_reached_says_what_it_is_over() -> None:
    hours = Times(9, 5, Quantile(7200.0), Quantile(None, 52 * 3600.0))
    days = Times(9, 5, Quantile(86400.0), Quantile(None, 99 * 3600.0))
    reply = line("bug_fix", 9, 4, None, metric="first_reply_time", business=hours, calendar=days)
    found = table(worded(week_of(reply)), "times")
    assert column(found, "p90, business") == ["not reached, over 52 h"]
    assert column(found, "p90, calendar") == ["not reached, over 4 d 3 h"]


def test_tiers_are_called_what_the_agency_calls_them() -> None:
    titles = {"gold": "Gold support", "vip": "VIP repairs"}
    gold = worded(week_of(line("gold", 30, 20, 0.9)), tier_titles=titles)
    assert tile(gold, "Gold support").figure == "66 %"
    assert "gold support 66 % of 30 due" in gold.subject
    vip = worded(week_of(line("vip", 30, 20, 0.9)), tier_titles=titles)
    assert "VIP repairs 66 % of 30 due" in vip.subject


def test_a_tier_of_the_agencys_own_is_shown_as_it_is_written() -> None:
    document = worded(week_of(line("Gold-24x7", 30, 20, 0.9)))
    assert tile(document, "Gold-24x7").figure == "66 %"
    assert "Gold-24x7 66 % of 30 due" in document.subject


def test_a_name_that_shows_nothing_is_named_so() -> None:
    document = worded(week_of(line("\u202e\u200b", 30, 20, 0.9)))
    assert tile(document, "(no name)").figure == "66 %"


def test_an_open_breach_has_an_owner_and_says_how_long_it_is_overdue() -> None:
    found = table(worded(figures(open_breaches=(clock(assignee=None),))), "open_breaches")
    assert [cell.text for cell in found.rows[0]] == [
        "4711",
        "Checkout answers 500",
        "Bramley Books",
        "Bug fixes: first reply",
        "nobody",
        "Thu 19 Nov 10:00",
        "13 h",
        "3 d 22 h",
    ]


def test_the_longest_overdue_comes_first_and_twenty_are_shown() -> None:
    late = tuple(clock(number=str(n), overdue_by=n * 3600.0) for n in range(30))
    found = table(worded(figures(open_breaches=late)), "open_breaches")
    assert (found.rows[0][0].text, len(found.rows), found.shown) == ("29", 30, 20)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("fulfilled", "done late"),
        ("paused", "paused, still open"),
        ("running", "still open"),
    ],
)
def test_a_broken_promise_says_what_became_of_it(state: str, words: str) -> None:
    found = table(worded(figures(breaches=(clock(state=state),))), "breaches")
    assert column(found, "What happened") == [words]


def test_a_day_begins_with_what_can_still_be_saved() -> None:
    names = [section.name for section in worded(figures(cadence=DAILY)).sections]
    assert names[0] == "at_risk"
    assert not {"trend", "restatements"} & set(names)


def test_a_week_keeps_the_order_of_the_page_whatever_order_was_asked_for() -> None:
    to = audience(parts=(Part.SITES, Part.TIERS))
    assert [section.name for section in worded(to=to).sections] == ["tiers", "sites"]


def test_a_trend_states_its_finding() -> None:
    found = {chart.name: chart for chart in charts(worded())}
    assert found["trend-bug_fix"].alt == (
        "Bug fixes: 12 weeks with enough promises, between 58 and 94 %, this week 89 %, "
        "a signal in W35 to W44"
    )
    assert found["trend-user_support"].alt.endswith("this week 96 %, no signal")
    picture = found["trend-bug_fix"].picture
    assert isinstance(picture, TrendPicture)
    assert [point.label for point in picture.points if not point.signal][-3:] == [
        "W45",
        "W46",
        "W47",
    ]
    assert list(found)[-2:] == ["trend-overall", "backlog"]


def test_weeks_with_few_promises_are_a_sentence_and_no_picture() -> None:
    document = worded()
    assert "trend-mission_critical" not in [chart.name for chart in charts(document)]
    assert "each with too few promises for a percentage, this week 11 of 12" in words_of(document)


def test_a_short_trend_makes_no_claim_about_signals() -> None:
    known = figures(trends=(trend("bug_fix", [(30, 28), (30, 27)]),))
    assert charts(worded(known))[0].alt.endswith("too few weeks to tell a signal from chance")


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        ((), "no signal"),
        ((2,), "a signal in W43"),
        ((2, 3, 4, 6), "a signal in W43 to W45 and W47"),
        ((0, 2, 4), "a signal in W41, W43, W45"),
    ],
)
def test_signals_are_named_by_their_weeks(signals: tuple[int, ...], words: str) -> None:
    known = figures(trends=(trend("bug_fix", [(30, 28)] * 7, signals=signals),))
    assert charts(worded(known))[0].alt.endswith(f", {words}")


def test_tiers_of_like_names_have_charts_of_their_own() -> None:
    shares = [(30, 28)] * 7
    known = figures(trends=(trend("a b", shares), trend("a/b", shares), trend(None, shares)))
    names = [chart.name for chart in charts(worded(known))][:3]
    assert len(set(names)) == 3
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in names)


def test_a_restatement_names_the_tickets_that_caused_it() -> None:
    why = (TicketReason("zendesk", "123", "merged"),)
    changed = Restatement("2026-W46", "bug_fix", attainment(24, 22), attainment(22, 20), why)
    found = table(worded(figures(restatements=(changed,))), "restatements")
    assert [cell.text for cell in found.rows[0]] == [
        "W46",
        "Bug fixes",
        "91.6 % of 24",
        "90.9 % of 22",
        "ticket 123 merged",
    ]


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    left = LeftOut(3, 1, (TicketReason("csv", "9", "has no tier"),))
    footer = " ".join(worded(figures(left_out=left)).footer)
    assert "3 merged and 1 deleted tickets, but for promises that had ended before" in footer
    assert "1 ticket without a clock (ticket 9 has no tier)" in footer


def test_a_merge_takes_no_broken_promise_back_in_silence() -> None:
    footer = " ".join(worded(figures(left_out=LeftOut(1, 0, (), broken=2))).footer)
    assert "; 2 broken promises of tickets that were merged or deleted later." in footer


def test_the_footer_names_clock_window_instant_and_age() -> None:
    footer = worded(edition=1, version="0.1.0").footer
    assert footer[0] == "Days and times are on the clock of Europe/London."
    assert "Mon, 16 Nov 2026 00:00 GMT until before Mon, 23 Nov 2026 00:00 GMT" in footer[1]
    assert "As of Mon, 23 Nov 2026 08:00 GMT" in footer[2]
    assert "4 min before" in footer[3]
    assert footer[-2:] == ("Edition 1.", "Made by supportops 0.1.0.")


def test_sites_say_what_their_checks_cannot_see() -> None:
    note = table(worded(), "sites").note
    assert "(here 5 min)" in note
    assert "99.99 % allows 1 min a week" in note


def test_a_site_that_was_not_seen_is_neither_up_nor_down() -> None:
    found = table(worded(), "sites")
    row = next(row for row in found.rows if row[0].text == "delft")
    assert [cell.text for cell in row][2:5] == ["not seen", "0", "100.0 %"]
    assert row[2].tone is Tone.QUIET


def test_a_spent_budget_says_by_how_much() -> None:
    found = table(worded(), "sites")
    assert "32 min over" in column(found, "Budget left")


def test_a_reopen_rate_of_few_is_a_count() -> None:
    rates = column(table(worded(), "volume"), "Reopen rate")
    assert rates[0] == "3.4 % of 29"
    assert rates[2] == "1 per 4 solved"


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_one_customers_report_holds_no_word_about_another(customer: str) -> None:
    words = words_of(worded(figures(of=customer), to=customer_audience(customer)))
    others = {BOOKS, CINDER, DELFT} - {customer}
    strangers = [*others, *(site for other in others for site in SITES[other] if site != "books")]
    assert customer in words
    assert [name for name in strangers if name in words] == []


def test_a_customers_report_has_no_column_of_customers() -> None:
    document = worded(figures(of=BOOKS), to=customer_audience(BOOKS))
    assert document.subject.startswith("Bramley Books, SLA week 47")
    assert "Customer" not in [c.title for c in table(document, "open_breaches").columns]


def test_an_audience_without_owners_is_not_shown_nobody_as_owner() -> None:
    known = figures(of=BOOKS)
    lines = tuple(each for each in known.promises if each.by is not By.ASSIGNEE)
    clocks = tuple(replace(each, assignee=None) for each in known.open_breaches)
    untold = replace(known, promises=lines, open_breaches=clocks)
    document = worded(untold, to=customer_audience(BOOKS))
    titles = ["Ticket", "Subject", "Promise", "Was due"]
    titles += ["Overdue, business", "Overdue, calendar"]
    assert [c.title for c in table(document, "open_breaches").columns] == titles
    assert "Owner" in [c.title for c in table(worded(known), "open_breaches").columns]


def test_hostile_texts_become_one_visible_line() -> None:
    words = words_of(worded(figures(hostile=True)))
    hidden = {c for c in words if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
    assert hidden <= {"\n", "\u200d"}
    assert max(map(len, words.splitlines())) < 1000


def test_a_subject_line_stays_short() -> None:
    assert len(worded(week_of(line("W" * 10_000, 30, 20, 0.9))).subject) <= 160


def test_a_report_is_in_english_throughout_where_its_language_has_no_catalogue() -> None:
    document = worded(to=audience(language="pt-BR", zone="Europe/Berlin"))
    assert document == worded(to=audience(language="en-GB", zone="Europe/Berlin"))
    assert "16-22 Nov 2026" in document.subtitle
    assert "Mon, 23 Nov 2026 09:00 CET" in document.subtitle


def test_numbers_follow_the_readers_language() -> None:
    assert GERMAN.share(0.917, 1) == "91,7\N{NO-BREAK SPACE}%"
    assert GERMAN.count(1204) == "1.204"


def test_days_are_shown_in_each_language() -> None:
    day = date(2026, 11, 19)
    assert BRITISH.weekday(day) == "Thursday 19 Nov"
    assert GERMAN.weekday(day) == "Donnerstag, 19. Nov."
    assert BRITISH.days(date(2026, 11, 30), date(2026, 12, 6)) == "30 Nov - 6 Dec"
    assert BRITISH.days(day, day, year=True) == "19 Nov 2026"


def test_both_hours_of_a_clock_change_are_shown_apart() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert BRITISH.full(first).endswith("01:30 BST")
    assert BRITISH.full(second).endswith("01:30 GMT")


@pytest.mark.parametrize("tag", ["en-GB", "de-DE", "fr-CA", "pt", "zh-Hans-CN", "ar"])
def test_a_language_of_this_world_is_accepted(tag: str) -> None:
    assert check_language(tag) == tag
    assert Reader(tag, "Europe/London").full(AS_OF[WEEKLY])


@pytest.mark.parametrize("tag", ["", "xx-YY", "english", "../../etc/passwd", "en_GB", "e" * 9999])
def test_an_unknown_language_is_refused_with_one_error(tag: str) -> None:
    with pytest.raises(ValueError, match="is not a language that dates can be written in") as error:
        check_language(tag)
    assert len(str(error.value)) < 200


def test_the_same_figures_give_the_same_document() -> None:
    assert worded(figures(hostile=True)) == worded(figures(hostile=True))


def test_a_week_number_is_shown_without_its_zero() -> None:
    assert [sentences.week(label) for label in ("2026-W47", "2027-W01", "May")] == [
        "47",
        "1",
        "May",
    ]


def test_nothing_due_is_no_share() -> None:
    assert cells.share(Attainment(0, 0), BRITISH).text == "–"


def test_broken_promises_are_sorted_by_severity_and_then_by_how_long_they_are_overdue() -> None:
    short, long = clock(number="short", overdue_by=3600.0), clock(number="long")
    severe = clock(number="severe", tier="mission_critical", overdue_by=60.0)
    known = figures(breaches=(short, long, severe), open_breaches=(short, long, severe))
    document = worded(known, tier_ranks={"mission_critical": 0, "bug_fix": 1, "user_support": 1})
    for name in ("breaches", "open_breaches"):
        found = table(document, name)
        assert column(found, "Ticket") == ["severe", "long", "short"]
        assert "by the severity of the tier" in found.note


def test_overdue_is_shown_on_the_promises_time_and_as_the_customer_waited() -> None:
    ended = clock().breached_at + timedelta(days=2)
    done = clock(state="fulfilled", ended_at=ended, overdue_by=1_234 * 3600.0)
    found = table(worded(figures(breaches=(done,))), "breaches")
    assert column(found, "Overdue, business") == ["1,234 h"]
    assert column(found, "Overdue, calendar") == ["2 d 0 h"]


def test_a_metric_without_a_promise_is_not_among_the_promises() -> None:
    aim = line("user_support", 3, 3, None)
    resolution = replace(aim, metric="resolution_time", open=4, oldest=7200.0, promised=False)
    document = worded(week_of(aim, replace(resolution, attainment=attainment(0, 0, None))))
    assert column(table(document, "tiers"), "Promise") == ["All", "All"]
    assert column(table(document, "measured"), "What") == ["Resolution"]
    assert column(table(document, "measured"), "Open") == ["4"]


def test_one_week_is_no_plural() -> None:
    known = trend("bug_fix", [(3, 3)])
    assert "1 week, with too few promises" in words_of(worded(figures(trends=(known,))))


def test_the_trend_of_a_single_tier_is_not_said_again_of_all_tiers() -> None:
    known = figures()
    own = next(t for t in known.trends if t.by is By.TIER)
    mixed = next(t for t in known.trends if t.by is By.ALL)
    found = charts(worded(replace(known, trends=(own, mixed))))
    assert len([c for c in found if c.name.startswith("trend")]) == 1


@pytest.mark.parametrize(("clocks", "said"), [(10_000, False), (52_345, True)])
def test_a_workbook_that_lists_fewer_promises_names_the_file_that_has_all(
    clocks: int, said: bool
) -> None:
    notice = "The workbook lists 10,000 of 52,345 promises; the file clocks.csv has all of them."
    assert (notice in [each.text for each in worded(clocks=clocks).notices]) == said
