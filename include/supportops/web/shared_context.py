"""A context that stays open between pages: none waits for a connection or the schema's check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError

from supportops.context import Context
from supportops.web.page import OpenContext


class SharedContext:
    """Opens a context for the first page; after an error of the store the next page reopens it."""

    def __init__(self, open_context: OpenContext) -> None:
        self._open_context = open_context
        self._lock = Lock()
        self._stack = ExitStack()
        self._context: Context | None = None

    @contextmanager
    def __call__(self) -> Iterator[Context]:
        with self._lock:
            if self._context is None:
                self._context = self._stack.enter_context(self._open_context())
            context = self._context
        try:
            yield context
        except SQLAlchemyError:
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
