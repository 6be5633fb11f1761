"""Names of sites, customers and the like, as people write them: case and spaces do not count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

_MOST_NEAR = 3
# Shares of equal letters, as `difflib` counts them: its own cutoff, and a margin found by trying.
_LEAST_ALIKE, _MOST_APART = 0.6, 0.1
# What people leave out, or put in for one another, when they type a name.
_SEPARATORS = re.compile(r"[\s_.-]+")


@lru_cache(maxsize=20_000)
def folded(name: str) -> str:
    """The form in which names are compared: any case, and any spaces between words."""
    return " ".join(name.split()).casefold()


def recognised(written: str, known: Iterable[str]) -> str | None:
    """The one of `known` that is meant by `written`; None where that is none, or one of several.

    A name that is written exactly so is meant, whatever else looks like it.
    """
    names = set(known)
    if written in names:
        return written
    found = [name for name in names if folded(name) == folded(written)]
    return found[0] if len(found) == 1 else None


def near(written: str, known: Iterable[str]) -> list[str]:
    """At most three of `known` that look like `written`, the most alike first.

    One that is clearly less alike than the first is left out.
    """
    typed = _letters(written)
    alike = {name: SequenceMatcher(None, typed, _letters(name)).ratio() for name in set(known)}
    least = max(_LEAST_ALIKE, max(alike.values(), default=0.0) - _MOST_APART)
    found = [name for name, ratio in alike.items() if ratio >= least]
    return sorted(found, key=lambda name: (-alike[name], name))[:_MOST_NEAR]


def suggestion(written: str, known: Iterable[str]) -> str:
    """A question after the names that `written` looks like; empty where none does."""
    found = near(written, known)
    return f"did you mean {' or '.join(found)}?" if found else ""


def _letters(name: str) -> str:
    return _SEPARATORS.sub("", name.casefold())
