"""Reads an alert's facts: JSON of any shape, partly from strangers, never trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.instants import aware_instant
from supportops.rendering.render import one_line

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """Tolerant access: what is missing or of the wrong kind is None, empty or False."""

    values: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        """One visible line of at most 500 characters."""
        value = self.values.get(key)
        if value is None or isinstance(value, (Mapping, list)):
            return None
        line = one_line(value)
        return (line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "...") or None

    def number(self, key: str) -> float | None:
        """A finite number; True and False are none."""
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return float(value) if math.isfinite(value) else None

    def instant(self, key: str) -> datetime | None:
        """An ISO string with its offset; anything else is None."""
        return aware_instant(self.values.get(key))

    def names(self, key: str) -> tuple[str, ...]:
        """The items of a list as visible lines, without empty ones."""
        value = self.values.get(key)
        if not isinstance(value, (list, tuple)):
            return ()
        return tuple(line for line in map(one_line, value) if line)

    def flag(self, key: str) -> bool:
        """Whether it is JSON's true."""
        return self.values.get(key) is True

    def lines(self, key: str, most: int) -> str | None:
        """The last `most` lines of a longer text, such as a traceback."""
        value = self.values.get(key)
        if not isinstance(value, str):
            return None
        last = [one_line_keeping_indent(line) for line in value.splitlines()[-most:]]
        return "\n".join(last).strip("\n") or None


def one_line_keeping_indent(line: str) -> str:
    """A line of at most 500 visible characters, after at most 12 spaces of its indent."""
    indent = len(line) - len(line.lstrip(" "))
    return " " * min(indent, 12) + one_line(line)[:_LONGEST]
