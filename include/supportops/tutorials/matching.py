"""Which tutorials answer a text: BM25 over the questions that each of them answers.

A question's score is the share of its own words that the text has, each weighted by how rare it is
among all tutorials (BM25), so that a long message with the question in it matches as a short one
does. Of a tutorial the question that fits best counts. One rare word alone is no match where the
question has more: two must be shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from supportops.tutorials.tutorial import Library, Match, Tutorial
from supportops.tutorials.words import words

# Of a message: what it is about stands at its beginning.
MOST_WORDS = 400


def suggest(text: str, library: Library, *, least: float | None = None) -> tuple[Match, ...]:
    """The tutorials that answer `text`, the best first, equal ones in their order; at most `most`.

    `least`: instead of the library's own threshold.
    """
    threshold = library.offer.least if least is None else least
    scores = _index(library.tutorials).scores(text)
    found = [
        Match(tutorial, round(score, 3))
        for tutorial, score in zip(library.tutorials, scores, strict=True)
        if score > 0 and round(score, 3) >= threshold
    ]
    return tuple(sorted(found, key=lambda match: -match.score)[: library.offer.most])


@lru_cache(maxsize=4)
def _index(tutorials: tuple[Tutorial, ...]) -> _Index:
    return _Index(tutorials)


class _Index:
    """The questions of all tutorials, each as a document of BM25."""

    def __init__(self, tutorials: Sequence[Tutorial]) -> None:
        passages = [
            (number, passage)
            for number, tutorial in enumerate(tutorials)
            for passage in _passages(tutorial)
        ]
        self._tutorials = len(tutorials)
        self._of = np.array([number for number, _ in passages], dtype=np.int64)
        self._words = [frozenset(passage) for _, passage in passages]
        self._bm25: Any = None
        if not passages:
            return
        import bm25s  # a second, with scipy, for those who ask

        self._bm25 = bm25s.BM25()
        self._bm25.index([sorted(each) for each in self._words], show_progress=False)
        self._whole = np.array([self._score(each)[k] for k, each in enumerate(self._words)])

    def scores(self, text: str) -> list[float]:
        """Of each tutorial from 0 to 1."""
        asked = frozenset(words(text)[:MOST_WORDS])
        best = np.zeros(self._tutorials)
        if self._bm25 is None or not asked:
            return [float(score) for score in best]
        shared = np.array([len(asked & each) for each in self._words])
        needed = np.array([min(2, len(each)) for each in self._words])
        score = np.where(shared >= needed, self._score(asked) / self._whole, 0.0)
        np.maximum.at(best, self._of, score)
        return [min(float(each), 1.0) for each in best]

    def _score(self, asked: frozenset[str]) -> Any:
        known = [word for word in sorted(asked) if word in self._bm25.vocab_dict]
        if not known:
            return np.zeros(len(self._words))
        return self._bm25.get_scores(known)


def _passages(tutorial: Tutorial) -> list[tuple[str, ...]]:
    """The title with the tags, and each question, as words; none that says nothing."""
    texts = (" ".join((tutorial.title, *tutorial.tags)), tutorial.title, *tutorial.questions)
    found = dict.fromkeys(tuple(words(text)) for text in texts)
    return [each for each in found if each]
