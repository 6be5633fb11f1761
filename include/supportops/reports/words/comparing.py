"""A comparison of two reports in words, for the people at the desk: English, as the board is."""

from __future__ import annotations

from dataclasses import dataclass

from supportops.reports.compare import SECONDS, SHARES, Change, Comparison, Group, Line, Measure
from supportops.reports.compare import Value as Figure
from supportops.reports.document import Tone
from supportops.reports.figures import By, Restatement
from supportops.reports.words import cells, labels, sentences
from supportops.reports.words.dates import Reader

TITLES = {
    Group.PROMISES: "Promises kept",
    Group.TIMES: "How long it took",
    Group.TICKETS: "Tickets",
    Group.SITES: "Sites",
    Group.INCIDENTS: "Incidents",
    Group.MESSAGES: "Messages",
}
_MEASURES = {
    Measure.KEPT: "kept",
    Measure.OVERDUE: "open past the deadline",
    Measure.MEDIAN_BUSINESS: "half within, business time",
    Measure.MEDIAN_CALENDAR: "half within, calendar time",
    Measure.P90_BUSINESS: "nine of ten within, business time",
    Measure.P90_CALENDAR: "nine of ten within, calendar time",
    Measure.ARRIVED: "arrived",
    Measure.SOLVED: "solved",
    Measure.REOPENED: "reopened",
    Measure.OPEN: "open at the end",
    Measure.UP: "up",
    Measure.OUTAGES: "outages",
    Measure.DOWN: "down",
    Measure.COUNT: "incidents",
    Measure.DETECTION: "half confirmed within",
    Measure.RECOVERY: "half over within",
    Measure.UNDELIVERED: "never delivered",
}
_WORDS = {
    Change.BETTER: "better",
    Change.WORSE: "worse",
    Change.UNSURE: "maybe by chance",
    Change.OTHER: "",
    Change.SAME: "the same",
    Change.UNKNOWN: "",
}
_TONES = {Change.BETTER: Tone.GOOD, Change.WORSE: Tone.BAD, Change.OTHER: Tone.PLAIN}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of both reports as people read it; `difference` is in words, with its direction.

    `tone`: good or bad where the change is, quiet where it may be chance or is none.
    """

    name: str
    what: str
    first: str
    second: str
    difference: str
    change: Change
    tone: Tone


@dataclass(frozen=True, slots=True)
class Block:
    """The figures about one thing."""

    title: str
    rows: tuple[Row, ...]


def blocks(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """The comparison in words, without the groups that neither report has."""
    found = (
        Block(TITLES[group], tuple(_row(line, reader) for line in comparison.of(group)))
        for group in Group
    )
    return tuple(block for block in found if block.rows)


def answer(comparison: Comparison) -> str:
    """ "Better: 5 figures. Worse: 2. Moved no more than chance explains: 9.", for the top."""
    counts = {each: sum(line.change is each for line in comparison.lines) for each in Change}
    if not comparison.lines:
        return "The two have no figure in common."
    words = f"Better: {counts[Change.BETTER]} of {len(comparison.lines)} figures. "
    words += f"Worse: {counts[Change.WORSE]}."
    if counts[Change.UNSURE]:
        words += f" Moved no more than chance explains: {counts[Change.UNSURE]}."
    return words


def restated(each: Restatement, reader: Reader) -> str:
    """ "Bug fixes, 2026-W46: 91.3 % of 23 due, now 90.9 % of 22 due: ticket zendesk/123 merged"."""
    name = labels.group(By.ALL if each.tier is None else By.TIER, each.tier, reader)
    then, now = (sentences.share_of_due(side, reader) for side in (each.issued, each.now))
    rules = ", ".join(labels.short_line(rule, 40) for rule in each.rules)
    parts = [f"changed since, also for that time: {rules}"] if rules else []
    parts += [
        f"ticket {labels.short_line(f'{why.source}/{why.number}', 60)} "
        f"{labels.short_line(why.why, 120)}"
        for why in each.because
    ]
    because = "; ".join(parts)
    return f"{name}, {each.label}: {then}, now {now}{': ' if because else ''}{because}"


def _row(line: Line, reader: Reader) -> Row:
    return Row(
        name=_name(line, reader),
        what=_what(line, reader),
        first=_shown(line.first, line.measure, reader),
        second=_shown(line.second, line.measure, reader),
        difference=_difference(line, reader),
        change=line.change,
        tone=_TONES.get(line.change, Tone.QUIET),
    )


def _name(line: Line, reader: Reader) -> str:
    if line.group is Group.INCIDENTS:
        return "All"
    if line.group is Group.MESSAGES:
        return labels.channel(line.name or "", reader)
    if line.group is Group.SITES:
        return "All sites" if line.name is None else labels.short_line(line.name, 80)
    return labels.group(By.ALL if line.name is None else By.TIER, line.name, reader)


def _what(line: Line, reader: Reader) -> str:
    what = _MEASURES[line.measure]
    if line.metric is None:
        return what
    return f"{labels.metric(line.metric, reader)}: {what}"


def _shown(value: Figure | None, measure: Measure, reader: Reader) -> str:
    if value is None:
        return "–"
    if measure is Measure.KEPT:
        return _kept(value, reader)
    if value.number is None:
        return (
            "–"
            if value.over is None
            else f"not reached, over {_length(value.over, reader, measure)}"
        )
    if measure in SHARES:
        return reader.share(value.number, 2)
    if measure in SECONDS:
        return _length(value.number, reader, measure)
    return reader.count(int(value.number))


def _kept(value: Figure, reader: Reader) -> str:
    if value.number is None or not value.due:
        return "none due"
    if value.few:
        return cells.some_of(value.met or 0, value.due, reader)
    return cells.share_of(value.number, 1, value.due, reader)


def _length(seconds: float, reader: Reader, measure: Measure) -> str:
    business = measure in (Measure.MEDIAN_BUSINESS, Measure.P90_BUSINESS)
    return cells.hours(seconds, reader) if business else reader.duration(seconds)


def _difference(line: Line, reader: Reader) -> str:
    """ "2.9 points more, better"; "the same"; "only in the second"."""
    if line.first is None or line.second is None:
        return "only in the second" if line.first is None else "only in the first"
    word = _WORDS[line.change]
    if line.difference is None:
        return word
    if line.change is Change.SAME:
        return word
    amount = _amount(abs(line.difference), line, reader)
    return ", ".join(each for each in (amount, word) if each)


def _amount(size: float, line: Line, reader: Reader) -> str:
    more = (line.difference or 0) > 0
    sides = [side for side in (line.first, line.second) if side is not None]
    if line.measure is Measure.KEPT and any(side.few for side in sides):
        return ""
    if line.measure in SHARES:
        points = f"{size * 100:.2f}".rstrip("0").rstrip(".")
        return f"{points if points != '0' else 'under 0.01'} points {'more' if more else 'less'}"
    if line.measure in SECONDS:
        return f"{_length(size, reader, line.measure)} {'longer' if more else 'shorter'}"
    return f"{reader.count(int(size))} {'more' if more else 'fewer'}"
