"""`imports/NAME.yaml`: what the rows of a file of tickets mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from supportops.config.model import Model
from supportops.config.values import zone_name
from supportops.tickets.imports.instants import AUTO, NAMED
from supportops.tickets.imports.mapping import (
    Cell,
    Creation,
    FileFormat,
    FirstReply,
    Happening,
    ImportMapping,
    Instants,
    Moment,
    Rows,
    Template,
    Times,
    Unanswered,
)
from supportops.tickets.ticket import Author, EventKind, Status

OFFICE = "office"
UNITS = {
    "seconds": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
STATE_KINDS = ("status", "priority", "tier", "assignee", "site", "customer", "tags")


def encoding_name(found: str) -> str:
    """The name of an encoding, or `auto`. Raises ValueError."""
    if found == AUTO:
        return found
    try:
        "".encode(codecs.lookup(found).name)
        if codecs.lookup(found).name in ("idna", "punycode"):  # of domain names, not of files
            raise ValueError(found)
    except (LookupError, ValueError):
        raise ValueError("an encoding such as utf-8 or cp1252") from None
    return "utf-8-sig" if codecs.lookup(found).name == "utf-8" else found


def delimiter_sign(found: str) -> str:
    """A delimiter, or `auto`. Raises ValueError."""
    found = {"tab": "\t", "\\t": "\t"}.get(found, found)
    if found == AUTO or (len(found) == 1 and found not in '"\r\n'):
        return found
    raise ValueError("one character such as ;, tab or auto")


def _zone(found: str) -> str:
    return found if found == OFFICE else zone_name(found)


def _time_format(found: str) -> str:
    if found in (AUTO, *NAMED) or re.search(r"%[YyDcxsG]", found):
        return found
    named = ", ".join((AUTO, *NAMED))
    raise ValueError(f"one of {named}, or a format with a year such as %d/%m/%Y %H:%M")


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


class TagsEntry(CellEntry):
    separator: Annotated[str, Field(min_length=1, max_length=10)] = ","

    def cell(self) -> Cell:
        return Cell(self.column, self.values, self.separator)


class TimesEntry(Model):
    formats: Annotated[list[Annotated[str, AfterValidator(_time_format)]], Field(min_length=1)] = [
        AUTO
    ]
    zone: ZoneOfTimes = "UTC"

    def times(self, office: str) -> Times:
        """`office`: the zone that the word "office" stands for."""
        return Times(tuple(self.formats), office if self.zone == OFFICE else self.zone)


class MomentEntry(Model):
    column: Column
    after_creation: Literal["seconds", "minutes", "hours", "days"] | None = None

    def moment(self) -> Moment:
        return Moment(self.column, UNITS[self.after_creation] if self.after_creation else None)


class InstantsEntry(Model):
    first_response: MomentEntry | Column | None = None
    solved: MomentEntry | Column | None = None
    closed: MomentEntry | Column | None = None
    due: MomentEntry | Column | None = None
    updated: MomentEntry | Column | None = None

    def instants(self) -> Instants:
        found = {name: getattr(self, name) for name in Instants.__slots__}
        moments = {
            name: Moment(entry) if isinstance(entry, str) else entry.moment()
            for name, entry in found.items()
            if entry is not None
        }
        return Instants(**moments)


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


class UnansweredEntry(Model):
    column: Column
    words: Annotated[list[str], Field(min_length=1)]


class StateEntry(Model):
    status: CellEntry | None = None
    priority: CellEntry | None = None
    tier: CellEntry | None = None
    assignee: CellEntry | None = None
    site: CellEntry | None = None
    customer: CellEntry | None = None
    tags: TagsEntry | None = None

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
    format: FileFormat = FileFormat.AUTO
    encoding: Annotated[str, AfterValidator(encoding_name)] = AUTO
    delimiter: Annotated[str, AfterValidator(delimiter_sign)] = AUTO
    decimal: Literal["auto", "comma", "point"] = "auto"
    missing: list[str] = []
    times: TimesEntry = TimesEntry()
    rows: Rows
    ticket: Column
    at: Column | None = None
    row_id: Annotated[list[Column], Field(min_length=1)] | None = None
    sequence: Column | None = None
    author: Author = Author.AGENT
    created: CreatedEntry
    state: StateEntry = StateEntry()
    from_creation: list[EventKind] = []
    first_reply: FirstReplyEntry | None = None
    happening: HappeningEntry | None = None
    instants: InstantsEntry | None = None
    unanswered: UnansweredEntry | None = None
    aliases: Mapping[str, list[str]] = {}

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.rows is Rows.EVENTS) != (self.happening is not None):
            raise ValueError("`happening` where rows are events, and only there")
        one_row = self.rows is Rows.TICKETS
        if one_row != (self.instants is not None):
            raise ValueError("`instants` where rows are tickets, and only there")
        if self.unanswered is not None and not one_row:
            raise ValueError("`unanswered` only where rows are tickets")
        if one_row and (self.at or self.row_id or self.sequence):
            raise ValueError("`at`, `row_id` and `sequence` not where rows are tickets")
        if not one_row and (self.at is None or self.row_id is None):
            raise ValueError("`at` and `row_id` where rows are snapshots or events")
        if one_row and (self.from_creation or self.first_reply):
            raise ValueError("`from_creation` and `first_reply` only where rows are snapshots")
        if self.rows is Rows.EVENTS and (self.from_creation or self.first_reply):
            raise ValueError("`from_creation` and `first_reply` only where rows are snapshots")
        given = self.state.cells()
        unknown = [k for k in self.from_creation if k not in given or k is EventKind.STATUS]
        if unknown:
            raise ValueError("in `from_creation` what `state` has, except the status")
        return self

    def mapping(self, name: str, office: str) -> ImportMapping:
        """`office`: the zone of the office, for instants that are on its clock."""
        reply, happening, silent = self.first_reply, self.happening, self.unanswered
        return ImportMapping(
            name=name,
            source=self.source,
            rows=self.rows,
            ticket=self.ticket,
            at=self.at or self.created.at,
            row_id=tuple(self.row_id or ()),
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
            instants=Instants() if self.instants is None else self.instants.instants(),
            unanswered=None
            if silent is None
            else Unanswered(silent.column, frozenset(silent.words)),
            decimal_comma=None if self.decimal == "auto" else self.decimal == "comma",
            aliases={name: tuple(others) for name, others in self.aliases.items()},
        )
