"""Machines whose clocks differ agree on the store's."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from supportops.clock import TOLERANCE, machine_clock, shared_clock


def wrong_by(apart: timedelta) -> datetime:
    return datetime.now(UTC) + apart


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("minutes", "words"), [(10, "600 s ahead of the store's"), (-10, "600 s behind the store's")]
)
def test_a_clock_that_is_wrong_is_corrected(
    store: Engine, minutes: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clock = shared_clock(store, lambda: wrong_by(timedelta(minutes=minutes)))
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=1)
    assert words in caplog.text


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_a_clock_that_is_nearly_right_is_left_alone(store: Engine) -> None:
    def own() -> datetime:
        return wrong_by(TOLERANCE / 2)

    assert shared_clock(store, own) is own


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_store_in_a_file_has_the_clock_of_its_machine(store: Engine) -> None:
    assert shared_clock(store) is machine_clock
