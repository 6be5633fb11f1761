"""Runs folded into incidents: what opens, what stays one, what closes, and what stays silent."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import CONTROL, NOON, checks, fleet, fold_all, result, site, tries
from sites.test_standing import icinga
from supportops.sites.check import Reason
from supportops.sites.incident import (
    Change,
    ChangeKind,
    FleetState,
    Incident,
    IncidentKind,
    Run,
)
from supportops.sites.judging.fold import fold
from supportops.sites.maintenance import OneOffMaintenance, WeeklyMaintenance
from supportops.sites.site import FIVE_MINUTES, Expectation, Fleet, Page
from supportops.sites.standing import Attempt, SiteState, Track

Answers = Mapping[str | tuple[str, str], str]
BASKET = ("shop", "/basket")


class Story:
    """A fleet and its runs, five minutes apart; `changes` is what they changed, one line each."""

    def __init__(self, them: Fleet) -> None:
        self.fleet = them
        self.state = FleetState()
        self.minute = 0.0
        self.changes: list[Change] = []

    def run(self, answers: Answers, every: float = 5) -> list[str]:
        return self.fold(checks(self.minute, answers), every)

    def fold(self, run: Run, every: float = 5) -> list[str]:
        self.state, changes = fold(self.state, run, self.fleet)
        self.changes += changes
        self.minute += every
        return [f"{c.kind} {c.incident.kind} {c.incident.subject}" for c in changes]

    def alone(self, *runs: str) -> list[list[str]]:
        return [self.run({"shop": marks}) for marks in runs]

    @property
    def last(self) -> Incident:
        return self.changes[-1].incident


def shop() -> Story:
    return Story(fleet("shop"))


def server(count: int, *also: str, **policy: object) -> Story:
    """A server `web-1` with sites a, b, c ... and others that live elsewhere."""
    sites = [site(name, host="web-1") for name in "abcdefghij"[:count]]
    return Story(fleet(*sites, *also, **policy))


def same(names: str, marks: str) -> dict[str | tuple[str, str], str]:
    return dict.fromkeys(names, marks)


def minute(number: float, second: float = 0) -> datetime:
    return NOON + timedelta(minutes=number, seconds=second)


class TestOneSite:
    def test_a_blip_opens_no_incident(self) -> None:
        assert shop().alone(".", "x.", "xx.", ".") == [[], [], [], []]

    def test_three_failed_tries_open_an_outage_that_began_with_the_first(self) -> None:
        story = shop()
        assert story.alone(".", "xxx")[1] == ["opened outage shop"]
        assert story.last.started_at == minute(5)
        assert story.last.opened_at == minute(5, 40)
        assert story.last.reason == "timeout"
        assert story.last.facts["last_good_at"] == minute(0).isoformat()

    def test_an_outage_is_opened_once(self) -> None:
        assert shop().alone("xxx", "x", "x", "xxx")[1:] == [[], [], []]

    def test_two_good_checks_close_it_at_the_first_of_them(self) -> None:
        story = shop()
        assert story.alone("xxx", "x", "..")[2] == ["closed outage shop"]
        assert story.last.ended_at == minute(10)
        assert story.last.closed_at == minute(10, 10)

    def test_one_good_check_closes_nothing(self) -> None:
        assert shop().alone("xxx", ".x", ".") == [["opened outage shop"], [], []]

    def test_a_killed_runs_failures_are_completed_by_the_next_run(self) -> None:
        story = shop()
        assert story.alone(".", "xx", "xxx")[2] == ["opened outage shop"]
        assert story.last.started_at == minute(5)

    def test_a_gap_begins_the_count_anew(self) -> None:
        story = shop()
        story.run({"shop": "xx"}, every=15)
        story.alone("xxx")
        assert story.last.started_at == minute(15)

    def test_a_later_failure_never_has_the_key_of_an_earlier_one(self) -> None:
        story = shop()
        story.alone("xxx", "..", "xxx")
        opened = [c.incident.key for c in story.changes if c.kind is ChangeKind.OPENED]
        assert len(opened) == len(set(opened)) == 2

    def test_flapping_is_one_incident(self) -> None:
        story = shop()
        changes = story.alone(*["xxx", ".."] * 6, *["."] * 20)
        assert [line for run in changes for line in run] == [
            "opened outage shop",
            "closed outage shop",
            "opened outage shop",
            "closed outage shop",
            "opened outage shop",
            "updated outage shop",
            "updated outage shop",
            "closed outage shop",
        ]
        flags = [change.incident.flapping for change in story.changes[-4:]]
        assert flags == [False, True, False, False]
        assert story.last.ended_at == minute(55), "the end is the last recovery, not the calm"

    def test_a_site_with_a_longer_interval_is_judged_by_it(self) -> None:
        story = Story(fleet(site(interval=timedelta(hours=1))))
        story.run({"shop": "xx"}, every=60)
        assert story.run({"shop": "x"}) == ["opened outage shop"]
        assert story.last.started_at == NOON


class TestPages:
    def story(self) -> Story:
        return Story(fleet(site(pages=(Page("/basket", Expectation()),))))

    def test_a_page_that_fails_while_the_site_is_up_is_a_fault(self) -> None:
        story = self.story()
        assert story.run({"shop": ".", BASKET: "555"}) == ["opened fault shop /basket"]
        assert (story.last.site, story.last.page) == ("shop", "/basket")
        assert story.run({"shop": ".", BASKET: ".."}) == ["closed fault shop /basket"]

    def test_a_page_that_fails_with_its_site_is_no_fault(self) -> None:
        story = self.story()
        assert story.run({"shop": "555", BASKET: "555"}) == ["opened outage shop"]
        assert story.run({"shop": "x", BASKET: "x"}) == []

    def test_a_cut_short_run_without_the_front_page_of_a_site_that_is_down(self) -> None:
        story = self.story()
        story.run({"shop": "xxx", BASKET: "555"})
        assert story.run({BASKET: "555"}) == []

    def test_a_fault_waits_while_the_site_is_down(self) -> None:
        story = self.story()
        story.run({"shop": ".", BASKET: "555"})
        assert story.run({"shop": "xxx", BASKET: "555"}) == ["opened outage shop"]
        assert story.run({"shop": "..", BASKET: ".."}) == [
            "closed outage shop",
            "closed fault shop /basket",
        ]

    def test_a_slow_front_page_is_a_fault(self) -> None:
        story = self.story()
        assert story.run({"shop": "sss"}) == ["opened fault shop (front page)"]
        assert story.last.reason == "slow"
        assert story.run({"shop": "xxx"}) == ["opened outage shop"]
        assert story.run({"shop": "ss."}) == ["closed outage shop"]
        assert story.run({"shop": ".."}) == ["closed fault shop (front page)"]

    def test_no_name_can_be_taken_for_another_sites_page(self) -> None:
        sites = (site(pages=(Page("/basket", Expectation()),)), site("shop /basket"))
        story = Story(fleet(*sites))
        changes = story.run({"shop": ".", BASKET: "555", "shop /basket": "sss"})
        assert changes == [
            "opened fault shop /basket",
            "opened fault shop /basket (front page)",
        ]


class TestServers:
    def test_one_incident_with_the_list_and_none_for_its_sites(self) -> None:
        story = server(5, "other")
        story.run(same("abcde", ".") | {"other": "."})
        assert story.run(same("abcd", "xxx") | {"e": ".", "other": "."}) == [
            "opened host_outage web-1"
        ]
        assert story.last.facts["sites"] == ["a", "b", "c", "d"]
        assert (story.last.facts["down"], story.last.facts["checked"]) == (4, 5)
        assert story.last.started_at == minute(5)
        assert story.run(same("abcd", "x") | {"e": ".", "other": "."}) == []

    def test_a_site_that_follows_is_added_to_the_list(self) -> None:
        story = server(5)
        story.run(same("abcd", "xxx") | {"e": "."})
        assert story.run(same("abcd", "x") | {"e": "xxx"}) == ["updated host_outage web-1"]
        assert story.last.facts["sites"] == ["a", "b", "c", "d", "e"]

    def test_it_holds_whose_its_sites_are_and_since_when_each_fails(self) -> None:
        owners = {"a": "Acme", "b": "Beta", "c": "Beta"}
        story = Story(fleet(*(site(n, customer=who, host="web-1") for n, who in owners.items())))
        story.run(same("ab", "xxx") | {"c": "."})
        assert story.last.facts["affected"] == [
            {"site": "a", "customer": "Acme", "since": NOON.isoformat()},
            {"site": "b", "customer": "Beta", "since": NOON.isoformat()},
        ]
        assert story.last.facts["evidence_of"] == "a"
        story.run(same("ab", "x") | {"c": "xxx"})
        assert story.last.facts["affected"][2:] == [
            {"site": "c", "customer": "Beta", "since": minute(5).isoformat()}
        ]

    def test_it_holds_since_when_a_site_answers_again(self) -> None:
        story = server(4)
        story.run(same("abcd", "xxx"))
        story.run(same("abc", "x") | {"d": ".."})
        assert story.last.facts["affected"][3]["until"] == minute(5).isoformat()
        story.run(same("abc", "x") | {"d": "xxx"})
        assert "until" not in story.last.facts["affected"][3]
        assert story.run(same("ad", "x") | same("bc", ".."))[0] == "closed host_outage web-1"
        closed = next(c for c in story.changes if c.kind is ChangeKind.CLOSED)
        back = {each["site"] for each in closed.incident.facts["affected"] if "until" in each}
        assert back == {"b", "c"}

    def test_exactly_half_is_not_most(self) -> None:
        assert server(4).run(same("ab", "xxx") | same("cd", ".")) == [
            "opened outage a",
            "opened outage b",
        ]

    def test_two_sites_are_too_few_to_blame_the_server(self) -> None:
        assert server(2).run(same("ab", "xxx")) == ["opened outage a", "opened outage b"]
        assert server(3).run(same("ab", "xxx") | {"c": "."}) == ["opened host_outage web-1"]

    @pytest.mark.parametrize(("down", "opens"), [(7, False), (8, True)])
    def test_a_share_is_exact(self, down: int, opens: bool) -> None:
        story = server(10, host_share=0.7)
        found = story.run(same("abcdefghij"[:down], "xxx") | same("abcdefghij"[down:], "."))
        assert ("opened host_outage web-1" in found) is opens

    def test_twenty_nine_of_a_hundred_are_not_more_than_29_percent(self) -> None:
        sites = [site(f"s{n}", host="web-1") for n in range(100)]
        story = Story(fleet(*sites, host_share=0.29))
        answers: Answers = {f"s{n}": "xxx" if n < 29 else "." for n in range(100)}
        assert "opened host_outage web-1" not in story.run(answers)

    def test_a_site_that_was_down_before_keeps_its_own_and_dates_nothing_back(self) -> None:
        story = server(4)
        story.run({"a": "xxx"} | same("bcd", "."))
        assert story.run({"a": "x"} | same("bc", "xxx") | {"d": "."}) == [
            "opened host_outage web-1"
        ]
        assert story.last.started_at == minute(5)
        assert story.last.facts["sites"] == ["a", "b", "c"]
        changes = story.run({"a": "x"} | same("bc", "..") | {"d": "."})
        assert changes == ["closed host_outage web-1", "updated outage a"]
        assert story.run({"a": ".."} | same("bcd", ".")) == ["closed outage a"]

    def test_sites_that_stay_down_get_incidents_of_their_own(self) -> None:
        story = server(5)
        story.run(same("abcde", "xxx"))
        changes = story.run(same("ab", "x") | same("cde", ".."))
        assert changes == ["closed host_outage web-1", "opened outage a", "opened outage b"]
        assert story.changes[1].incident.ended_at == minute(5)
        assert [c.incident.started_at for c in story.changes[2:]] == [NOON, NOON]

    def test_a_server_that_goes_again_while_one_site_never_came_back_is_a_new_incident(
        self,
    ) -> None:
        story = server(3)
        story.run(same("abc", "xxx"))
        story.run({"a": "x"} | same("bc", ".."))
        assert story.run({"a": "x"} | same("bc", "xxx")) == ["opened host_outage web-1"]
        keys = [c.incident.key for c in story.changes if c.kind is ChangeKind.OPENED]
        assert len(keys) == len(set(keys))

    def test_a_server_that_flaps_is_one_incident(self) -> None:
        story = server(3)
        changes = []
        for _ in range(8):
            changes += story.run(same("abc", "xxx"))
            changes += story.run(same("abc", ".."))
        assert changes.count("opened host_outage web-1") == 3
        for _ in range(20):
            changes += story.run(same("abc", "."))
        assert changes.count("closed host_outage web-1") == 3
        assert not story.state.open

    def test_maintenance_of_some_of_its_sites_neither_ends_it_nor_pages(self) -> None:
        window = OneOffMaintenance(minute(4), minute(12))
        quiet = [site(name, host="web-1", maintenance=(window,)) for name in "abc"]
        story = Story(fleet(*quiet, site("d", host="web-1"), site("e", host="web-1")))
        assert story.run(same("abcde", "xxx")) == ["opened host_outage web-1"]
        for _ in range(4):
            assert story.run(same("abcde", "x")) == []

    def test_the_order_of_a_servers_names_is_irrelevant(self) -> None:
        sites = [site(name, host="web-1") for name in "abc"]
        runs = [checks(0, same("abc", "xxx")), checks(5, same("abc", ".."))]
        one = list(fold_all(runs, fleet(*sites)))
        assert one == list(fold_all(runs, fleet(*reversed(sites))))


class TestOurOwnFailures:
    """Checks that failed on our side: a site is neither up nor down by them."""

    def state(self, story: Story) -> SiteState:
        return story.state.standings[("shop", "", Track.OUTAGE)].state

    def test_a_site_that_could_not_be_checked_is_unknown_and_nothing_opens(self) -> None:
        story = shop()
        assert story.alone(".", "iii", "iii") == [[], [], []]
        assert self.state(story) is SiteState.UNKNOWN

    def test_what_was_confirmed_before_holds_until_a_check_says_otherwise(self) -> None:
        story = shop()
        assert story.alone("xxx", "iii", "iii", "..") == [
            ["opened outage shop"],
            [],
            [],
            ["closed outage shop"],
        ]

    def test_one_that_worked_at_the_second_attempt_is_judged_by_that(self) -> None:
        story = shop()
        assert story.alone("i.", "ixxx") == [[], ["opened outage shop"]]
        assert story.last.started_at == minute(5, 10)

    def test_a_failure_between_two_of_ours_is_no_outage(self) -> None:
        story = shop()
        assert story.alone("ixi", "i.") == [[], []]
        assert self.state(story) is SiteState.UP

    def test_a_servers_sites_that_could_not_be_checked_are_no_outage_of_it(self) -> None:
        story = server(4)
        assert story.run(same("abcd", "iii")) == []
        assert story.run({"a": "xxx", "b": ".", "c": "iii", "d": "iii"}) == ["opened outage a"]


class TestBlind:
    def story(self) -> Story:
        return Story(fleet(*"abc", vantage=(CONTROL[1],)))

    def test_most_sites_and_every_control_address_are_one_alert(self) -> None:
        story = self.story()
        story.run(same("abc", ".") | {CONTROL: "."})
        assert story.run(same("abc", "xxx") | {CONTROL: "xxx"}) == ["opened blind our connection"]
        states = {
            standing.state
            for key, standing in story.state.standings.items()
            if key[2] is Track.OUTAGE
        }
        assert states == {SiteState.UNKNOWN}
        assert story.last.started_at == minute(5)

    def test_it_holds_which_sites_it_affects(self) -> None:
        quiet = site("c", maintenance=(OneOffMaintenance(minute(-9), minute(99)),))
        story = Story(fleet("a", "b", quiet, "d", vantage=(CONTROL[1],)))
        story.run(same("abc", "xxx") | {"d": ".", CONTROL: "xxx"})
        assert [each["site"] for each in story.last.facts["affected"]] == ["a", "b"]
        story.run(same("abcd", "xxx") | {CONTROL: "xxx"})
        assert [each["site"] for each in story.last.facts["affected"]] == ["a", "b", "d"]
        assert story.last.facts["affected"][2]["since"] == minute(5).isoformat()

    def test_it_closes_when_a_control_address_answers(self) -> None:
        story = self.story()
        story.run(same("abc", "xxx") | {CONTROL: "xxx"})
        assert story.run(same("abc", ".") | {CONTROL: "."}) == ["closed blind our connection"]
        assert story.last.ended_at == minute(5)
        assert not story.state.open

    def test_an_outage_behind_the_blindness_is_confirmed_afterwards(self) -> None:
        story = self.story()
        story.run(same("abc", "xxx") | {CONTROL: "xxx"})
        changes = story.run({"a": "xxx", "b": ".", "c": ".", CONTROL: "."})
        assert changes == ["closed blind our connection", "opened outage a"]
        assert story.last.started_at == minute(5), "what we could not see is not held against it"

    def test_control_addresses_that_fail_alone_are_nothing(self) -> None:
        assert self.story().run(same("abc", ".") | {CONTROL: "x"}) == []
        assert self.story().run({"a": "xxx", "b": ".", "c": ".", CONTROL: "xxx"}) == [
            "opened outage a"
        ]

    @pytest.mark.parametrize(
        ("answers", "changes"),
        [
            ({"a": "xxx", "b": "."}, ["opened blind our connection"]),
            ({"a": "xxx", "b": "xxx", "c": ".", "d": "."}, ["opened blind our connection"]),
            ({"a": "xxx", "b": ".", "c": "."}, ["opened outage a"]),
            ({"a": "xxx"}, ["opened blind our connection"]),
            ({"a": "."}, []),
            ({"a": "iii", "b": "xxx"}, ["opened blind our connection"]),
            ({"a": "iii", "b": "."}, []),
            ({"a": "iii", "b": "iii"}, []),
        ],
        ids=["one-of-two", "two-of-four", "one-of-three", "only-site", "none", "ours", "up", "all"],
    )
    def test_half_of_the_sites_with_every_control_address_is_our_connection(
        self, answers: dict[str | tuple[str, str], str], changes: list[str]
    ) -> None:
        story = Story(fleet(*"abcd"[: len(answers)], vantage=(CONTROL[1],)))
        assert story.run(answers | {CONTROL: "xxx"}) == changes

    def test_without_control_addresses_nothing_says_that_it_is_our_connection(self) -> None:
        assert Story(fleet("a", "b")).run(same("ab", "xxx")) == [
            "opened outage a",
            "opened outage b",
        ]

    def test_control_addresses_that_failed_on_our_side_answer_for_nothing(self) -> None:
        story = Story(fleet("a", "b", vantage=(CONTROL[1],)))
        assert story.run(same("ab", "xxx") | {CONTROL: "iii"}) == ["opened blind our connection"]

    def test_blindness_goes_on_while_every_check_fails_on_our_side(self) -> None:
        story = self.story()
        story.run(same("abc", "xxx") | {CONTROL: "xxx"})
        assert story.run(same("abc", "iii") | {CONTROL: "iii"}) == []
        assert story.run(same("abc", ".") | {CONTROL: "."}) == ["closed blind our connection"]

    def test_one_control_address_that_answers_is_enough_to_see(self) -> None:
        other = (CONTROL[0], "https://second.example/")
        story = Story(fleet(*"abc", vantage=(CONTROL[1], other[1])))
        changes = story.run(same("abc", "xxx") | {CONTROL: "xxx", other: "."})
        assert changes == [f"opened outage {name}" for name in "abc"]

    def test_without_control_addresses_we_are_never_blind(self) -> None:
        changes = Story(fleet(*"abc")).run(same("abc", "xxx"))
        assert changes == [f"opened outage {name}" for name in "abc"]

    def test_a_run_cut_short_before_the_control_addresses_changes_nothing(self) -> None:
        story = self.story()
        story.run(same("abc", "xxx") | {CONTROL: "xxx"})
        assert story.run(same("abc", "xxx")) == []

    def test_a_known_outage_stays_open_while_we_are_blind(self) -> None:
        story = self.story()
        story.run({"a": "xxx", "b": ".", "c": ".", CONTROL: "."})
        assert story.run(same("abc", "xxx") | {CONTROL: "xxx"}) == ["opened blind our connection"]
        assert story.run(same("bc", ".") | {"a": "..", CONTROL: "."}) == [
            "closed blind our connection",
            "closed outage a",
        ]

    def test_a_servers_outage_does_not_end_because_we_cannot_see_it(self) -> None:
        sites = [site(name, host="web-1") for name in "abcd"]
        story = Story(fleet(*sites, *"efgh", vantage=(CONTROL[1],)))
        story.run(same("abcd", "xxx") | same("efgh", ".") | {CONTROL: "."})
        changes = story.run(same("abcefg", "xxx") | same("dh", ".") | {CONTROL: "xxx"})
        assert changes == ["opened blind our connection"]


class TestCertificates:
    def run(self, story: Story, days: float | None, reason: Reason = Reason.OK) -> list[str]:
        at = minute(story.minute)
        expires = None if days is None else at + timedelta(days=days)
        answer = result(reason, at, certificate_expires=expires)
        return story.fold(Run(at, [Attempt("shop", "", 0, answer)]))

    def test_a_certificate_that_ends_soon_is_a_warning_until_it_is_renewed(self) -> None:
        story = shop()
        assert self.run(story, 31) == []
        assert self.run(story, 29.5) == ["opened certificate shop"]
        assert story.last.facts["words"] == "the certificate ends in 29 days"
        assert self.run(story, 90) == ["updated certificate shop"]
        assert self.run(story, 90) == ["closed certificate shop"]
        assert story.last.ended_at == minute(10), "when the new one was first seen"

    def shown(self, story: Story, *ends: float, every: float = 5) -> list[str]:
        """What runs change that are shown certificates which end so many days after noon."""
        changes = []
        for end in ends:
            at = minute(story.minute)
            answer = result(Reason.OK, at, certificate_expires=NOON + timedelta(days=end))
            changes += story.fold(Run(at, [Attempt("shop", "", 0, answer)]), every)
        return changes

    def test_each_step_is_a_change_of_one_incident(self) -> None:
        story = shop()
        day = 24 * 60
        changes = [self.shown(story, 40, every=day) for _ in range(39)]
        seen = {number: change for number, found in enumerate(changes) for change in found}
        assert seen == {
            11: "opened certificate shop",
            27: "updated certificate shop",
            34: "updated certificate shop",
            38: "updated certificate shop",
        }
        assert story.last.facts["words"] == "the certificate ends in 2 days"
        assert story.last.facts["step_at"] == minute(38 * day).isoformat()

    def test_the_steps_are_the_sites_own(self) -> None:
        story = Story(fleet(site(expect=Expectation(certificate_days=(5,)))))
        assert self.shown(story, 6, 6) == []
        story.minute = 26 * 60
        assert self.shown(story, 6, 6) == ["opened certificate shop"]

    def test_two_servers_with_different_certificates_are_one_incident_with_the_worst(self) -> None:
        story = shop()
        changes = self.shown(story, *[5, 80] * 30, *[80, 5, 5] * 5)
        assert changes.count("opened certificate shop") == 1
        assert "closed certificate shop" not in changes
        (incident,) = story.state.open.values()
        ends = (NOON + timedelta(days=5)).isoformat()
        assert incident.facts["certificate_expires"] == ends

    def test_the_worse_of_two_that_both_end_soon_is_told(self) -> None:
        story = shop()
        self.shown(story, 20, 3, 20, 3, 20)
        (incident,) = story.state.open.values()
        assert incident.facts["words"] == "the certificate ends in 2 days"

    def test_when_the_last_server_has_the_new_one_the_incident_ends_within_an_hour(self) -> None:
        story = shop()
        self.shown(story, *[5, 80] * 4)
        changes = self.shown(story, *[80] * 13)
        assert changes == ["closed certificate shop"]
        assert story.last.ended_at == minute(7 * 5)

    def test_a_new_certificate_that_ends_soon_too_is_the_same_incident(self) -> None:
        story = shop()
        self.shown(story, 2)
        assert self.shown(story, 10, 10) == ["updated certificate shop"] * 2
        (incident,) = story.state.open.values()
        assert incident.facts["words"] == "the certificate ends in 9 days"

    @pytest.mark.parametrize(("days", "opened"), [(30, 0), (30 - 1e-6, 1)])
    def test_the_day_itself_is_not_yet_too_late(self, days: float, opened: int) -> None:
        assert len(self.run(shop(), days)) == opened

    def test_a_site_that_leaves_https_has_no_certificate_to_renew(self) -> None:
        story = shop()
        self.run(story, 3)
        assert self.run(story, None) == ["closed certificate shop"]

    def test_a_slow_site_has_a_certificate_too(self) -> None:
        assert self.run(shop(), 3, Reason.SLOW) == ["opened certificate shop"]

    def test_a_site_that_is_down_is_not_warned_about(self) -> None:
        assert self.run(shop(), 3, Reason.STATUS) == []


LONDON = "Europe/London"


class TestMaintenance:
    def test_failures_in_an_announced_window_open_no_incident(self) -> None:
        window = OneOffMaintenance(minute(5), minute(15))
        story = Story(fleet(site(maintenance=(window,))))
        assert story.alone(".", "xxx", "xxx", "..") == [[], [], [], []]

    def test_a_site_that_stays_down_after_the_window_is_down_from_its_end(self) -> None:
        window = OneOffMaintenance(minute(5), minute(15))
        story = Story(fleet(site(maintenance=(window,))))
        assert story.alone(".", "xxx", "xxx", "xxx")[3] == ["opened outage shop"]
        assert story.last.started_at == minute(15)

    def test_an_outage_from_before_the_window_is_neither_closed_nor_opened_again(self) -> None:
        window = OneOffMaintenance(minute(5), minute(15))
        story = Story(fleet(site(maintenance=(window,))))
        assert story.alone("xxx", "x", "x", "x") == [["opened outage shop"], [], [], []]

    @pytest.mark.parametrize(
        ("instant", "quiet"),
        [
            (datetime(2026, 4, 4, 20, 59, tzinfo=UTC), False),
            (datetime(2026, 4, 4, 21, tzinfo=UTC), True),  # 22:00 in London's summer
            (datetime(2026, 4, 4, 23, 30, tzinfo=UTC), True),  # Sunday already
            (datetime(2026, 4, 5, 0, 59, 59, tzinfo=UTC), True),
            (datetime(2026, 4, 5, 1, tzinfo=UTC), False),  # 02:00
            (datetime(2026, 4, 3, 23, 30, tzinfo=UTC), False),  # the night before
        ],
    )
    def test_a_weekly_window_runs_over_midnight(self, instant: datetime, quiet: bool) -> None:
        window = WeeklyMaintenance(5, time(22), time(2), LONDON)
        assert site(maintenance=(window,)).in_maintenance(instant) is quiet

    @pytest.mark.parametrize(
        ("day", "hours"), [((2026, 3, 29), 1), ((2026, 10, 25), 3), ((2026, 11, 1), 2)]
    )
    def test_a_window_over_the_change_of_the_clock_is_as_long_as_the_clock_says(
        self, day: tuple[int, int, int], hours: int
    ) -> None:
        """From 00:30 to 02:30: an hour is missing in March and comes twice in October."""
        window = WeeklyMaintenance(6, time(0, 30), time(2, 30), LONDON)
        midnight = datetime(*day, tzinfo=UTC) - timedelta(hours=2)
        covered = sum(window.covers(midnight + timedelta(minutes=m)) for m in range(6 * 60))
        assert covered == hours * 60


class TestRemoval:
    def test_a_removed_site_closes_its_incidents(self) -> None:
        story = Story(fleet("shop", "blog"))
        story.run({"shop": "xxx", "blog": "."})
        story.fleet = fleet("blog")
        assert story.run({"blog": "."}) == ["closed outage shop"]
        assert {name for name, _, _ in story.state.standings} == {"blog"}

    def test_a_site_that_comes_back_is_judged_anew(self) -> None:
        story = Story(fleet("shop", "blog"))
        story.run({"shop": "xxx", "blog": "."})
        story.fleet = fleet("blog")
        story.run({"blog": "."})
        story.fleet = fleet("shop", "blog")
        assert story.run({"blog": "."}) == []
        assert story.run({"shop": "xxx", "blog": "."}) == ["opened outage shop"]
        assert story.last.started_at == minute(15)

    def test_a_removed_page_closes_its_fault_once(self) -> None:
        story = Story(fleet(site(pages=(Page("/basket", Expectation()),))))
        story.run({"shop": ".", BASKET: "555"})
        story.fleet = fleet("shop")
        assert story.alone(".", ".", ".") == [["closed fault shop /basket"], [], []]

    def test_a_removed_server_closes_its_outage_and_its_sites_speak_for_themselves(self) -> None:
        story = server(3)
        story.run(same("abc", "xxx"))
        story.fleet = fleet(*"abc")
        assert story.run(same("abc", "x")) == [
            "closed host_outage web-1",
            *(f"opened outage {name}" for name in "abc"),
        ]

    def test_the_last_site_removed_closes_its_incident_without_any_check(self) -> None:
        story = shop()
        story.alone("xxx")
        story.fleet = fleet()
        assert story.run({}) == ["closed outage shop"]


def test_a_hostile_name_is_a_name_like_any_other() -> None:
    name = 'O\'Brien "&" <script>alert(1)</script>\r\nSubject: x \N{PILE OF POO}'
    story = Story(fleet(name))
    assert story.run({name: "xxx"}) == [f"opened outage {name}"]
    assert story.run({name: ".."}) == [f"closed outage {name}"]


def test_a_run_without_results_changes_nothing() -> None:
    story = shop()
    story.alone("xxx")
    before = story.state
    assert story.run({}) == []
    assert story.state == before


def test_a_site_that_the_fleet_does_not_have_is_ignored() -> None:
    assert shop().run({"stranger": "xxx"}) == []


marks = st.sampled_from(["", ".", "..", "x", "x.", "xx", "xxx", "555", "s", "sss"])
histories = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys("abcd", marks),
            ("a", "/basket"): marks,
            CONTROL: st.sampled_from(["", ".", "xxx"]),
        }
    ),
    max_size=14,
)


def them() -> Fleet:
    window = OneOffMaintenance(minute(21), minute(32))
    return fleet(
        site("a", host="web-1", pages=(Page("/basket", Expectation()),)),
        site("b", host="web-1"),
        site("c", host="web-1", maintenance=(window,)),
        site("d", interval=timedelta(minutes=15)),
        vantage=(CONTROL[1],),
    )


def runs_of(history: Sequence[Answers]) -> list[Run]:
    return [checks(5 * number, answers) for number, answers in enumerate(history)]


@given(histories, st.randoms(use_true_random=False))
def test_neither_the_order_of_results_nor_that_of_sites_matters(
    history: Sequence[Answers], luck: random.Random
) -> None:
    mixed = [
        replace(run, attempts=luck.sample(run.attempts, len(run.attempts)))
        for run in runs_of(history)
    ]
    sites = list(them().sites)
    luck.shuffle(sites)
    shuffled = replace(them(), sites=tuple(sites))
    assert list(fold_all(mixed, shuffled)) == list(fold_all(runs_of(history), them()))


@given(histories)
def test_what_is_opened_is_closed_at_most_once_and_ends_after_it_starts(
    history: Sequence[Answers],
) -> None:
    opened: dict[str, Incident] = {}
    closed: set[str] = set()
    for _, changes in fold_all(runs_of(history), them()):
        for change in changes:
            incident = change.incident
            if change.kind is ChangeKind.OPENED:
                assert incident.key not in opened
                assert incident.started_at <= incident.opened_at
                opened[incident.key] = incident
            else:
                assert incident.key in opened
                assert incident.key not in closed
            if change.kind is ChangeKind.CLOSED:
                closed.add(incident.key)
                assert incident.ended_at is not None
                assert incident.closed_at is not None
                assert incident.started_at <= incident.ended_at <= incident.closed_at


def slowly(history: Sequence[str]) -> list[tuple[datetime, datetime | None]]:
    """Outages of one site as (start, end), by reading the whole list of checks again and again."""
    seen: list[tuple[datetime, bool]] = []
    changes: list[bool] = []
    found: list[tuple[datetime, datetime | None]] = []
    flapping = down = False
    recovered: datetime | None = None
    for number, answers in enumerate(history):
        was = down
        for attempt in tries("shop", answers, minute(5 * number)):
            seen.append((attempt.result.checked_at, attempt.bad_for(Track.OUTAGE)))
            row = in_a_row(seen)
            if not down and seen[-1][1] and len(row) >= 3:
                down, began = True, row[0]
            elif down and not seen[-1][1] and len(row) >= 2:
                down, recovered = False, row[0]
        if answers:
            changes.append(was != down)
            percent = icinga(changes)
            flapping = percent > (25 if flapping else 30)
            if down and (not found or found[-1][1] is not None):
                found.append((began, None))
            elif found and found[-1][1] is None and not down and not flapping:
                found[-1] = (found[-1][0], recovered)
    return found


def in_a_row(seen: Sequence[tuple[datetime, bool]]) -> list[datetime]:
    """The instants of the checks that end like the last one did, without a gap between them."""
    row = [seen[-1]]
    for check in reversed(seen[:-1]):
        if check[1] != row[0][1] or row[0][0] - check[0] > 2 * FIVE_MINUTES:
            break
        row.insert(0, check)
    return [at for at, _ in row]


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["", ".", "x.", "xx", "xxx", "..", "xxx", "..", "x", "s"]), max_size=40
    )
)
def test_incidents_agree_with_a_slow_and_obvious_reference(history: list[str]) -> None:
    story = shop()
    for answers in history:
        story.run({"shop": answers})
    latest: dict[str, Incident] = {}
    for change in story.changes:
        if change.incident.kind is IncidentKind.OUTAGE:
            latest[change.incident.key] = change.incident
    assert [(i.started_at, i.ended_at) for i in latest.values()] == slowly(history)
