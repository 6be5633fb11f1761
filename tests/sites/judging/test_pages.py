"""Incidents of sites and their pages: what opens, what stays one, what closes."""

from __future__ import annotations

from datetime import timedelta

from builders import NOON, fleet, site
from sites.judging.story import BASKET, Story, minute, shop
from supportops.sites.incident import ChangeKind
from supportops.sites.site import Expectation, Page


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
        assert changes == ["opened fault shop /basket", "opened fault shop /basket (front page)"]
