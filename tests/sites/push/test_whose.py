"""Whose push it is: by the tokens as they are set at that moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from supportops.sites.push.proof import whose

OLD, NEW = "o" * 24, "n" * 24
MONITORS: list[Any] = [SimpleNamespace(token="push_a"), SimpleNamespace(token="push_b")]


def test_a_token_that_was_changed_counts_from_the_next_push_and_the_former_no_more() -> None:
    secrets = {"push_a": OLD, "push_b": "b" * 24}
    assert whose(MONITORS, secrets.get, OLD) is MONITORS[0]
    secrets["push_a"] = NEW
    assert whose(MONITORS, secrets.get, OLD) is None
    assert whose(MONITORS, secrets.get, NEW) is MONITORS[0]
    del secrets["push_a"]
    assert whose(MONITORS, secrets.get, NEW) is None


def test_a_token_that_cannot_be_used_is_nobodys() -> None:
    secrets = {"push_a": "short", "push_b": ""}
    assert whose(MONITORS, secrets.get, "short") is None
    assert whose(MONITORS, secrets.get, "") is None


def test_every_monitor_is_compared_whatever_was_found_before() -> None:
    asked: list[str] = []

    def secrets(name: str) -> str | None:
        asked.append(name)
        return OLD

    assert whose(MONITORS, secrets, OLD) is MONITORS[0]
    assert asked == ["push_a", "push_b"]
