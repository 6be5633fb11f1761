"""Every row of the table of judgements holds."""

from __future__ import annotations

import pytest

from sites.behaviours.judged import JUDGED, Judged
from supportops.web.tiles import Status


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row.does.replace(" ", "-"))
def test_what_checks_find_is_judged_so(row: Judged) -> None:
    assert row.judge() == (row.state, row.open)


def test_every_judgement_is_listed_once_and_every_status_has_one() -> None:
    names = [row.does for row in JUDGED]
    assert len(names) == len(set(names))
    assert {row.state for row in JUDGED} == {status.value for status in Status}
