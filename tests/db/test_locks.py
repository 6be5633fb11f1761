"""Only one transaction holds a lock; others with another lock are not held up."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, text

from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock


def is_free(connection: Connection, lock: Lock) -> bool:
    statement = text("SELECT pg_try_advisory_xact_lock(:lock)")
    return bool(connection.execute(statement, {"lock": lock.value}).scalar_one())


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_a_lock_is_held_until_the_end_of_its_transaction(store: Engine) -> None:
    with writing(store) as first, writing(store) as second:
        advisory_lock(first, Lock.SWEEP_CLOCKS)
        assert not is_free(second, Lock.SWEEP_CLOCKS)
        assert is_free(second, Lock.JUDGE_SITES)
    with writing(store) as third:
        assert is_free(third, Lock.SWEEP_CLOCKS)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_sqlite_needs_no_lock_of_its_own(store: Engine) -> None:
    with writing(store) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
