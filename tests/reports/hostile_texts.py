"""What people have put into tickets, and figures whose every text is such a one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from supportops.reports.period import Period

HOSTILE = (
    "<script>alert('x')</script>&amp;<img src=x onerror=y>",
    '=1+1+cmd|" /C calc"!A0',
    '#eval("1") $x$ *bold* _it_ @ref `raw` \\ [#text(red)[y]] // comment',
    "\u202eshalom \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U0001f525\U0001f469\u200d\U0001f692 emoji \x00\x07\x1b[31m\r\n\tcontrol",
    "@SUM(A1)\u2028-2+3",
    "W" * 10_000,
    "",
)
"""What people have put into tickets: markup, formulas, typst, right-to-left, emoji, too much."""

# The product's own words, which nobody outside can choose.
OWN = frozenset(["by", "metric", "state", "label"])


def hostile_text(text: str) -> str:
    """A hostile text that ends in the given one: what was apart stays apart."""
    return f"{HOSTILE[sum(text.encode()) % len(HOSTILE)]}{text}"


def made_hostile(value: Any) -> Any:
    """The same figures with hostile texts; counts, instants and order stay as they are."""
    if isinstance(value, str):
        return hostile_text(value)
    if isinstance(value, tuple):
        return tuple(made_hostile(each) for each in value)
    if isinstance(value, Period) or not is_dataclass(value):
        return value
    names = (each.name for each in fields(value) if each.name not in OWN)
    return replace(value, **{name: made_hostile(getattr(value, name)) for name in names})
