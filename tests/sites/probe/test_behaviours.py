"""Every behaviour of a server has one state and one reason, over a real connection."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sites.behaviours import BEHAVIOURS, Behaviour
from sites.probing import MOMENT, policy
from sites.servers import server
from supportops.sites.check import Reason, State
from supportops.sites.probe.probe import Target, probe


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: row.does.replace(" ", "-"))
def test_a_server_that_does_so_is_judged_so(running: ExitStack, row: Behaviour) -> None:
    site = running.enter_context(server(row.talk))
    target = Target(site.url(scheme=row.scheme), row.expect, True, row.options)
    (result,) = probe([target], policy(row.deadline), lambda: MOMENT)
    assert (result.reason, result.state) == (row.reason, row.state), result.detail


def test_every_behaviour_is_listed_once_and_only_our_own_trouble_is_unknown() -> None:
    names = [row.does for row in BEHAVIOURS]
    assert len(names) == len(set(names))
    assert {State.of(reason) for reason in Reason} == {State.UP, State.DOWN, State.UNKNOWN}
