"""Which tutorials would have spared how many tickets: for whoever decides what to write next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from supportops.tutorials.matching import suggest
from supportops.tutorials.tutorial import Library, Tutorial


@dataclass(frozen=True, slots=True)
class Spared:
    """A tutorial, and of how many tickets it was the best match."""

    tutorial: Tutorial
    tickets: int


@dataclass(frozen=True, slots=True)
class Sparing:
    """`lines`: the tutorials that match any ticket, the most useful first. `asked`: how many
    tickets were looked at, `matched`: how many of them a tutorial matches."""

    lines: tuple[Spared, ...]
    asked: int
    matched: int


def spared(texts: Iterable[str], library: Library) -> Sparing:
    """Of tickets, each given by its subject and first text. A ticket counts once, for the tutorial
    that fits it best; equal counts are in the order of titles and addresses."""
    counts: dict[Tutorial, int] = {}
    asked = 0
    for text in texts:
        asked += 1
        for match in suggest(text, library)[:1]:
            counts[match.tutorial] = counts.get(match.tutorial, 0) + 1
    lines = [Spared(tutorial, count) for tutorial, count in counts.items()]
    lines.sort(key=lambda each: (-each.tickets, each.tutorial.title, each.tutorial.address))
    return Sparing(tuple(lines), asked, sum(counts.values()))
