"""A tutorial: what it is called, where it is, and which questions it answers."""

from __future__ import annotations

from dataclasses import dataclass

LEAST = 0.55
"""From which score on a match is offered; 0 is nothing in common, 1 a question word for word. Tuned
with tests/data/tutorials/texts.csv: docs/tutorials.md shows what other values would have done."""
MOST = 3


@dataclass(frozen=True, slots=True)
class Tutorial:
    """`questions` as customers ask them. `tags` count like words of the title."""

    title: str
    address: str
    questions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What is done with matches beside showing them to agents on the board.

    `tiers`: whose tickets get any. `note`: an internal note in the help desk; `draft`: with a reply
    to send in it. `least`, `most`: matches from this score on, and how many.
    """

    tiers: frozenset[str] = frozenset()
    note: bool = False
    draft: bool = False
    least: float = LEAST
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Library:
    """All tutorials, and how they are offered."""

    tutorials: tuple[Tutorial, ...] = ()
    offer: Offer = Offer()


@dataclass(frozen=True, slots=True)
class Match:
    """A tutorial and how well it fits, from 0 to 1."""

    tutorial: Tutorial
    score: float
