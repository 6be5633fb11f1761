"""Regular expressions over pages: an automaton, so that no page can make one take for ever.

pydantic's validator matches with Rust's `regex`, which does not backtrack: its time grows with the
text and the size of the expression, and both are bounded here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LONGEST = 200
# Characters and classes of an expression, counted as often as its repetitions say.
LARGEST = 200
# Of a longer page the beginning is searched: under three seconds with the largest expression.
MOST_TEXT = 256 * 1024

_QUANTIFIER = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_ATOM = re.compile(r"\\[pPx]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])+\]|.", re.DOTALL)


class BadPatternError(ValueError):
    """The expression cannot be used; the text says why."""


def check_pattern(pattern: str) -> str:
    """`pattern`, if it can be searched for in bounded time. Raises BadPatternError."""
    if not 0 < len(pattern) <= LONGEST:
        raise BadPatternError(f"a regular expression of 1 to {LONGEST} characters")
    if _size(pattern) > LARGEST:
        raise BadPatternError(
            f"a regular expression that its repetitions make no larger than {LARGEST} characters"
        )
    _compiled(pattern)
    return pattern


def found_in(pattern: str, text: str) -> bool:
    """Whether the expression matches anywhere in the first 262,144 characters of the text."""
    try:
        _compiled(pattern).validate_python(text[:MOST_TEXT])
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        why = str(error).rpartition("error: ")[2].strip().splitlines()[0]
        raise BadPatternError(f"a regular expression of Rust's syntax ({why})") from None


def _size(pattern: str) -> int:
    """How many characters and classes the expression has, with its repetitions written out."""
    sizes, last, at = [0], 0, 0
    while at < len(pattern):
        repeated = _QUANTIFIER.match(pattern, at)
        if repeated is not None:
            times = int(repeated[2] or repeated[1])
            sizes[-1] += last * (times - 1)
            last *= times
            at = repeated.end()
            continue
        atom = _ATOM.match(pattern, at)
        assert atom is not None
        at = atom.end()
        if atom[0] == "(":
            sizes.append(0)
        elif atom[0] == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif atom[0] not in "*+?|^$":
            last = 1
            sizes[-1] += 1
    return sum(sizes)
