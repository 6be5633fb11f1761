"""What the rows of a file mean: which column holds what, and how its words translate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from supportops.tickets.imports.instants import ISO, read_instant, read_number
from supportops.tickets.ticket import MAX_SEQUENCE, Author, EventKind

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_NUMBER = re.compile("[0-9]{1,25}")
_MINOR = 2**20
_COLUMN = re.compile(r"\{([^{}]+)\}")

Record = Mapping[str, str]


class RecordError(ValueError):
    """Why a row cannot be imported, in words for whoever has to correct it."""


class UnknownWordError(RecordError):
    """A word that a mapping does not translate."""


class FileFormat(StrEnum):
    """CSV and XLSX begin with a row of names; JSON is an array of objects, or one line for each.

    AUTO stands for the one that the file's first bytes show.
    """

    AUTO = "auto"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    JSON_LINES = "json_lines"


class Rows(StrEnum):
    """SNAPSHOTS have a ticket's state after each change, EVENTS what happened to it.

    TICKETS have one row for each ticket: its state now, and the instants of what happened to it.
    """

    SNAPSHOTS = "snapshots"
    EVENTS = "events"
    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class Cell:
    """A column, and how its words translate.

    Without `values` words are taken as they are. With them any other word is an error, and a word
    that translates to None counts as empty. `separator` stands between the words of a list that is
    not written with commas.
    """

    column: str
    values: Mapping[str, str | None] | None = None
    separator: str = ","

    def read(self, record: Record) -> str | None:
        """The translation of the row's word, None for an empty one. Raises UnknownWordError.

        A word that is listed in other letters (Closed for closed) counts as listed.
        """
        word = record.get(self.column, "")
        if self.separator != ",":
            word = ",".join(part for part in word.split(self.separator) if part)
        if not word or self.values is None:
            return word or None
        if word in self.values:
            return self.values[word]
        folded = word.strip().casefold()
        for listed, meaning in self.values.items():
            if listed.casefold() == folded:
                return meaning
        raise UnknownWordError(f"{self.column}: {shown(word)} means nothing in this mapping")


@dataclass(frozen=True, slots=True)
class Times:
    """How instants are written: formats tried in turn, and the zone of those without an offset."""

    formats: tuple[str, ...] = (ISO,)
    zone: str = "UTC"

    def read(self, record: Record, column: str) -> datetime:
        """The instant in `column`, in UTC. Raises RecordError."""
        word = record.get(column, "")
        if not word:
            raise RecordError(f"{column}: no instant")
        found = read_instant(word[:64], self.formats, self.zone)
        if found is None:
            raise RecordError(f"{column}: {shown(word)} is no instant written {self._expected()}")
        if not EARLIEST <= found < LATEST:
            raise RecordError(f"{column}: {shown(word)} is not between 1970 and 2200")
        return found

    def _expected(self) -> str:
        return " or ".join(self.formats)


@dataclass(frozen=True, slots=True)
class Template:
    """Text with `{column}` in it, each replaced once by the row's word in that column."""

    text: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named in the text."""
        return tuple(_COLUMN.findall(self.text))

    def fill(self, record: Record) -> str:
        """The text for a row; an empty cell is replaced by nothing."""
        return _COLUMN.sub(lambda found: record.get(found[1], ""), self.text)


@dataclass(frozen=True, slots=True)
class Creation:
    """The columns of a ticket's creation; `at` is that of the instant."""

    at: str
    author: Author = Author.CUSTOMER
    subject: Template = Template("")
    text: Template = Template("")
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class FirstReply:
    """The first row whose word in `column` is not one of `unless` is an agent's public reply."""

    column: str
    unless: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A row of a ticket whose word in `column` is one of `words` has no answer so far."""

    column: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Moment:
    """The column of an instant, or, with `unit`, of a number of units after the creation."""

    column: str
    unit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Instants:
    """In rows of tickets: where the instants of what happened to a ticket stand, if anywhere."""

    first_response: Moment | None = None
    solved: Moment | None = None
    closed: Moment | None = None
    due: Moment | None = None
    updated: Moment | None = None

    @property
    def given(self) -> dict[str, Moment]:
        """Those that the mapping names, by their names here."""
        named = {name: getattr(self, name) for name in Instants.__slots__}
        return {name: moment for name, moment in named.items() if moment is not None}


@dataclass(frozen=True, slots=True)
class Happening:
    """In rows of events: the columns of what happened, by whom, and with what text."""

    kind: Cell
    author: Cell
    value: str
    text: str
    values: Mapping[EventKind, Mapping[str, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """How to read one kind of file. See include/config/imports/ for what each part is for."""

    name: str
    source: str
    rows: Rows
    ticket: str
    at: str
    row_id: tuple[str, ...]
    created: Creation
    sequence: str | None = None
    format: FileFormat = FileFormat.CSV
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    missing: frozenset[str] = frozenset()
    times: Times = Times()
    author: Author = Author.AGENT
    state: Mapping[EventKind, Cell] = field(default_factory=dict)
    from_creation: frozenset[EventKind] = frozenset()
    first_reply: FirstReply | None = None
    happening: Happening | None = None
    instants: Instants = Instants()
    unanswered: Unanswered | None = None
    decimal_comma: bool | None = None
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def moment(self, record: Record, name: str, created: datetime) -> datetime | None:
        """The instant `name` of a row of a ticket, None where it has none. Raises RecordError."""
        moment = self.instants.given.get(name)
        if moment is None or not (word := record.get(moment.column, "")):
            return None
        if moment.unit is None:
            return self.times.read(record, moment.column)
        number = read_number(word, self.decimal_comma or False)
        if number is None or not 0 <= number * moment.unit.total_seconds() < 3e9:
            raise RecordError(f"{moment.column}: {shown(word)} is no time after the creation")
        return created + moment.unit * number

    def says_unanswered(self, record: Record) -> bool:
        """Whether a row of a ticket says that nobody has answered so far."""
        silent = self.unanswered
        return silent is not None and record.get(silent.column, "") in silent.words

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The columns that hold instants."""
        moments = [m.column for m in self.instants.given.values() if m.unit is None]
        return tuple(dict.fromkeys([self.at, self.created.at, *moments]))

    @property
    def required(self) -> frozenset[str]:
        """The columns without which no row can be read; of a row of a ticket, two are enough."""
        if self.rows is Rows.TICKETS:
            return frozenset(name for name in (self.ticket, self.created.at) if name)
        return self.columns

    def place(self, record: Record, line: int) -> int:
        """A row's place among those of one instant, from 1: by its column, or else its line.

        Raises RecordError for a word that `sequence_number` cannot read.
        """
        if self.sequence is None:
            return min(line, MAX_SEQUENCE)
        word = record.get(self.sequence, "")
        place = sequence_number(word)
        if place is None:
            raise RecordError(f"{self.sequence}: {shown(word)} is no number of a sequence")
        return place

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the mapping reads."""
        named = [self.ticket, self.at, self.created.at, *self.row_id]
        named += [*self.created.subject.columns, *self.created.text.columns]
        named += [cell.column for cell in self.state.values()]
        if self.created.requester is not None:
            named.append(self.created.requester)
        if self.first_reply is not None:
            named.append(self.first_reply.column)
        if self.sequence is not None:
            named.append(self.sequence)
        if (event := self.happening) is not None:
            named += [event.kind.column, event.author.column, event.value, event.text]
        named += [moment.column for moment in self.instants.given.values()]
        if self.unanswered is not None:
            named.append(self.unanswered.column)
        return frozenset(named)


def sequence_number(word: str) -> int | None:
    """The place that a word such as "10", "evt-10" or "4711.2" names, from 1; None for none.

    Its numbers decide in natural order, so that 9 comes before 10 and 1.9 before 1.10. There may
    be three of them, the second and third below 2^20.
    """
    numbers = [int(found) for found in _NUMBER.findall(word[:100])]
    if not 1 <= len(numbers) <= 3 or any(number >= _MINOR for number in numbers[1:]):
        return None
    place = numbers[0]
    for number in numbers[1:]:
        place = place * _MINOR + number
    return place + 1 if place < MAX_SEQUENCE else None


def shown(word: str) -> str:
    """A foreign word in a message: quoted and short."""
    return repr(word if len(word) <= 60 else f"{word[:57]}...")
