"""A context that stays open between pages: none waits for a connection, few for a check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from supportops.context import Context, OpenContext
from supportops.db.migrate import SchemaError, check

# A process that serves pages lives for weeks, and the store may be migrated meanwhile.
_CHECKED_FOR = 10.0


class SharedContext:
    """Opens a context for the first page; after an error of the store the next page reopens it.

    Every ten seconds the store's schema is compared again: a newer version may have migrated it.
    """

    def __init__(self, open_context: OpenContext) -> None:
        self._open_context = open_context
        self._lock = Lock()
        self._stack = ExitStack()
        self._context: Context | None = None
        self._checked = 0.0

    @contextmanager
    def __call__(self) -> Iterator[Context]:
        with self._lock:
            if self._context is None:
                self._context = self._stack.enter_context(self._open_context())
                self._checked = monotonic()
            context = self._context
        try:
            if monotonic() - self._checked > _CHECKED_FOR:
                check(context.engine)
                self._checked = monotonic()
            yield context
        except (SQLAlchemyError, SchemaError):
            self._discard(context)
            raise

    def _discard(self, context: Context) -> None:
        with self._lock:
            if self._context is context:
                self._close()

    def close(self) -> None:
        """Closes the context; the next page opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._context = None
        self._stack.close()
