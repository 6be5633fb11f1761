"""The store stays open between pages, and the configuration is restored once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from boards import NOON, HousePlace, site_entry, write_config
from supportops.config.snapshots import LastConfiguration
from supportops.db.engine import reading
from supportops.flows.active_configuration import load_or_last_good
from supportops.web.shared_context import SharedContext


class Door:
    """Counts how often the store was opened and closed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.opened = self.closed = 0

    @contextmanager
    def __call__(self) -> Iterator[HousePlace]:
        self.opened += 1
        yield HousePlace(self.engine)
        self.closed += 1


def test_the_store_is_opened_once_for_many_pages(store: Engine) -> None:
    door = Door(store)
    kept = SharedContext(door)
    for _ in range(3):
        with kept() as place:
            assert place.engine is store
    with pytest.raises(LookupError), kept():
        raise LookupError("a page that is not there")
    assert (door.opened, door.closed) == (1, 0)


def test_after_an_error_of_the_store_it_is_opened_anew(store: Engine) -> None:
    door = Door(store)
    kept = SharedContext(door)
    with pytest.raises(SQLAlchemyError):
        with kept() as place, reading(place.engine) as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
    with kept():
        pass
    assert (door.opened, door.closed) == (2, 1)


def test_a_store_that_cannot_be_opened_is_tried_again(store: Engine) -> None:
    door, shut = Door(store), True

    def maybe() -> object:
        if shut:
            raise RuntimeError("not migrated yet")
        return door()

    kept = SharedContext(maybe)
    with pytest.raises(RuntimeError), kept():
        pass
    shut = False
    with kept() as place:
        assert place.engine is store


def test_a_configuration_is_restored_once_until_another_is_in_force(
    store: Engine, tmp_path: Path
) -> None:
    remembered = LastConfiguration()
    with reading(store) as connection:
        with pytest.raises(LookupError):
            remembered(connection)
    load_or_last_good(store, write_config(tmp_path, [site_entry("alpha")]), NOON)
    with reading(store) as connection:
        first = remembered(connection)
        assert remembered(connection) is first
    later = NOON.replace(hour=13)
    load_or_last_good(store, write_config(tmp_path, [site_entry("beta")]), later)
    with reading(store) as connection:
        assert [site.name for site in remembered(connection).fleet.sites] == ["beta"]
