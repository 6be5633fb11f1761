"""When the demo's sites are checked next."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from supportops.local.demo.sites import Demo, next_slot
from supportops.local.install.installation import Installation
from supportops.local.supervisor.instance_lock import instance_lock


def test_it_says_when_the_next_check_comes(tmp_path: Path) -> None:
    here = Installation(tmp_path, tmp_path / ".local").demo
    here.prepare_demo()
    demo = Demo(here, clock=lambda: datetime(2026, 11, 22, 14, 2, 30, tzinfo=UTC))
    assert "`make demo` does" in demo.when("then")

    with instance_lock(here.running, f"http://127.0.0.1:{os.getpid()}"):
        words = demo.when("then the inbox shows it")

    at = datetime(2026, 11, 22, 14, 5, tzinfo=UTC).astimezone().strftime("%H:%M")
    assert words == f"Next check at {at}, in 3 min; then the inbox shows it."


@pytest.mark.parametrize(
    ("now", "then"), [("14:00:00", "14:05"), ("14:04:59", "14:05"), ("23:59:00", "00:00")]
)
def test_checks_are_at_the_full_five_minutes(now: str, then: str) -> None:
    found = next_slot(datetime.fromisoformat(f"2026-11-22T{now}+00:00"))

    assert found.strftime("%H:%M") == then
    assert (found.second, found.microsecond) == (0, 0)
