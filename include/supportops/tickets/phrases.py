"""Finds an operator's phrases in a customer's text, in time linear in the text.

Phrases are not regular expressions, so that none can take exponential time. A phrase is a sequence
of words; case and the punctuation between words do not matter. In a phrase
    #      is any digit, as in 4##
    *      is any run of letters and digits, as in error*
    a|b    is either word
    ...    is up to two words of any kind between; twice is up to four
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_TEXT = 20_000
GAP = "..."
_GAP_WORDS = 2
_MAX_WORD = 60
_WORD = re.compile(r"\w+")
_APOSTROPHES = str.maketrans("", "", "'’‘`")
_PATTERN = re.compile(r"[\w#*|]+")


@dataclass(frozen=True, slots=True)
class _Step:
    """One word of a phrase: its alternatives, and how many other words may come before it."""

    alternatives: tuple[str, ...]
    gap: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase as it was written, and its steps."""

    written: str
    steps: tuple[_Step, ...]

    @classmethod
    def of(cls, written: str) -> Phrase:
        """Parses a phrase. Raises ValueError without words, for other signs, or a gap at an end."""
        parts = written.translate(_APOSTROPHES).casefold().split()
        if not parts or GAP in (parts[0], parts[-1]):
            raise ValueError("a phrase that begins and ends with a word")
        steps, gap = [], 0
        for part in parts:
            if part == GAP:
                gap += _GAP_WORDS
                continue
            alternatives = tuple(part.split("|"))
            if not _PATTERN.fullmatch(part) or not all(a.strip("*") for a in alternatives):
                raise ValueError("words of letters, digits, #, * and |, with ... between them")
            steps.append(_Step(alternatives, gap))
            gap = 0
        return cls(written, tuple(steps))


@dataclass(frozen=True, slots=True)
class Words:
    """A text as a sequence of words, and the positions of each word."""

    text: tuple[str, ...]
    places: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, text: str) -> Words:
        """The words of the first 20,000 characters."""
        cleaned = text[:MAX_TEXT].translate(_APOSTROPHES).casefold()
        words = tuple(word[:_MAX_WORD] for word in _WORD.findall(cleaned))
        places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            places.setdefault(word, []).append(place)
        return cls(words, places)

    def find(self, phrase: Phrase) -> str | None:
        """The words of the first match of `phrase`, None without a match."""
        reached = {place: place for place in self._positions(phrase.steps[0])}
        for step in phrase.steps[1:]:
            here = set(self._positions(step))
            reached = {
                place: reached[before]
                for place in sorted(here)
                for before in range(place - 1, place - 2 - step.gap, -1)
                if before in reached
            }
        if not reached:
            return None
        end = min(reached)
        return " ".join(self.text[reached[end] : end + 1])

    def _positions(self, step: _Step) -> list[int]:
        """The positions of the words that match the step."""
        found: set[int] = set()
        for pattern in step.alternatives:
            if "#" not in pattern and "*" not in pattern:
                found.update(self.places.get(pattern, ()))
                continue
            for word, places in self.places.items():
                if matches(pattern, word):
                    found.update(places)
        return sorted(found)


def matches(pattern: str, word: str) -> bool:
    """Whether a word matches a pattern, in at most (product of their lengths) steps."""
    at = place = held = 0
    star = -1
    while place < len(word):
        sign = pattern[at] if at < len(pattern) else ""
        if sign == "*":
            star, held = at, place
            at += 1
        elif sign and (sign == word[place] or (sign == "#" and word[place].isdigit())):
            at, place = at + 1, place + 1
        elif star >= 0:
            held += 1
            at, place = star + 1, held
        else:
            return False
    return not pattern[at:].strip("*")
