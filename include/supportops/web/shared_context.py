"""A store that stays open between pages: no page pays for a connection or the schema's check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError

from supportops.context import Context
from supportops.web.parts import OpenContext


class SharedContext:
    """Opens a context at the first page; after an error of the store it is opened anew."""

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
            self._forget(context)
            raise

    def _forget(self, context: Context) -> None:
        with self._lock:
            if self._context is context:
                self._close()

    def close(self) -> None:
        """Lets go of the context; the next page opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._context = None
        self._stack.close()
