"""The row of names: where it stands, and which column of a mapping each name is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supportops.names import folded
from supportops.tickets.imports.file_form import ImportFault
from supportops.tickets.imports.mapping import ImportMapping, Rows
from supportops.tickets.ticket import EventKind

# Some products write a title, a period or a blank line above the names.
HEADER_WITHIN = 20


@dataclass(frozen=True, slots=True)
class Header:
    """The row at `place` (from 0) of those given, as the columns of a mapping."""

    place: int
    names: list[str]


def find_header(rows: Sequence[Sequence[str]], mapping: ImportMapping, lacking: set[str]) -> Header:
    """The first row that has the required columns; `lacking` gets the others that it lacks.

    Raises ImportFault.
    """
    for place, cells in enumerate(rows):
        if has_required(cells, mapping):
            names = column_names(cells, mapping)
            _refuse_repeated(names, mapping)
            if mapping.rows is Rows.TICKETS:
                lacking |= mapping.columns - set(names)
            return Header(place, names)
    first = next((cells for cells in rows if any(cells)), None)
    if first is None:
        raise ImportFault("the file is empty; export the tickets again")
    names = column_names(first, mapping)
    missing = ", ".join(sorted(mapping.required - set(names)))
    found = ", ".join(name for name in names if name)[:300]
    raise ImportFault(
        f"no column {missing}; the file has {found} (`supportops tickets mapping FILE` proposes a "
        "mapping for it)"
    )


def has_required(cells: Sequence[str], mapping: ImportMapping) -> bool:
    """Whether a row of names has the columns without which no row can be read."""
    return mapping.required <= set(column_names(cells, mapping))


def column_names(cells: Sequence[str], mapping: ImportMapping) -> list[str]:
    """The names as the mapping writes them: exactly, in other letters, or by an alias.

    An alias stands for a column only where the file has none of the column's own name.
    """
    names = [cell.strip("\ufeff \t\r\n") for cell in cells]
    own = {folded(column): column for column in mapping.columns}
    found = [own.get(folded(name), name) for name in names]
    taken = set(found)
    for column, aliases in mapping.aliases.items():
        place = _first_of(aliases, names) if column not in taken else None
        if place is not None:
            found[place] = column
    return found


def _first_of(aliases: Sequence[str], names: Sequence[str]) -> int | None:
    written = [folded(name) for name in names]
    places = (written.index(folded(alias)) for alias in aliases if folded(alias) in written)
    return next(places, None)


def named(record: Mapping[str, Any], mapping: ImportMapping) -> dict[str, Any]:
    """A JSON object by the names of the mapping."""
    columns = mapping.columns
    if not mapping.aliases and record.keys() >= columns:
        return dict(record)
    known = _known(mapping)
    others = {known[folded(name)]: name for name in record if folded(name) in known}
    renamed = {column: record[name] for column, name in others.items() if column not in record}
    return {**record, **renamed}


def _known(mapping: ImportMapping) -> dict[str, str]:
    """The mapping's columns by how they may be written; the columns themselves come first."""
    known = {folded(alias): column for column, names in mapping.aliases.items() for alias in names}
    return known | {folded(column): column for column in mapping.columns}


def _refuse_repeated(names: Sequence[str], mapping: ImportMapping) -> None:
    # Jira repeats the column of what there are several of: tags are all read, and of several
    # customers the first.
    several = [mapping.state.get(kind) for kind in (EventKind.TAGS, EventKind.CUSTOMER)]
    single = mapping.columns - {cell.column for cell in several if cell is not None}
    twice = sorted(name for name in single if names.count(name) > 1)
    if twice:
        raise ImportFault(f"the column {', '.join(twice)} stands there twice")
