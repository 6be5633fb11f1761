"""Rows sorted through one packed key, compared with numpy's sort by every key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportops.row_order import Ints, sorted_rows

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_KEYS = st.one_of(
    st.integers(0, 3),
    st.integers(_LEAST, _MOST),
    st.sampled_from([_LEAST, -1, 0, 1, _MOST]),
    st.integers(0, 3).map(lambda minute: minute * 60_000_000 + 1_767_225_600_000_000),
    st.sampled_from([-(2**60), -(2**60) + 1, 0, 16, 17, 2**59]),
)


@st.composite
def _columns(draw: st.DrawFn) -> list[Ints]:
    rows = draw(st.integers(0, 12))
    kinds = draw(st.lists(st.sampled_from([_KEYS, st.integers(-1, 1)]), min_size=1, max_size=4))
    return [
        np.array(draw(st.lists(each, min_size=rows, max_size=rows)), dtype=np.int64)
        for each in kinds
    ]


@settings(max_examples=300)
@given(_columns())
def test_the_order_is_that_of_a_sort_by_every_key(keys: list[Ints]) -> None:
    found = np.arange(len(keys[0]))[sorted_rows(*keys)]
    assert found.tolist() == np.lexsort(keys[::-1]).tolist()


@pytest.mark.parametrize("step", [1, 1_000_000], ids=["microseconds", "whole seconds"])
@pytest.mark.parametrize("widest", [5, 2**59], ids=["few acts an instant", "numbers of audits"])
def test_the_order_of_many_events_is_that_of_a_sort_by_every_key(step: int, widest: int) -> None:
    draw = np.random.default_rng(1)
    ticket = draw.integers(0, 400_000, 20_000)
    ticket[:10_000] = draw.integers(0, 40, 10_000)
    year = 365 * 86_400_000_000 // step
    at = draw.choice(draw.integers(0, year, 3_000), 20_000) * step
    order = draw.integers(0, widest, 20_000)
    order[draw.random(20_000) < 0.2] = -(2**60)
    rows = sorted_rows(ticket, at, order)
    assert not isinstance(rows, slice)
    assert rows.tolist() == np.lexsort((order, at, ticket)).tolist()


def test_rows_in_order_are_left_where_they_are() -> None:
    ticket, at = np.array([1, 1, 2]), np.array([5, 5, 0])
    assert sorted_rows(ticket, at) == slice(None)
    assert sorted_rows(ticket[:0], at[:0]) == slice(None)
