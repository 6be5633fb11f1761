"""Availability, the table of sites and the list of incidents count the same, whatever happened."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from builders import NOON
from flows.sites.availability.logs import MINUTE, SEEN, Log
from supportops.db.engine import make_engine
from web.boards import READER, make_board, visible

FEW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = ("shop", "blog", "wiki")
MARKS = (".", ".", "..", "x", "xxx", "xx", "x.", "s", " ")

Step = Mapping[str, Any]
"""What happens in five minutes: `marks` of each site, whether the run is `blind` or left out
(`gap`), and what is configured before it: the sites that are `gone`, `quiet` or `renamed`."""

steps = st.lists(
    st.fixed_dictionaries(
        {
            "marks": st.tuples(*[st.sampled_from(MARKS)] * len(NAMES)),
            "blind": st.sampled_from([False] * 5 + [True]),
            "gap": st.sampled_from([False] * 4 + [True]),
            "gone": st.sampled_from([None] * 8 + [*NAMES]),
            "quiet": st.sampled_from([None] * 6 + [*NAMES]),
            "renamed": st.sampled_from([None] * 12 + [*NAMES]),
        }
    ),
    min_size=4,
    max_size=24,
)


def live(log: Log, story: list[Step]) -> None:
    gone: set[str] = set()
    quiet: dict[str, list[dict[str, str]]] = {}
    called = {name: name for name in NAMES}
    for number, each in enumerate(story):
        at = NOON + 5 * number * MINUTE
        if each["gone"]:
            gone ^= {each["gone"]}
        if each["quiet"]:
            window = {"from": at.isoformat(), "to": (at + 12 * MINUTE).isoformat()}
            quiet.setdefault(each["quiet"], []).append(window)
        if each["renamed"]:
            called[each["renamed"]] += "-2"
        if each["gap"]:
            continue
        here = [name for name in NAMES if name not in gone]
        log.configured(
            *(
                {
                    "name": called[name],
                    "url": f"https://{name}.example/",
                    "host": "web-1",
                    "maintenance": {"once": quiet.get(name, [])},
                    "pages": [{"path": "/a"}],
                }
                for name in here
            ),
            recovery_checks=1 + number % 2 if each["renamed"] else 2,
        )
        marks = dict(zip(NAMES, each["marks"], strict=True))
        answers: dict[Any, str] = {called[name]: marks[name] for name in here}
        answers |= {(called[name], "/a"): "." for name in here if marks[name] == "."}
        if each["blind"]:
            answers |= dict.fromkeys(answers, "xxx")
        log.run(5 * number, answers | {SEEN: "xxx" if each["blind"] else "."})


def counted(log: Log, start: float, end: float) -> dict[tuple[str, str], tuple[float, int]]:
    """Time down and outages of each site in the availability."""
    return {
        (row.site.name, row.site.customer): (
            row.availability.down.total_seconds(),
            row.availability.outages,
        )
        for row in log.rows(start, end)
    }


def listed(log: Log, start: float, end: float) -> dict[tuple[str, str], tuple[float, int]]:
    """The same, added up from the list of incidents of a report."""
    sites, incidents = log.report(start, end, end + 24 * 60)
    found = {}
    for row in sites:
        mine = [
            each for each in incidents if each["kind"] == "outage" and each["site"] == row["site"]
        ]
        total = sum(each["down_seconds"] for each in mine)
        assert row["down_seconds"] == pytest.approx(total, abs=1e-3)
        assert row["outages"] == len(mine)
        assert all(each["down_seconds"] <= each["seconds"] + 1e-3 for each in mine)
        found[(row["site"], row["customer"])] = (row["down_seconds"], row["outages"])
    assert {each["site"] for each in incidents} <= {row["site"] for row in sites}
    return found


def step(shop: str = ".", blog: str = ".", wiki: str = ".", **fields: Any) -> Step:
    calm = {"blind": False, "gap": False, "gone": None, "quiet": None, "renamed": None}
    return {"marks": (shop, blog, wiki)} | calm | fields


CALM, DOWN, GAP, BLIND = step(), step("xxx"), step(gap=True), step(blind=True)
SERVER = step("xxx", "xxx", "xxx")


@FEW
@given(story=steps, edges=st.tuples(st.integers(-5, 100), st.integers(1, 60)))
@example(story=[DOWN, DOWN, BLIND, DOWN, CALM, CALM], edges=(0, 60))
@example(story=[DOWN, DOWN, GAP, GAP, DOWN, CALM], edges=(0, 60))
@example(story=[DOWN, step("xxx", quiet="shop"), DOWN, DOWN, DOWN, CALM], edges=(0, 60))
@example(story=[DOWN, DOWN, step(gone="shop"), CALM], edges=(0, 60))
@example(story=[DOWN, step("x", renamed="shop"), step(".."), CALM], edges=(0, 60))
@example(story=[step("xxx", "xxx", "xxx")] * 3 + [DOWN, CALM, CALM], edges=(5, 20))
@example(story=[step("xxx", "xxx")] * 2 + [DOWN, CALM], edges=(0, 60))
@example(story=[DOWN] * 12, edges=(20, 30))
@example(story=[DOWN, step("..")] * 12, edges=(0, 120))
@example(story=[DOWN, DOWN, CALM, step(renamed="shop"), CALM, CALM], edges=(-3, 56))
@example(story=[DOWN, DOWN, step(renamed="shop"), CALM, CALM], edges=(-3, 20))
@example(story=[DOWN, DOWN, CALM, step(renamed="shop"), DOWN, DOWN, CALM], edges=(-3, 56))
@example(story=[DOWN, DOWN, CALM, step(renamed="shop")], edges=(-3, 56))
@example(story=[SERVER, SERVER, {**SERVER, "renamed": "shop"}, CALM, CALM], edges=(0, 9))
@example(story=[SERVER, SERVER, {**SERVER, "renamed": "shop"}, CALM, CALM], edges=(0, 40))
@example(
    story=[
        step(wiki="xxx"),
        step(wiki=" ", gone="shop"),
        step(shop=" ", gone="shop"),
        step(renamed="wiki"),
    ],
    edges=(-3, 56),
)
def test_all_three_agree(sqlite_template: Path, story: list[Step], edges: tuple[int, int]) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "store.db")
        engine = make_engine(f"sqlite+pysqlite:///{folder}/store.db")
        try:
            log = Log(engine, Path(folder) / "config", NAMES)
            live(log, story)
            start, length = edges
            in_availability = counted(log, start, start + length)
            assert in_availability == listed(log, start, start + length)
            parts = [row.availability for row in log.rows(start, start + length)]
            for each in parts:
                whole = each.up + each.down + each.unknown + each.maintenance
                assert whole == timedelta(minutes=length)
        finally:
            engine.dispose()


def test_the_board_shows_the_same(store: Engine, tmp_path: Path) -> None:
    log = Log(store, tmp_path / "config", NAMES)
    quiet = {**DOWN, "quiet": "shop"}
    live(log, [CALM, DOWN, DOWN, quiet, DOWN, DOWN, DOWN, CALM, CALM, *[CALM] * 10])
    (row,) = [each for each in log.rows(0, 95) if each.site.name == "shop"]
    assert (row.availability.outages, row.availability.down) == (1, 18 * MINUTE)
    board = TestClient(make_board(store, lambda: NOON + 95 * MINUTE))
    page = visible(board.get("/site", params={"name": "shop"}, headers=dict(READER)).text)
    assert "18 min 1 12 min" in page, "down, outages, maintenance"
    assert "Tue 7 Apr 2026 13:05 BST , 18 min" in page, "in the list of incidents"
