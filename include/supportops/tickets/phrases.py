"""Finds an operator's phrases in a customer's text, in time linear in the text.

Phrases are not regular expressions, so that none can take exponential time. A phrase is a sequence
of words; case and the punctuation between words do not matter. In a phrase
    #      is any digit, as in 4##
    *      is any run of letters and digits, as in error*
    a|b    is either word
    <name> is any phrase of the list of that name
    ...    is up to two words between, none of them a negation; twice is up to four
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MAX_TEXT = 20_000
GAP = "..."
_GAP_WORDS = 2
_MAX_WORD = 60
_WORD = re.compile(r"\w+")
_APOSTROPHES = str.maketrans("", "", "'’‘`")
_PATTERN = re.compile(r"[\w#*|]+")
_LIST = re.compile(r"<(\w+)>")
# They stand for quotation marks in a text that `clauses` has read.
OPENING, CLOSING = "\ue000", "\ue001"
_TOKEN = re.compile(rf"\w+|[{OPENING}{CLOSING}]")
# A negation belongs to what follows it within this many words.
_NEGATED_WORDS = 2

Lists = Mapping[str, "tuple[Phrase, ...]"]
Span = tuple[int, int]
"""The positions of a match: its first word, and the one after its last."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What comes next in a phrase, and how many other words may come before it.

    It is one word of the `alternatives`, or a phrase of a list.
    """

    alternatives: tuple[str, ...]
    gap: int
    phrases: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase as it was written, and its steps."""

    written: str
    steps: tuple[_Step, ...]

    @classmethod
    def of(cls, written: str, lists: Lists | None = None) -> Phrase:
        """Parses a phrase that may name `lists`.

        Raises ValueError without words, for other signs, a gap at an end, or an unknown list.
        """
        parts = written.translate(_APOSTROPHES).casefold().split()
        if not parts or GAP in (parts[0], parts[-1]):
            raise ValueError("a phrase that begins and ends with a word")
        steps, gap = [], 0
        for part in parts:
            if part == GAP:
                gap += _GAP_WORDS
                continue
            if named := _LIST.fullmatch(part):
                if lists is None or named[1] not in lists:
                    raise ValueError(f"the name of a list of words: {part}")
                steps.append(_Step((), gap, lists[named[1]]))
            else:
                steps.append(_Step(_alternatives(part), gap))
            gap = 0
        return cls(written, tuple(steps))


def named_lists(written: str) -> set[str]:
    """The names of the lists that a phrase uses."""
    return set(_LIST.findall(written.casefold()))


def _alternatives(part: str) -> tuple[str, ...]:
    found = tuple(part.split("|"))
    if not _PATTERN.fullmatch(part) or not all(each.strip("*") for each in found):
        raise ValueError("words of letters, digits, #, * and |, with ... between them")
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """A text as a sequence of words, and the positions of each word.

    `quoted`: the positions in quotation marks. `negations`: the positions of words that negate.
    """

    text: tuple[str, ...]
    places: Mapping[str, Sequence[int]]
    quoted: frozenset[int] = frozenset()
    negations: frozenset[int] = frozenset()
    _found: dict[int, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, text: str, negations: Sequence[str] = ()) -> Words:
        """The words of the first 20,000 characters; `negations` are patterns of single words."""
        cleaned = text[:MAX_TEXT].translate(_APOSTROPHES).casefold()
        words: list[str] = []
        quoted: set[int] = set()
        inside = False
        for token in _TOKEN.findall(cleaned):
            if token in (OPENING, CLOSING):
                inside = token == OPENING
                continue
            if inside:
                quoted.add(len(words))
            words.append(token[:_MAX_WORD])
        places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            places.setdefault(word, []).append(place)
        negative = (
            place
            for word, found in places.items()
            if any(matches(pattern, word) for pattern in negations)
            for place in found
        )
        return cls(tuple(words), places, frozenset(quoted), frozenset(negative))

    def find(self, phrase: Phrase) -> str | None:
        """The words of the first match of `phrase`, None without a match."""
        spans = self.spans(phrase)
        return self.words_of(min(spans, key=lambda span: span[1])) if spans else None

    def words_of(self, span: Span) -> str:
        """The words at a span."""
        return " ".join(self.text[span[0] : span[1]])

    def spans(self, phrase: Phrase) -> tuple[Span, ...]:
        """The shortest match of `phrase` at each place where one ends, in order."""
        if (known := self._found.get(id(phrase))) is not None:
            return known
        reached: dict[int, int] = {}
        for number, step in enumerate(phrase.steps):
            before, reached = reached, {}
            for start, end in self._spans_of_step(step):
                begin = start if number == 0 else self._continued(before, start, step.gap)
                if begin is not None:
                    reached[end] = max(begin, reached.get(end, 0))
        found = tuple((start, end) for end, start in sorted(reached.items()))
        self._found[id(phrase)] = found
        return found

    def negated(self, span: Span) -> bool:
        """Whether a negation stands before the match."""
        before = range(max(0, span[0] - _NEGATED_WORDS), span[0])
        return any(place in self.negations for place in before)

    def in_quotes(self, span: Span) -> bool:
        """Whether the whole match stands in quotation marks."""
        return all(place in self.quoted for place in range(*span))

    def _continued(self, before: Mapping[int, int], start: int, gap: int) -> int | None:
        """Where the match began that goes on at `start`, None if none does."""
        for end in range(start, start - gap - 1, -1):
            if end in before:
                return before[end]
            if end - 1 in self.negations:
                return None
        return None

    def _spans_of_step(self, step: _Step) -> Sequence[Span]:
        if step.phrases:
            return sorted({span for phrase in step.phrases for span in self.spans(phrase)})
        return [(place, place + 1) for place in self._positions(step)]

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
