"""Runs in which our own side failed: checks that say nothing, and a connection that is down."""

from __future__ import annotations

import pytest

from builders import CONTROL, fleet, site
from sites.judging.story import Story, minute, same, server, shop
from supportops.sites.maintenance import OneOffMaintenance
from supportops.sites.standing import SiteState, Track


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
