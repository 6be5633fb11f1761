"""Matching tried on texts of which is known what answers them: how often it is right."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from supportops.names import suggestion
from supportops.tutorials.matching import suggest
from supportops.tutorials.tutorial import Library, Match

COLUMNS = ("text", "tutorial")
AT = 3
MOST_ROWS = 20_000


class LabelsError(ValueError):
    """What is wrong with a file of labelled texts, in one line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the address of the tutorial that answers it; "" where none does. `line` is where
    its row ends in the file."""

    line: int
    text: str
    tutorial: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled text, and what it was offered."""

    labelled: Labelled
    offered: tuple[Match, ...]

    @property
    def right(self) -> bool:
        """Whether the tutorial is among the first AT, or nothing was offered where none answers."""
        if not self.labelled.tutorial:
            return not self.offered
        return self.labelled.tutorial in [each.tutorial.address for each in self.offered[:AT]]

    def to_json(self) -> dict[str, Any]:
        """The text, what answers it, and what was offered with which score."""
        return {
            "line": self.labelled.line,
            "text": self.labelled.text,
            "expected": self.labelled.tutorial or None,
            "offered": [
                {"address": each.tutorial.address, "score": each.score} for each in self.offered
            ],
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """All judged texts, in the order of the file, at the threshold `least`."""

    least: float
    judged: tuple[Judged, ...]

    @property
    def answered(self) -> tuple[Judged, ...]:
        """Those that a tutorial answers."""
        return tuple(each for each in self.judged if each.labelled.tutorial)

    @property
    def unrelated(self) -> tuple[Judged, ...]:
        """Those that none answers."""
        return tuple(each for each in self.judged if not each.labelled.tutorial)

    @property
    def recall(self) -> float | None:
        """Of the texts that a tutorial answers, the share of which it was among the first AT."""
        return _share([each.right for each in self.answered])

    @property
    def wrong_offers(self) -> float | None:
        """Of the texts that none answers, the share that was offered one."""
        return _share([not each.right for each in self.unrelated])

    @property
    def misses(self) -> tuple[Judged, ...]:
        return tuple(each for each in self.judged if not each.right)

    def to_json(self) -> dict[str, Any]:
        """The shares, from 0 to 1 and None of nothing, and each text that was not right."""
        return {
            "texts": len(self.judged),
            "least": self.least,
            f"recall_at_{AT}": self.recall,
            "wrong_offers": self.wrong_offers,
            "misses": [each.to_json() for each in self.misses],
        }


def trial(texts: Iterable[Labelled], library: Library, least: float | None = None) -> Trial:
    """What the library offers each of `texts`; `least`: at another threshold than its own."""
    at = library.offer.least if least is None else least
    return Trial(at, tuple(Judged(each, suggest(each.text, library, least=at)) for each in texts))


def read_labels(lines: Iterable[str], library: Library) -> list[Labelled]:
    """The rows of a CSV with the columns `text` and `tutorial`: an address or a title of the
    library, empty where none answers. Raises LabelsError."""
    reader = csv.DictReader(lines)
    known = {name: t.address for t in library.tutorials for name in (t.title, t.address)}
    found = []
    try:
        if set(COLUMNS) - set(reader.fieldnames or ()):
            raise LabelsError(f"expected the columns {' and '.join(COLUMNS)}")
        for row in reader:
            written = (row["tutorial"] or "").strip()
            if written and written not in known:
                hint = suggestion(written, known)
                line = f"line {reader.line_num}: no tutorial {written[:200]!r} in tutorials.yaml"
                raise LabelsError(f"{line}; {hint}" if hint else line)
            found.append(Labelled(reader.line_num, row["text"] or "", known.get(written, "")))
            if len(found) > MOST_ROWS:
                raise LabelsError(f"more than {MOST_ROWS} rows")
    except csv.Error as error:
        raise LabelsError(f"line {reader.line_num}: {error}") from None
    if not found:
        raise LabelsError("no row")
    return found


def _share(right: list[bool]) -> float | None:
    return sum(right) / len(right) if right else None
