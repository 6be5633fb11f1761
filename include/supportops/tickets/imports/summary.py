"""What an import did, or would do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supportops.tickets.imports.record_file import BadRow

SHOWN_ROWS = 5
_SHOWN_CONTENT = 200
_MOST_REASONS = 50
_OTHER = "other reasons"
_FOREIGN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True, slots=True)
class Reason:
    """How many rows were bad for one reason, with the first of them."""

    reason: str
    rows: int
    first: tuple[BadRow, ...]


@dataclass(slots=True)
class Reasons:
    """Counts bad rows by reason, whatever words of the rows the reason quotes."""

    counted: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[BadRow]] = field(default_factory=dict)

    def add(self, bad: BadRow) -> None:
        """Counts one row."""
        name = _FOREIGN.sub("…", bad.reason)
        name = re.sub(r"\d+(?= characters)|\d+(?= cells)|(?<=line )\d+", "…", name)
        if name not in self.counted and len(self.counted) >= _MOST_REASONS:
            name = _OTHER
        self.counted[name] += 1
        shown = self.first.setdefault(name, [])
        if len(shown) < SHOWN_ROWS:
            shown.append(BadRow(bad.line, bad.reason, bad.content[:_SHOWN_CONTENT]))

    def all(self) -> tuple[Reason, ...]:
        """The reasons, the most frequent first."""
        return tuple(
            Reason(name, rows, tuple(self.first[name])) for name, rows in self.counted.most_common()
        )


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did: rows read, loaded and set aside; events that were new or known.

    `later` counts events left for a later import because they had not happened yet. `early` is how
    many events of the source are stamped before their ticket's creation, at which they count.
    `guessed` says how the file is written as far as the mapping leaves that open, `notes` what else
    a reader of the figures should know. `events` are the new events by kind, `unknown` the words
    that the mapping does not translate, by column. After a `dry_run` nothing is stored, and
    `clocks` are the clocks that would have started, by metric, `running` those that would go on.
    """

    file: str
    mapping: str
    rows: int
    loaded: int
    bad: int
    later: int
    new_events: int
    known_events: int
    new_tickets: int
    rejects: str | None
    early: int = 0
    guessed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    events: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    dry_run: bool = False
    clocks: Mapping[str, int] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The summary as plain JSON values."""
        plain = {name: getattr(self, name) for name in ImportSummary.__slots__}
        reasons = [
            {
                "reason": one.reason,
                "rows": one.rows,
                "first": [
                    {"line": bad.line, "reason": bad.reason, "content": bad.content}
                    for bad in one.first
                ],
            }
            for one in self.reasons
        ]
        lists = {name: list(plain[name]) for name in ("guessed", "notes")}
        maps = {name: dict(plain[name]) for name in ("events", "unknown", "clocks", "running")}
        return plain | lists | maps | {"reasons": reasons}
