"""Every behaviour of a server has one state and one reason, over a real connection."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sites.behaviours.behaviour import Arranged, Behaviour
from sites.behaviours.every import BEHAVIOURS
from supportops.sites.check import Reason


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: row.does.replace(" ", "-"))
def test_a_server_that_does_so_is_judged_so(running: ExitStack, row: Behaviour | Arranged) -> None:
    result = row.check(running)
    assert (result.reason, result.state) == (row.reason, row.state), result.detail


def test_every_behaviour_is_listed_once_and_every_reason_has_one() -> None:
    names = [row.does for row in BEHAVIOURS]
    assert len(names) == len(set(names))
    assert {row.reason for row in BEHAVIOURS} == set(Reason)
