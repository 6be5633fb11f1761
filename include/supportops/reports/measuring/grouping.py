"""Rows of a frame by the group that each belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportops.reports.figures import By


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """`code` (int64) is each row's place in `names`: sorted, None last and only if it occurs."""

    names: tuple[str | None, ...]
    code: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    def count(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of the chosen rows each group has."""
        return np.bincount(self.code[chosen], minlength=len(self))

    def total(self, amounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sum of each group's amounts."""
        found = np.zeros(len(self), dtype=np.int64)
        np.add.at(found, self.code, amounts)
        return found

    def greatest(
        self, amounts: NDArray[np.float64], chosen: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """The greatest of the chosen amounts of each group; minus infinity where there is none."""
        found = np.full(len(self), -np.inf)
        np.maximum.at(found, self.code[chosen], amounts[chosen])
        return found


def grouped(frame: pd.DataFrame, by: By) -> Groups:
    """Rows by the column that `by` names; ALL is one group of everything, named None."""
    if by is By.ALL:
        return Groups((None,), np.zeros(len(frame), dtype=np.int64))
    return named(frame[by.value])


def named(column: pd.Series[str], first: Iterable[str] = ()) -> Groups:
    """Rows by the words of a column: those of `first` first, then the others sorted."""
    found, words = pd.factorize(column)
    place = {word: number for number, word in enumerate(first)}
    names = sorted(words, key=lambda word: (place.get(word, len(place)), word))
    rank = {word: number for number, word in enumerate(names)}
    codes = np.array([*(rank[word] for word in words), len(names)], dtype=np.int64)[found]
    nobody = (None,) if (found < 0).any() else ()
    return Groups((*names, *nobody), codes)
