"""Guesses how a file writes dates and numbers, and says so; what could be both ways is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from supportops.tickets.imports.file_form import ImportFault, form_of, formed
from supportops.tickets.imports.instants import (
    AUTO,
    DMY,
    ISO,
    MDY,
    NAMED,
    YMD,
    format_shown,
    order_shown,
)
from supportops.tickets.imports.mapping import ImportMapping
from supportops.tickets.imports.record_file import GoodRow, open_records

# Rows that are read for how instants are written; the order of day and month is looked for further.
_SAMPLE = 2_000
_WORDS = {DMY: "day first", MDY: "month first"}
_DECIMAL = re.compile(r"-?[0-9]+(?:[.\u00a0\u202f ][0-9]{3})*,[0-9]+")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+")


@dataclass(frozen=True, slots=True)
class Settled:
    """A mapping that leaves nothing to guess, and what was guessed, in words."""

    mapping: ImportMapping
    guessed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What the rows show: formats with an example each, and orders of day and month likewise."""

    formats: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)

    def look(self, column: str, word: str) -> None:
        form = format_shown(word)
        if form is None:
            return
        example = f"{word[:40]} in {column}"
        self.formats.setdefault(form, example)
        order = order_shown(word) if form == DMY else None
        if order is not None:
            self.orders.setdefault(order, example)

    @property
    def decided(self) -> bool:
        return DMY in self.orders or MDY in self.orders


def settle(path: Path, mapping: ImportMapping) -> Settled:
    """`mapping` for the file at `path`, with what it leaves open guessed from the file.

    Raises ImportFault where the file cannot be read, where its dates are ambiguous (no day above
    12), and where some have the day first and others the month.
    """
    form = form_of(path, mapping)
    settled = formed(mapping, form)
    guessed = list(form.guessed)
    if AUTO in settled.times.formats:
        formats, words = _formats(path, settled)
        settled = replace(settled, times=replace(settled.times, formats=formats))
        guessed += words
    durations = [m.column for m in settled.instants.given.values() if m.unit is not None]
    if durations and settled.decimal_comma is None:
        comma, words = _decimal(_words(path, settled, durations))
        settled = replace(settled, decimal_comma=comma)
        guessed += words
    return Settled(settled, tuple(guessed))


def _formats(path: Path, mapping: ImportMapping) -> tuple[tuple[str, ...], list[str]]:
    seen = _Seen()
    columns = mapping.time_columns
    words = _words(path, mapping, columns)
    for column, word in islice(words, _SAMPLE * len(columns)):
        seen.look(column, word)
    if DMY in seen.formats:
        for column, word in words:
            if DMY in seen.orders or MDY in seen.orders:
                break
            seen.look(column, word)
    given = tuple(form for form in mapping.times.formats if form != AUTO)
    if DMY not in seen.formats:
        # What is written otherwise further down is tried in the formats that cannot be confused.
        safe = [form for form in NAMED if form not in (DMY, MDY)]
        ordered = sorted(safe, key=lambda form: form not in seen.formats)
        named = [form for form in seen.formats if form != ISO]
        return (*given, *ordered), [f"instants are written as {form}" for form in named]
    order = _order(seen)
    said = [] if order not in seen.orders else [f"{seen.orders[order]}"]
    example = f", as in {said[0]}" if said else ""
    return (*given, ISO, order, YMD, *_numeric(seen)), [f"dates have the {_WORDS[order]}{example}"]


def _numeric(seen: _Seen) -> list[str]:
    return [form for form in seen.formats if form not in (ISO, DMY, MDY, YMD)]


def _order(seen: _Seen) -> str:
    if DMY in seen.orders and MDY in seen.orders:
        raise ImportFault(
            f"some dates have the day first ({seen.orders[DMY]}) and some the month "
            f"({seen.orders[MDY]}); say with --dates dmy or mdy which are right, and the others "
            "become bad rows"
        )
    if seen.decided:
        return DMY if DMY in seen.orders else MDY
    if AUTO in seen.orders:
        raise ImportFault(
            f"the dates are ambiguous: no day is above 12 ({seen.orders[AUTO]}); say with --dates "
            "dmy (day first) or --dates mdy (month first), or with times.formats in the mapping"
        )
    return DMY


def _decimal(words: Iterable[tuple[str, str]]) -> tuple[bool, list[str]]:
    """Whether numbers have a decimal comma. Raises ImportFault where that cannot be told."""
    unclear = None
    for column, word in islice(words, 100_000):
        text = word.strip()
        if _THOUSANDS.fullmatch(text):
            unclear = unclear or f"{text[:40]} in {column}"
        elif _DECIMAL.fullmatch(text):
            return True, [f"numbers have a decimal comma, as in {text[:40]} in {column}"]
        elif "." in text:
            return False, []
    if unclear is not None:
        raise ImportFault(
            f"the numbers are ambiguous: {unclear} may have a decimal comma or thousands; say with "
            "--decimal comma or --decimal point"
        )
    return False, []


def _words(path: Path, mapping: ImportMapping, columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The words in `columns`, each with its column, row by row."""
    wanted = tuple(columns)
    with open_records(path, mapping) as file:
        for row in file.rows():
            if isinstance(row, GoodRow):
                for column in wanted:
                    if (word := row.record.get(column)) is not None:
                        yield column, word
