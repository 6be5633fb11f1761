"""A report as blocks of words, figures and pictures, for every format alike.

Texts are plain and unescaped: each format escapes for itself. Nothing here knows HTML, PDF or a
spreadsheet, and no format knows what a service level is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Tone(StrEnum):
    """The meaning of a colour; the words beside it say the same."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    DEGRADED = "degraded"
    QUIET = "quiet"


class Unit(StrEnum):
    """What a column holds, which decides its alignment and its type in a spreadsheet."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"  # of one
    SECONDS = "seconds"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Bar:
    """A share drawn as a thin bar with its interval and target; all between 0 and 1."""

    share: float
    low: float
    high: float
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` is what people read, `value` what a spreadsheet computes with (None: the text)."""

    text: str
    value: float | int | datetime | None = None
    tone: Tone = Tone.PLAIN
    bar: Bar | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, and what it holds."""

    title: str
    unit: Unit = Unit.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is a short identifier, each once in a document. The first column names the row.

    A page shows `shown` rows (None: all) and says how many more there are.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = ""
    shown: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """`issued` False: drawn hollow. `few`: too few promises for a share, drawn as a gap."""

    label: str
    share: float | None
    issued: bool
    few: bool
    signal: bool


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """An XmR chart of shares of one."""

    points: tuple[TrendPoint, ...]
    mean: float | None
    low: float | None
    high: float | None
    target: float | None


@dataclass(frozen=True, slots=True)
class BarsPicture:
    """Groups of bars side by side: `series` by name, each as long as `labels`."""

    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
    axis: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`alt` states the finding, for readers with images off."""

    name: str
    title: str
    alt: str
    picture: TrendPicture | BarsPicture


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Tile:
    """One service level at a glance: "91 %" of what, against which target."""

    title: str
    figure: str
    detail: str
    tone: Tone
    bar: Bar | None = None


Block = Table | Chart | Words


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under a heading; `name` is an `audience.Part`."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """Whose report it is: an agency's name, its colour (#rrggbb) and its logo, a PNG or an SVG."""

    name: str = ""
    colour: str | None = None
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """`subject` carries the answer; `notices` come before all else (stale data); `summary` is one
    sentence; `definitions` are (word, meaning); `footer` lines name clock, zone, window, ages.
    `link`: the board's page of this report, None where there is no board for this audience.
    `head` stands above all else.
    """

    language: str  # a BCP 47 tag, such as en-GB
    subject: str
    title: str
    subtitle: str
    notices: tuple[Words, ...]
    summary: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    definitions: tuple[tuple[str, str], ...]
    footer: tuple[str, ...]
    link: str | None = None
    keywords: tuple[str, ...] = field(default=())
    head: Head | None = None
