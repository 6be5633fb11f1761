"""Figures as plain JSON values, and what an issued report said read back out of them.

Instants are ISO 8601 in UTC ("2026-11-23T08:00:00Z"), durations seconds, shares of one, what there
is none of null. Keys come in the order of the fields, so the same figures give the same text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from supportops.reports.figures import (
    Attainment,
    By,
    Figures,
    IncidentLine,
    MonthSums,
    Point,
    Restatement,
    TicketReason,
)

VERSION = 1
"""Of this layout; an incompatible change adds one."""

# Properties that stand beside the fields, so that no reader has to divide.
NAMES = {"attainment": "kept"}
"""Fields that have another name in JSON than in code."""
DERIVED = {
    Attainment: ("breached", "share", "few"),
    Point: ("share", "few"),
    MonthSums: ("up_share",),
}


def to_json(figures: Figures) -> dict[str, Any]:
    """Every figure as dicts, lists, texts, numbers, booleans and None: strict JSON."""
    plain = _plain(figures)
    for name in ("month", "tutorials"):
        if plain[name] is None:
            del plain[name]
    return {"version": VERSION, **plain}


def for_comparison(issued: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an issued report's figures that later ones compare with: small for any size."""
    totals = [line for line in issued["promises"] if line["metric"] is None and _is_total(line)]
    rest = {name: issued[name] for name in ("version", "tiers", "restatements") if name in issued}
    return {**rest, "promises": totals}


def totals_of(issued: Mapping[str, Any]) -> dict[str | None, tuple[int, int]]:
    """Due and met over all metrics of each tier, and of all together (None), as issued.

    Raises KeyError where the value is not one of `to_json`.
    """
    return {
        line["name"]: (line["kept"]["due"], line["kept"]["met"])
        for line in issued["promises"]
        if line["metric"] is None and _is_total(line)
    }


def month_sums_of(issued: Mapping[str, Any], label: str) -> MonthSums | None:
    """What the stored report of a customer's month said that adds up; None where it has none."""
    year = (issued.get("month") or {}).get("year") or ()
    found = next((each for each in year if each["label"] == label), None)
    if found is None:
        return None
    names = set(MonthSums.__dataclass_fields__) - {"issued"}
    return MonthSums(**{name: found[name] for name in names}, issued=True)


def restatements_of(issued: Mapping[str, Any]) -> tuple[Restatement, ...]:
    """What a report restated of earlier ones. Raises KeyError as `totals_of`."""
    return tuple(
        Restatement(
            each["label"],
            each["tier"],
            _attainment(each["issued"]),
            _attainment(each["now"]),
            tuple(TicketReason(**why) for why in each["because"]),
            tuple(each.get("rules", ())),
        )
        for each in issued["restatements"]
    )


def _attainment(found: Mapping[str, Any]) -> Attainment:
    return Attainment(**{name: found[name] for name in ("due", "met", "low", "high", "target")})


def _is_total(line: Mapping[str, Any]) -> bool:
    return line["by"] == By.ALL or (line["by"] == By.TIER and line["name"] is not None)


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, StrEnum):
        return value.value
    names = (*value.__dataclass_fields__, *DERIVED.get(type(value), ()))
    if isinstance(value, IncidentLine) and not value.done:
        names = tuple(name for name in names if name != "done")
    return {NAMES.get(name, name): _plain(getattr(value, name)) for name in names}
