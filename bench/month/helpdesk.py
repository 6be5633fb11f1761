"""The help desk of the script: the fake Zendesk of the tests, in which the script's people work."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.month.script import Act, Script, Story

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from tickets.fake_zendesk import AGENT, CUSTOMER, FakeZendesk, fake_zendesk

__all__ = ["FakeZendesk", "People", "fake_zendesk", "quick"]

TAGS = {"user_support": "form_question", "bug_fix": "form_bug", "mission_critical": "form_outage"}


def quick(fake: FakeZendesk) -> None:
    """Has the fake look only at what a request asks for: its own scans would be measured else."""
    whole = fake._event_page

    def event_page(query: Mapping[str, str]) -> tuple[int, Any]:
        every = fake.audits
        since = bisect_left(every, int(query["start_time"]), key=lambda each: each["timestamp"])
        fake.audits = every[since:]
        try:
            return whole(query)
        finally:
            fake.audits = every

    fake._event_page = event_page  # type: ignore[method-assign]


class People:
    """Customers and agents, who write what the script says, each at its second."""

    def __init__(self, script: Script, fake: FakeZendesk) -> None:
        self.fake = fake
        self.numbers: dict[int, int] = {}  # of the help desk, by the script's
        names = script.customers
        fake.organizations = {n + 1: {"id": n + 1, "name": name} for n, name in enumerate(names)}
        self._organizations = {name: n + 1 for n, name in enumerate(names)}
        acts: list[tuple[datetime, int, Story, Act | None]] = []
        for story in script.stories:
            acts.append((story.created_at, story.number, story, None))
            acts += [(each.at, story.number, story, each.act) for each in story.steps]
        self._acts = sorted(acts, key=lambda each: each[:2])
        self._next = 0

    def work(self, until: datetime) -> int:
        """Everything that the script has by then; how much it was. The fake's clock is then that
        instant."""
        before = self._next
        while self._next < len(self._acts) and self._acts[self._next][0] <= until:
            at, _, story, act = self._acts[self._next]
            self._next += 1
            self.fake.now = at.timestamp()
            if act is None:
                self._raise(story)
            else:
                self._do(self.numbers[story.number], act)
        self.fake.now = until.timestamp()
        return self._next - before

    def _raise(self, story: Story) -> None:
        self.numbers[story.number] = self.fake.raise_ticket(
            subject=f"Request {story.number}",
            description="Please have a look at it.",
            organization_id=self._organizations[story.customer],
            tags=[TAGS[story.tier]],
        )

    def _do(self, ticket: int, act: Act) -> None:
        match act:
            case Act.REPLY:
                self.fake.comment(ticket, "We had a look.", by=AGENT)
            case Act.WAIT:
                self.fake.change(ticket, "status", "pending", by=AGENT)
            case Act.SOLVE:
                self.fake.change(ticket, "status", "solved", by=AGENT)
            case Act.ASK:
                self.fake.comment(ticket, "One more thing.", by=CUSTOMER)
                if self.fake.tickets[ticket]["status"] == "pending":
                    self.fake.change(ticket, "status", "open", by=CUSTOMER)
