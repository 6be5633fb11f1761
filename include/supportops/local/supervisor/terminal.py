"""What the local installation says: on a terminal with colour and a spinner, else plain lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.text import Text


class Terminal:
    """Standard output, until it is closed (a terminal or pipe); then output is discarded."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def show(self, what: RenderableType) -> None:
        """Prints `what`; a plain string is taken as text, never as markup.

        A line stays one line, however narrow the terminal: it may be copied or searched for.
        """
        words = Text(what) if isinstance(what, str) else what
        try:
            self.console.print(words, soft_wrap=isinstance(words, Text))
        except OSError:
            self.silence()

    def silence(self) -> None:
        """Discards all further output, also what Python flushes when it exits."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

    @contextmanager
    def step(self, doing: str) -> Iterator[Callable[[str], None]]:
        """A spinner beside `doing` on a terminal, one line elsewhere; yields what changes it."""
        if not self.console.is_terminal:
            self.show(f"{doing} ...")
            yield lambda _now: None
            return
        with self.console.status(Text(f"{doing} ...")) as status:
            yield lambda now: status.update(Text(f"{doing}: {now} ..."))
