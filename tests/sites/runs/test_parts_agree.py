"""What is judged part by part is judged as the whole run would be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from builders import CONTROL, MARKS, NOON, checks, fleet, result, site
from supportops.sites.incident import VANTAGE, FleetState, Run
from supportops.sites.judging.fold import fold
from supportops.sites.maintenance import OneOffMaintenance
from supportops.sites.recheck import pause_before_next
from supportops.sites.runs.parts import ready
from supportops.sites.site import Expectation, Fleet, Page, Site
from supportops.sites.standing import Attempt, Track, tracks_of

QUIET = (OneOffMaintenance(NOON, NOON + timedelta(hours=1)),)
ON_WEB_1 = fleet(*(site(name, host="web-1") for name in "abc"), site("d", host="web-1"))
WITH_QUIET = fleet(
    *(site(name, host="web-1") for name in "abc"), site("d", host="web-1", maintenance=QUIET)
)


def opened_and_closed(state: FleetState, run: Run, them: Fleet) -> tuple[FleetState, list[str]]:
    state, changes = fold(state, run, them)
    return state, [f"{c.kind} {c.incident.kind} {c.incident.subject}" for c in changes]


@pytest.mark.parametrize(("them", "d"), [(WITH_QUIET, "."), (ON_WEB_1, "iii")])
def test_a_site_that_is_not_seen_does_not_end_the_outage_of_its_server(them: Fleet, d: str) -> None:
    first = checks(0, {"a": "xxx", "b": "xxx", "c": ".", "d": d})
    state, changes = opened_and_closed(FleetState(), first, them)
    assert changes == ["opened host_outage web-1"]
    then = checks(5, {"a": "x", "b": "x", "c": ".", "d": d})
    _, changes = opened_and_closed(state, then, them)
    assert not [change for change in changes if change.startswith(("opened", "closed"))]


def test_a_part_does_not_end_the_outage_of_a_server() -> None:
    them = fleet(*(site(name, host="web-1") for name in "abc"))
    state, _ = opened_and_closed(FleetState(), checks(0, {"a": "xxx", "b": "xxx", "c": "."}), them)
    part = Run(
        NOON + timedelta(minutes=5), checks(5, {"a": ".."}).attempts, pending=frozenset("bc")
    )
    _, changes = opened_and_closed(state, part, them)
    assert changes == ["updated host_outage web-1"]


def test_sites_that_are_still_to_come_may_show_that_our_connection_works() -> None:
    them = fleet(*"abcd", vantage=(CONTROL[1],))
    attempts = checks(0, {"a": "xxx", CONTROL: "x"}).attempts
    part = Run(NOON, attempts, pending=frozenset("bcd"))
    assert opened_and_closed(FleetState(), part, them)[1] == ["opened outage a"]


def test_a_site_that_was_down_before_counts_when_it_is_judged_again() -> None:
    state, _ = fold(FleetState(), checks(0, {"a": ".", "b": "xxx", "c": ".", "d": "."}), ON_WEB_1)
    attempts = checks(5, {"a": "xxx", "c": "xxx"}).attempts
    part = Run(NOON + timedelta(minutes=5), attempts, pending=frozenset("bd"))
    assert "opened host_outage web-1" not in opened_and_closed(state, part, ON_WEB_1)[1]


class Story:
    """Random runs of a random fleet, judged part by part and as a whole."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        count = self.chance.randint(2, 8)
        self.fleet = fleet(*(self.a_site(n) for n in "abcdefgh"[:count]), vantage=(CONTROL[1],))

    def a_site(self, name: str) -> Site:
        pages = tuple(Page(p, Expectation()) for p in ("/a", "/b") if self.chance.random() < 0.3)
        start = NOON + timedelta(minutes=self.chance.randint(0, 60))
        window = OneOffMaintenance(start, start + timedelta(minutes=self.chance.randint(1, 30)))
        quiet = (window,) if self.chance.random() < 0.15 else ()
        host = self.chance.choice([None, "w1", "w1", "w2"])
        return site(name, host=host, pages=pages, maintenance=quiet, url=f"https://{name}.test/")

    def attempts(self, state: FleetState, slot: datetime) -> Iterator[Attempt]:
        chance = self.chance
        wide, control = chance.random() < 0.1, "x" if chance.random() < 0.2 else "."
        dead = {host for host in ("w1", "w2") if chance.random() < 0.2}
        for each in self.fleet.sites:
            for page in ("", *(p.path for p in each.pages)):
                marks = chance.choice(["."] * 6 + ["x", "x", ".x", "i"])
                if wide or (each.host in dead and chance.random() < 0.9):
                    marks = "x"
                found = ((t, state.standings.get((each.name, page, t))) for t in tracks_of(page))
                down = {track for track, standing in found if standing and standing.down}
                yield from self.tries(each.name, page, marks, down, slot)
        for number in range(3):
            at = slot + timedelta(seconds=10 * number + 0.5)
            yield Attempt(VANTAGE, CONTROL[1], number, result(MARKS[control], at))

    def tries(
        self, name: str, page: str, marks: str, down: set[Track], slot: datetime
    ) -> list[Attempt]:
        at, made = slot + timedelta(seconds=self.chance.random() * 8), list[Attempt]()
        pause: timedelta | None = timedelta(0)
        while pause is not None:
            found = result(MARKS[self.chance.choice(marks)], at)
            made.append(Attempt(name, page, len(made), found))
            pause = pause_before_next(made, down, self.fleet.policy)
            at += (pause or timedelta(0)) + timedelta(seconds=self.chance.random() * 3)
        return made

    def by_parts(self, state: FleetState, slot: datetime, made: list[Attempt]) -> FleetState:
        judged: set[tuple[str, str]] = set()
        for count, last in enumerate(made, 1):
            now, known = last.result.checked_at, made[:count]
            found = ready(known, state, self.fleet, self.fleet.sites, judged, now)
            if found.news:
                seen = judged | found.pages
                pending = {s.name for s in self.fleet.sites} - {n for n, page in seen if not page}
                of_part = [a for a in known if a.site == VANTAGE or (a.site, a.page) in seen]
                part = Run(slot, of_part, frozenset(judged), frozenset(pending))
                state, _ = fold(state, part, self.fleet)
                judged = seen
        return fold(state, Run(slot, made, frozenset(judged)), self.fleet)[0]


@pytest.mark.parametrize("seed", range(40))
def test_random_runs_come_to_the_same_part_by_part(seed: int) -> None:
    story, state = Story(seed), FleetState()
    for number in range(20):
        slot = NOON + timedelta(minutes=5 * number)
        made = sorted(story.attempts(state, slot), key=lambda a: a.result.checked_at)
        whole, _ = fold(state, Run(slot, made), story.fleet)
        state = story.by_parts(state, slot, made)
        assert set(state.open) == set(whole.open)
        assert {k: (s.state, s.down) for k, s in state.standings.items()} == {
            k: (s.state, s.down) for k, s in whole.standings.items()
        }
