"""Single figures as cells of a table: what people read, and what a spreadsheet computes with."""

from __future__ import annotations

from datetime import datetime

from supportops.rendering.render import duration
from supportops.reports.document import Bar, Cell, Tone
from supportops.reports.figures import Kept, Quantile
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import said

NONE = Cell("–", tone=Tone.QUIET)


def words(text: object, tone: Tone = Tone.PLAIN) -> Cell:
    """Text of whoever wrote it."""
    return Cell(said(text), tone=tone)


def count(number: int, reader: Reader) -> Cell:
    """How many; a zero is quiet."""
    return Cell(reader.count(number), number, Tone.PLAIN if number else Tone.QUIET)


def verdict(kept: Kept) -> Tone:
    """What may be said about a share and its target.

    GOOD at or above the target. BAD only where the whole Wilson interval lies below it: else
    chance may explain the gap, and the words say so. No verdict on few, or without a target.
    """
    if kept.few or kept.share is None or kept.target is None:
        return Tone.PLAIN
    if kept.share >= kept.target:
        return Tone.GOOD
    return Tone.BAD if kept.high is not None and kept.high < kept.target else Tone.PLAIN


def bar(kept: Kept) -> Bar | None:
    """The share with its interval; none for few."""
    if kept.few or kept.share is None:
        return None
    low = kept.share if kept.low is None else kept.low
    high = kept.share if kept.high is None else kept.high
    return Bar(kept.share, low, high, kept.target)


def share(kept: Kept, reader: Reader) -> Cell:
    """ "90.9 %" with its bar; under few "11 of 12"."""
    if kept.share is None:
        return NONE
    if kept.few:
        return Cell(f"{reader.count(kept.met)} of {reader.count(kept.due)}")
    return Cell(reader.share(kept.share, 1), kept.share, verdict(kept), bar(kept))


def instant(moment: datetime | None, reader: Reader) -> Cell:
    """ "Thu 19 Nov 14:05"."""
    return NONE if moment is None else Cell(reader.instant(moment), moment)


def hours(seconds: float) -> str:
    """Business time, never in days, which are of 24 hours to some and of 8 to others: "52 h"."""
    if seconds < 0:
        return f"-{hours(-seconds)}"
    whole = int(seconds // 3600)
    return duration(seconds) if whole < 10 else f"{whole} h"


def business(seconds: float | None) -> Cell:
    """A length of the promise's own time."""
    return NONE if seconds is None else Cell(hours(seconds), seconds)


def calendar(seconds: float | None) -> Cell:
    """A length of everybody's time."""
    return NONE if seconds is None else Cell(duration(seconds), seconds)


def business_quantile(quantile: Quantile) -> Cell:
    """ "3 h 10 min", or "not reached, over 52 h"."""
    if quantile.seconds is None and quantile.over is not None:
        return Cell(f"not reached, over {hours(quantile.over)}")
    return business(quantile.seconds)


def calendar_quantile(quantile: Quantile) -> Cell:
    """ "1 d 4 h", or "not reached, over 3 d 2 h"."""
    if quantile.seconds is None and quantile.over is not None:
        return Cell(f"not reached, over {duration(quantile.over)}")
    return calendar(quantile.seconds)
