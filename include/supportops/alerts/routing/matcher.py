"""Whether a name is one that a route or a silence is for: by the name, a list, a glob or a regular
expression."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from supportops.names import folded

LONGEST_REGEX = 200
MOST_NAMES = 200
_GLOB = re.compile(r"[*?]")


class MatcherError(ValueError):
    """A matcher cannot be used; the text says why, in one line."""


class How(StrEnum):
    """GLOB knows * and ?; REGEX is in Rust's syntax and has to match the whole name, as in
    Alertmanager."""

    EQUAL = "equal"
    GLOB = "glob"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Names: one of `values` has to match, whatever the case and the length of the blanks."""

    how: How
    values: tuple[str, ...]

    def matches(self, name: str | None) -> bool:
        """Whether `name` is meant; None, which is nobody in particular, never is."""
        if name is None:
            return False
        if self.how is How.EQUAL:
            return is_one_of(name, self.values)
        text = folded(str(name)) if self.how is How.GLOB else " ".join(str(name).split())
        return any(_expression(self.how, each)(text) for each in self.values)

    def check(self) -> None:
        """Raises MatcherError for a pattern that cannot be used."""
        if not self.values or not all(each.strip() for each in self.values):
            raise MatcherError("a matcher needs a value")
        if len(self.values) > MOST_NAMES:
            raise MatcherError(f"a matcher has at most {MOST_NAMES} values")
        for each in self.values if self.how is not How.EQUAL else ():
            _expression(self.how, each)

    def __str__(self) -> str:
        values = ",".join(self.values)
        return f"=~{values}" if self.how is How.REGEX else f"={values}"


def is_one_of(name: str | None, wanted: Iterable[str]) -> bool:
    """Whether `name` is in `wanted`, whatever the case and the length of the blanks."""
    return name is not None and folded(str(name)) in map(folded, wanted)


def has_glob(text: str) -> bool:
    """Whether a text is meant as a glob."""
    return _GLOB.search(text) is not None


class _Expression:
    """A compiled expression over a whole folded name, whose time grows with the name alone."""

    def __init__(self, pattern: str) -> None:
        schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
        self._validator = SchemaValidator(schema)

    def __call__(self, name: str) -> bool:
        try:
            self._validator.validate_python(name)
        except ValidationError:
            return False
        return True


@lru_cache(maxsize=1024)
def _expression(how: How, written: str) -> _Expression:
    if how is How.GLOB:
        signs = (_SIGNS.get(sign) or re.escape(sign) for sign in folded(written))
        return _Expression(f"(?s)^(?:{''.join(signs)})$")
    if len(written) > LONGEST_REGEX:
        raise MatcherError(f"a regular expression has at most {LONGEST_REGEX} characters")
    try:
        _Expression(written)  # by itself: a bracket must not close the one that is put around it
        return _Expression(f"(?is)^(?:{written})$")
    except SchemaError as error:
        lines = str(error).rpartition("error: ")[2].strip().splitlines()
        why = lines[0] if "error: " in str(error) else "it is too large"
        text = f"{written!r} is no regular expression of Rust's syntax ({why})"
        raise MatcherError(text) from None


_SIGNS = {"*": ".*", "?": "."}
