"""Single figures as cells of a table: what people read, and what a spreadsheet computes with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from supportops.reports.document import Bar, Cell, Column, Tone
from supportops.reports.figures import Attainment, Quantile
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import short_line

NONE = Cell("–", tone=Tone.QUIET)


def columns(reader: Reader, *named: Column) -> tuple[Column, ...]:
    """Columns whose titles are messages, in the reader's language."""
    return tuple(replace(each, title=reader.gettext(each.title)) for each in named)


def text(value: object, tone: Tone = Tone.PLAIN) -> Cell:
    """A text of anybody, on one line."""
    return Cell(short_line(value), tone=tone)


def cause(cause: str, note: str) -> Cell:
    """ "hosting: the disk was full", as people noted it."""
    return text(": ".join(each for each in (cause, note) if each)) if cause or note else NONE


def count(number: int, reader: Reader) -> Cell:
    """How many; a zero is quiet."""
    return Cell(reader.count(number), number, Tone.PLAIN if number else Tone.QUIET)


def verdict(attainment: Attainment) -> Tone:
    """The tone of a share beside its target.

    GOOD at or above the target. BAD only where the whole Wilson interval lies below it: else
    chance may explain the gap, and the words say so. No verdict on few, or without a target.
    """
    if attainment.few or attainment.share is None or attainment.target is None:
        return Tone.PLAIN
    if attainment.share >= attainment.target:
        return Tone.GOOD
    return (
        Tone.BAD
        if attainment.high is not None and attainment.high < attainment.target
        else Tone.PLAIN
    )


def bar(attainment: Attainment) -> Bar | None:
    """The share with its interval; none for few."""
    if attainment.few or attainment.share is None:
        return None
    low = attainment.share if attainment.low is None else attainment.low
    high = attainment.share if attainment.high is None else attainment.high
    return Bar(attainment.share, low, high, attainment.target)


def some_of(some: int, whole: int, reader: Reader) -> str:
    """ "11 of 12"."""
    return reader.gettext("{some} of {all}", some=reader.count(some), all=reader.count(whole))


def share_of(share: float, digits: int, whole: int, reader: Reader) -> str:
    """ "91 % of 23"."""
    return reader.gettext(
        "{share} of {all}", share=reader.share(share, digits), all=reader.count(whole)
    )


def share(attainment: Attainment, reader: Reader) -> Cell:
    """ "90.9 %" with its bar; under few "11 of 12"."""
    if attainment.share is None:
        return NONE
    if attainment.few:
        return Cell(some_of(attainment.met, attainment.due, reader))
    return Cell(
        reader.share(attainment.share, 1), attainment.share, verdict(attainment), bar(attainment)
    )


def instant(moment: datetime | None, reader: Reader) -> Cell:
    """ "Thu 19 Nov 14:05"."""
    return NONE if moment is None else Cell(reader.instant(moment), moment)


def hours(seconds: float, reader: Reader) -> str:
    """Business time, never in days, which are of 24 hours to some and of 8 to others: "52 h"."""
    if seconds < 0:
        return f"-{hours(-seconds, reader)}"
    whole = int(seconds // 3600)
    if whole < 10:
        return reader.duration(seconds)
    return reader.gettext("{hours} h", hours=reader.count(whole))


def business(seconds: float | None, reader: Reader) -> Cell:
    """A length of business time."""
    return NONE if seconds is None else Cell(hours(seconds, reader), seconds)


def calendar(seconds: float | None, reader: Reader) -> Cell:
    """A length of calendar time."""
    return NONE if seconds is None else Cell(reader.duration(seconds), seconds)


def business_quantile(quantile: Quantile, reader: Reader) -> Cell:
    """ "3 h 10 min", or "not reached, over 52 h"."""
    if quantile.seconds is None and quantile.over is not None:
        return _not_reached(hours(quantile.over, reader), reader)
    return business(quantile.seconds, reader)


def calendar_quantile(quantile: Quantile, reader: Reader) -> Cell:
    """ "1 d 4 h", or "not reached, over 3 d 2 h"."""
    if quantile.seconds is None and quantile.over is not None:
        return _not_reached(reader.duration(quantile.over), reader)
    return calendar(quantile.seconds, reader)


def _not_reached(length: str, reader: Reader) -> Cell:
    return Cell(reader.gettext("not reached, over {length}", length=length))
