"""Outages of servers, and what becomes of their sites' own."""

from __future__ import annotations

import pytest

from builders import NOON, checks, fleet, fold_all, site
from sites.judging.story import Answers, Story, minute, same, server
from supportops.sites.incident import ChangeKind
from supportops.sites.maintenance import OneOffMaintenance


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
