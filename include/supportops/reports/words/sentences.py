"""The sentences of a report: its subject, its summary, its notices, and the verdicts in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from supportops.rendering.render import duration
from supportops.reports.document import Tone, Words
from supportops.reports.figures import Attainment, By, Figures, Promises
from supportops.reports.period import Cadence, Period
from supportops.reports.words import site_answers
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import plural, short_line, tier_inside

LONGEST_SUBJECT = 160


def week(label: str) -> str:
    """ "47" of "2026-W47"; another label as it is."""
    _, line, number = label.partition("-W")
    return number.lstrip("0") if line else label


def period_name(period: Period, reader: Reader) -> str:
    """ "week 47", "Thursday 19 Nov", or "Friday 20 Nov to Sunday 22 Nov"."""
    if period.cadence is Cadence.WEEKLY:
        return f"week {week(period.label)}"
    first, last = (reader.weekday(day) for day in (period.first_day, period.last_day))
    return first if first == last else f"{first} to {last}"


def tiers(figures: Figures) -> tuple[Promises, ...]:
    """One line a tier, over all its metrics."""
    return tuple(p for p in figures.promises if p.by is By.TIER and p.metric is None)


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """Promises that are open past their deadline, and promises that fall due soon."""

    overdue: int
    at_risk: int


def open_counts(figures: Figures) -> OpenCounts:
    """Counted, whichever lists this audience chose to see."""
    line = figures.line(By.ALL, None)
    return OpenCounts(line.overdue, line.at_risk) if line is not None else OpenCounts(0, 0)


def overall(figures: Figures) -> Attainment:
    """All promises of the report together."""
    line = figures.line(By.ALL, None)
    if line is not None:
        return line.attainment
    lines = tiers(figures)
    return Attainment(sum(p.attainment.due for p in lines), sum(p.attainment.met for p in lines))


def worst(figures: Figures) -> Promises | None:
    """The tier that a manager should see first; None where nothing fell due.

    By how many promises were broken beyond those that its target allows: so one of two weighs less
    than forty of two hundred. Tiers without a target come last, the lowest share first.
    """
    lines = [p for p in tiers(figures) if p.attainment.due]
    return min(lines, key=_breaches_over_target, default=None)


def _breaches_over_target(line: Promises) -> tuple[bool, float]:
    attainment = line.attainment
    if attainment.target is None:
        return True, attainment.met / attainment.due
    return False, attainment.due * (1 - attainment.target) - attainment.breached


def missed(attainment: Attainment) -> bool:
    """Whether fewer were kept than the target asks for."""
    return (
        attainment.target is not None
        and bool(attainment.due)
        and attainment.met < attainment.target * attainment.due - 1e-9
    )


def share_of_due(attainment: Attainment, reader: Reader) -> str:
    """ "91 % of 23 due", under few "11 of 12 due"."""
    if attainment.share is None:
        return "none due"
    if attainment.few:
        return f"{reader.count(attainment.met)} of {reader.count(attainment.due)} due"
    share = reader.share(attainment.share, digits(attainment))
    return f"{share} of {reader.count(attainment.due)} due"


def digits(attainment: Attainment) -> int:
    """As many decimal places as the target has, up to 2: else the two could look alike."""
    hundredths = round((attainment.target or 0) * 100, 6)
    return next((n for n in (0, 1) if hundredths == round(hundredths, n)), 2)


def subject(figures: Figures, reader: Reader, *, corrects: bool = False) -> str:
    """The subject line, which carries the answer."""
    whose = f"{short_line(figures.customer, 60)}, " if figures.customer else ""
    is_weekly = figures.period.cadence is Cadence.WEEKLY
    answer = _weekly(figures, reader) if is_weekly else _daily(figures, reader)
    line = f"{whose}{answer}"
    return short_line(f"Corrected: {line}" if corrects else line, LONGEST_SUBJECT)


def _weekly(figures: Figures, reader: Reader) -> str:
    period = figures.period
    days = reader.days(period.first_day, period.last_day)
    number = f"{week(period.label)} ({days}){_so_far(figures)}"
    if site_answers.lead(figures):
        return f"Week {number}: {site_answers.in_subject(figures, reader)}{_open(figures, reader)}"
    name = f"SLA week {number}"
    end = _outages(figures, reader)
    attainment, line = overall(figures), worst(figures)
    if line is None:
        return f"{name}: no promise fell due{_open(figures, reader)}{end}"
    if not attainment.breached:
        return f"{name}: {_all_kept(attainment, reader)}{_open(figures, reader)}{end}"
    against = f", target {reader.target(line.attainment.target)}" if line.attainment.target else ""
    is_met = line.attainment.target is not None and not missed(line.attainment)
    prefix = "on target, lowest " if is_met else ""
    tier = tier_inside(line.name or "", reader)
    answer = f"{prefix}{tier} {share_of_due(line.attainment, reader)}{against}"
    return f"{name}: {answer}{_open(figures, reader) or ' - no open breaches'}{end}"


def _outages(figures: Figures, reader: Reader) -> str:
    """ " - 5 outages", nothing where there were none."""
    return f" - {site_answers.counted(figures, reader)}" if site_answers.outages(figures) else ""


def _open(figures: Figures, reader: Reader) -> str:
    number = open_counts(figures).overdue
    return (
        f" - {reader.count(number)} open {'breach' if number == 1 else 'breaches'}"
        if number
        else ""
    )


def _all_kept(attainment: Attainment, reader: Reader) -> str:
    return (
        "the one promise due was kept"
        if attainment.due == 1
        else f"all {reader.count(attainment.due)} promises kept"
    )


def _daily(figures: Figures, reader: Reader) -> str:
    attainment, risk = overall(figures), open_counts(figures).at_risk
    if not attainment.due:
        answer = "no promise fell due"
    elif attainment.breached:
        answer = f"{plural(attainment.breached, 'promise', reader=reader)} broken"
    else:
        answer = _all_kept(attainment, reader)
    at_risk = reader.count(risk) if risk else "none"
    day = f"{period_name(figures.period, reader)}{_so_far(figures)}"
    if site_answers.lead(figures):
        first = site_answers.in_subject(figures, reader)
        return f"{day}: {first}" + (f" - {at_risk} promises at risk today" if risk else "")
    return f"{day}: {answer}, {at_risk} at risk today{_outages(figures, reader)}"


def _so_far(figures: Figures) -> str:
    return "" if is_over(figures) else " so far"


def is_over(figures: Figures) -> bool:
    """Whether the period had ended when the report looked at it."""
    return figures.as_of >= figures.period.end


def summary(figures: Figures, reader: Reader) -> str:
    """One sentence that a manager can repeat."""
    start = f"{_preposition(figures.period)} {period_name(figures.period, reader)},"
    attainment = overall(figures)
    if site_answers.lead(figures):
        clause = site_answers.in_summary(figures, reader)
        if not site_answers.has_tickets(figures):
            return f"{start} {clause}."
        return f"{start} {clause}; no promise fell due, {_open_clause(figures, reader)}."
    if not attainment.due:
        clause = "no promise fell due"
    elif not attainment.breached:
        clause = f"{_all_kept(attainment, reader).removesuffix('kept').rstrip()}{_were(attainment)}"
    else:
        clause = f"{_met(attainment, reader)} promises were kept{_target_clause(figures, reader)}"
    down = site_answers.in_summary(figures, reader) if site_answers.outages(figures) else ""
    end = f"; {down}" if down else ""
    return f"{start} {clause}; {_open_clause(figures, reader)}{end}."


def _preposition(period: Period) -> str:
    if period.cadence is Cadence.WEEKLY:
        return "In"
    return "On" if period.first_day == period.last_day else "From"


def _were(attainment: Attainment) -> str:
    return " kept" if attainment.due == 1 else " were kept"


def _met(attainment: Attainment, reader: Reader) -> str:
    return f"{reader.count(attainment.met)} of {reader.count(attainment.due)}"


def _target_clause(figures: Figures, reader: Reader) -> str:
    line = worst(figures)
    if line is None or line.attainment.target is None:
        return ""
    if not missed(line.attainment):
        return ", and every tier with a target met it"
    attainment = line.attainment
    share = (
        "" if attainment.few else f" ({reader.share(attainment.share or 0, digits(attainment))})"
    )
    name, target = tier_inside(line.name or "", reader), reader.target(line.attainment.target)
    return f"; of {name} {_met(attainment, reader)}{share}, below the target of {target}"


def _open_clause(figures: Figures, reader: Reader) -> str:
    overdue, risk = open_counts(figures).overdue, open_counts(figures).at_risk
    late = "none is open past its deadline"
    if overdue:
        late = f"{reader.count(overdue)} {'is' if overdue == 1 else 'are'} open past the deadline"
    if figures.period.cadence is Cadence.WEEKLY:
        return late
    at_risk = reader.count(risk) if risk else "none"
    return f"{late}, {at_risk} {'is' if risk < 2 else 'are'} at risk today"


def notices(
    figures: Figures, *, edition: int | None = None, corrects: bool = False
) -> Iterator[Words]:
    """What a reader must know before any figure: old data first."""
    if figures.stale and figures.data_until is not None:
        age = (figures.as_of - figures.data_until).total_seconds()
        yield Words(f"The ticket data is {_age(age)} old: figures may change.", Tone.BAD)
    if corrects:
        which = "" if edition is None else f" (edition {edition})"
        yield Words(f"Corrected{which}: this replaces what was sent before.")
    if not is_over(figures):
        yield Words("Made before its period was over: the figures will change.", Tone.BAD)
    volume = next((v for v in figures.volumes if v.by is By.ALL), None)
    quiet = volume and not (volume.arrived or volume.open or overall(figures).due)
    if quiet and figures.data_until is not None:
        yield Words("No ticket arrived in this period, and none is open.")


def _age(seconds: float) -> str:
    """ "5 h": the age of old data, not to the minute."""
    if seconds < 3600:
        return duration(seconds)
    return f"{seconds // 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds // 86400:.0f} days"
