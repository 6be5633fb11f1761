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
from collections.abc import Iterable, Mapping, Sequence
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

Lists = Mapping[str, "Phrases"]
Span = tuple[int, int]
"""The positions of a match: its first word, and the one after its last."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What comes next in a phrase, and how many other words may come before it.

    It is one word of the `alternatives`, or a phrase of a list.
    """

    alternatives: tuple[str, ...]
    gap: int
    phrases: Phrases | None = None


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


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of which any may be said.

    `by_word` has those that begin with a certain word, by that word, and `others` the rest, so that
    a text is not compared with all of hundreds.
    """

    every: tuple[Phrase, ...] = ()
    by_word: Mapping[str, Sequence[Phrase]] = field(default_factory=dict, compare=False)
    others: tuple[Phrase, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, written: Iterable[str], lists: Lists | None = None) -> Phrases:
        """Parses them as `Phrase.of`, which says what it raises."""
        every = tuple(Phrase.of(each, lists) for each in written)
        by_word: dict[str, list[Phrase]] = {}
        others = []
        for phrase in every:
            first = phrase.steps[0]
            if first.phrases is not None or any(map(_is_pattern, first.alternatives)):
                others.append(phrase)
                continue
            for word in first.alternatives:
                by_word.setdefault(word, []).append(phrase)
        return cls(every, by_word, tuple(others))

    def __bool__(self) -> bool:
        return bool(self.every)

    def first_words(self) -> tuple[str, ...]:
        """The words that the phrases begin with, as they are written."""
        return tuple(word for each in self.every for word in each.steps[0].alternatives)


NO_PHRASES = Phrases()


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
    _any: dict[int, Mapping[Span, Phrase]] = field(default_factory=dict, compare=False, repr=False)

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
        return self.words_of(spans[0]) if spans else None

    def any_of(self, phrases: Phrases) -> Mapping[Span, Phrase]:
        """Every match of any of the phrases, with the first phrase that gives it."""
        if (known := self._any.get(id(phrases))) is not None:
            return known
        begun = {id(each): each for word in self.places for each in phrases.by_word.get(word, ())}
        found: dict[Span, Phrase] = {}
        for phrase in (*begun.values(), *phrases.others):
            for span in self.spans(phrase):
                found.setdefault(span, phrase)
        self._any[id(phrases)] = found
        return found

    def words_of(self, span: Span) -> str:
        """The words at a span."""
        return " ".join(self.text[span[0] : span[1]])

    def spans(self, phrase: Phrase) -> tuple[Span, ...]:
        """Every match of `phrase`, by its end, the shortest of an end first."""
        if (known := self._found.get(id(phrase))) is not None:
            return known
        reached: dict[int, set[int]] = {}
        for number, step in enumerate(phrase.steps):
            before, reached = reached, {}
            if number and not before:
                break
            for start, end in self._spans_of_step(step):
                begun = {start} if number == 0 else self._continued(before, start, step.gap)
                if begun:
                    reached.setdefault(end, set()).update(begun)
        found = tuple(
            (start, end) for end in sorted(reached) for start in sorted(reached[end], reverse=True)
        )
        self._found[id(phrase)] = found
        return found

    def negated(self, span: Span) -> bool:
        """Whether a negation stands before the match."""
        before = range(max(0, span[0] - _NEGATED_WORDS), span[0])
        return any(place in self.negations for place in before)

    def in_quotes(self, span: Span) -> bool:
        """Whether the whole match stands in quotation marks."""
        return all(place in self.quoted for place in range(*span))

    def _continued(self, before: Mapping[int, set[int]], start: int, gap: int) -> set[int]:
        """Where the matches began that go on at `start`."""
        begun: set[int] = set()
        for end in range(start, start - gap - 1, -1):
            begun |= before.get(end, set())
            if end - 1 in self.negations:
                break
        return begun

    def _spans_of_step(self, step: _Step) -> Sequence[Span]:
        if step.phrases is not None:
            return sorted(self.any_of(step.phrases))
        return [(place, place + 1) for place in self._positions(step)]

    def _positions(self, step: _Step) -> list[int]:
        """The positions of the words that match the step."""
        found: set[int] = set()
        for pattern in step.alternatives:
            if not _is_pattern(pattern):
                found.update(self.places.get(pattern, ()))
                continue
            for word, places in self.places.items():
                if matches(pattern, word):
                    found.update(places)
        return sorted(found)


def _is_pattern(word: str) -> bool:
    return "#" in word or "*" in word


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
