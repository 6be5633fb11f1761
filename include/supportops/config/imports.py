"""`imports/NAME.yaml`: what the rows of a file of tickets mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from supportops.config.model import Model
from supportops.config.values import zone_name
from supportops.tickets.imports.mapping import (
    EPOCH_SECONDS,
    ISO,
    Cell,
    Creation,
    FileFormat,
    FirstReply,
    Happening,
    ImportMapping,
    Rows,
    Template,
    Times,
)
from supportops.tickets.ticket import Author, EventKind, Status

OFFICE = "office"
STATE_KINDS = ("status", "priority", "tier", "assignee", "site", "customer", "tags")


def _encoding(found: str) -> str:
    try:
        "".encode(codecs.lookup(found).name)
    except (LookupError, ValueError):
        raise ValueError("an encoding such as utf-8 or cp1252") from None
    return "utf-8-sig" if codecs.lookup(found).name == "utf-8" else found


def _zone(found: str) -> str:
    return found if found == OFFICE else zone_name(found)


def _time_format(found: str) -> str:
    if found in (ISO, EPOCH_SECONDS) or re.search(r"%[YyDcxsG]", found):
        return found
    raise ValueError("iso, epoch or a format with a year such as %d/%m/%Y %H:%M")


Column = Annotated[str, Field(min_length=1)]
Words = Mapping[str, str | None]
ZoneOfTimes = Annotated[str, AfterValidator(_zone)]


def _known(words: Words | None, meanings: Any, what: str) -> None:
    allowed = {str(meaning) for meaning in meanings}
    for word, meaning in (words or {}).items():
        if meaning is not None and meaning not in allowed:
            raise ValueError(f"{what} for {word!r}: one of {', '.join(sorted(allowed))}")


class CellEntry(Model):
    column: Column
    values: Words | None = None

    def cell(self) -> Cell:
        return Cell(self.column, self.values)


class TimesEntry(Model):
    formats: Annotated[list[Annotated[str, AfterValidator(_time_format)]], Field(min_length=1)] = [
        ISO
    ]
    zone: ZoneOfTimes = "UTC"

    def times(self, office: str) -> Times:
        """`office`: the zone that the word "office" stands for."""
        return Times(tuple(self.formats), office if self.zone == OFFICE else self.zone)


class CreatedEntry(Model):
    at: Column
    author: Author = Author.CUSTOMER
    subject: str = ""
    text: str = ""
    requester: Column | None = None

    def creation(self) -> Creation:
        subject, text = Template(self.subject), Template(self.text)
        return Creation(self.at, self.author, subject, text, self.requester)


class FirstReplyEntry(Model):
    column: Column
    unless: list[str]


class StateEntry(Model):
    status: CellEntry | None = None
    priority: CellEntry | None = None
    tier: CellEntry | None = None
    assignee: CellEntry | None = None
    site: CellEntry | None = None
    customer: CellEntry | None = None
    tags: CellEntry | None = None

    @model_validator(mode="after")
    def _statuses(self) -> Self:
        _known((self.status.values or {}) if self.status else {}, Status, "a status")
        return self

    def cells(self) -> dict[EventKind, Cell]:
        found = {EventKind(name): getattr(self, name) for name in STATE_KINDS}
        return {kind: entry.cell() for kind, entry in found.items() if entry is not None}


class HappeningEntry(Model):
    kind: CellEntry
    author: CellEntry
    value: Column
    text: Column
    values: Mapping[EventKind, Words] = {}

    @model_validator(mode="after")
    def _meanings(self) -> Self:
        _known(self.kind.values, EventKind, "what happened")
        _known(self.author.values, Author, "an author")
        _known(self.values.get(EventKind.STATUS, {}), Status, "a status")
        return self

    def happening(self) -> Happening:
        return Happening(self.kind.cell(), self.author.cell(), self.value, self.text, self.values)


class ImportFile(Model):
    """The whole of `imports/NAME.yaml`."""

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
    format: FileFormat = FileFormat.CSV
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1, pattern=r"^[^\"\r\n]$")] = ","
    missing: list[str] = []
    times: TimesEntry = TimesEntry()
    rows: Rows
    ticket: Column
    at: Column
    row_id: Annotated[list[Column], Field(min_length=1)]
    sequence: Column | None = None
    author: Author = Author.AGENT
    created: CreatedEntry
    state: StateEntry = StateEntry()
    from_creation: list[EventKind] = []
    first_reply: FirstReplyEntry | None = None
    happening: HappeningEntry | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.rows is Rows.EVENTS) != (self.happening is not None):
            raise ValueError("`happening` where rows are events, and only there")
        if self.rows is Rows.EVENTS and (self.from_creation or self.first_reply):
            raise ValueError("`from_creation` and `first_reply` only where rows are snapshots")
        given = self.state.cells()
        unknown = [k for k in self.from_creation if k not in given or k is EventKind.STATUS]
        if unknown:
            raise ValueError("in `from_creation` what `state` has, except the status")
        return self

    def mapping(self, name: str, office: str) -> ImportMapping:
        """`office`: the zone of the office, for instants that are on its clock."""
        reply, happening = self.first_reply, self.happening
        return ImportMapping(
            name=name,
            source=self.source,
            rows=self.rows,
            ticket=self.ticket,
            at=self.at,
            row_id=tuple(self.row_id),
            sequence=self.sequence,
            created=self.created.creation(),
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            missing=frozenset(self.missing),
            times=self.times.times(office),
            author=self.author,
            state=self.state.cells(),
            from_creation=frozenset(self.from_creation),
            first_reply=None
            if reply is None
            else FirstReply(reply.column, frozenset(reply.unless)),
            happening=None if happening is None else happening.happening(),
        )
