"""Warnings of certificates that end soon, until another takes their place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import NOON, fleet, result, site
from sites.judging.story import Story, minute, shop
from supportops.sites.check import Reason
from supportops.sites.incident import Run
from supportops.sites.site import Expectation
from supportops.sites.standing import Attempt


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
