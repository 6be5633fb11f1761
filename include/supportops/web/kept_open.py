"""A store that stays open between pages: no page pays for a connection or the schema's check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError

from supportops.web.parts import OpenPlace, Place


class KeptOpen:
    """Opens a place at the first page; after an error of the store it is opened anew."""

    def __init__(self, open_place: OpenPlace) -> None:
        self._open_place = open_place
        self._lock = Lock()
        self._stack = ExitStack()
        self._place: Place | None = None

    @contextmanager
    def __call__(self) -> Iterator[Place]:
        with self._lock:
            if self._place is None:
                self._place = self._stack.enter_context(self._open_place())
            place = self._place
        try:
            yield place
        except SQLAlchemyError:
            self._forget(place)
            raise

    def _forget(self, place: Place) -> None:
        with self._lock:
            if self._place is place:
                self._close()

    def close(self) -> None:
        """Lets go of the place; the next page opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._place = None
        self._stack.close()
