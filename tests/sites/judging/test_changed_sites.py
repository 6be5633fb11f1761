"""Sites that are removed while something is wrong with them."""

from __future__ import annotations

from builders import fleet, site
from sites.judging.story import BASKET, Story, minute, same, server, shop
from supportops.sites.site import Expectation, Page


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
