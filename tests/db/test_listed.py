"""Many values as one parameter, on both databases."""

import pytest
from sqlalchemy import BigInteger, Engine, literal, select

from supportops.db.engine import reading
from supportops.db.listed import among, listed

HOSTILE = ["", "a", 'a"b', "{a,b}", "ü\u2028", "NULL", "'; --", "a\\b"]


def test_texts_come_back_as_they_are(store: Engine) -> None:
    with reading(store) as connection:
        found = connection.execute(select(listed(connection, HOSTILE).c.value)).scalars()
        assert sorted(found) == sorted(HOSTILE)
        assert connection.execute(select(listed(connection, []).c.value)).all() == []


@pytest.mark.parametrize("wanted", [[], [1], [2**62, 1, 1], list(range(40_000))])
def test_a_number_is_among_any_number_of_integers(store: Engine, wanted: list[int]) -> None:
    with reading(store) as connection:
        for number in (1, 2**62, -1):
            found = select(among(connection, literal(number, BigInteger), wanted))
            assert bool(connection.execute(found).scalar()) is (number in wanted)
