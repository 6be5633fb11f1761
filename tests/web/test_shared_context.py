"""The store stays open between pages, and the configuration is restored once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.active_configuration import load_or_last_good
from supportops.web.shared_context import SharedContext
from web.boards import NOON, context_of, site_entry, write_config


class Opener:
    """Counts how often the store was opened and closed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.opened = self.closed = 0

    @contextmanager
    def __call__(self) -> Iterator[Context]:
        self.opened += 1
        yield context_of(self.engine)
        self.closed += 1


def test_the_store_is_opened_once_for_many_pages(store: Engine) -> None:
    opener = Opener(store)
    shared = SharedContext(opener)
    for _ in range(3):
        with shared() as context:
            assert context.engine is store
    with pytest.raises(LookupError), shared():
        raise LookupError("a page that is not there")
    assert (opener.opened, opener.closed) == (1, 0)


def test_after_an_error_of_the_store_it_is_opened_anew(store: Engine) -> None:
    opener = Opener(store)
    shared = SharedContext(opener)
    with pytest.raises(SQLAlchemyError):
        with shared() as context, reading(context.engine) as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
    with shared():
        pass
    assert (opener.opened, opener.closed) == (2, 1)


def test_a_store_that_cannot_be_opened_is_tried_again(store: Engine) -> None:
    opener, shut = Opener(store), True

    def maybe() -> object:
        if shut:
            raise RuntimeError("not migrated yet")
        return opener()

    shared = SharedContext(maybe)
    with pytest.raises(RuntimeError), shared():
        pass
    shut = False
    with shared() as context:
        assert context.engine is store


def test_a_configuration_is_restored_once_until_another_is_in_force(
    store: Engine, tmp_path: Path
) -> None:
    configuration = LastConfiguration()
    with reading(store) as connection:
        with pytest.raises(LookupError):
            configuration(connection)
    load_or_last_good(store, write_config(tmp_path, [site_entry("alpha")]), NOON)
    with reading(store) as connection:
        first = configuration(connection)
        assert configuration(connection) is first
    later = NOON.replace(hour=13)
    load_or_last_good(store, write_config(tmp_path, [site_entry("beta")]), later)
    with reading(store) as connection:
        assert [site.name for site in configuration(connection).fleet.sites] == ["beta"]
