"""The sentences of a report: its subject, its lead, its notices, the verdict they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from supportops.rendering.render import duration
from supportops.reports.document import Tone, Words
from supportops.reports.figures import Attainment, By, Figures, Promises
from supportops.reports.period import Cadence, Period
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import said, several, tier_inside

LONGEST_SUBJECT = 160


def week(label: str) -> str:
    """ "47" of "2026-W47"; another label as it is."""
    _, found, number = label.partition("-W")
    return number.lstrip("0") if found else label


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
class Still:
    """How many promises are open past their deadline, and how many fall due soon."""

    overdue: int
    at_risk: int


def still(figures: Figures) -> Still:
    """Counted, whichever lists this audience chose to see."""
    line = figures.line(By.ALL, None)
    return Still(line.overdue, line.at_risk) if line is not None else Still(0, 0)


def everything(figures: Figures) -> Attainment:
    """All promises of the report together."""
    line = figures.line(By.ALL, None)
    if line is not None:
        return line.attainment
    lines = tiers(figures)
    return Attainment(sum(p.attainment.due for p in lines), sum(p.attainment.met for p in lines))


def worst(figures: Figures) -> Promises | None:
    """The tier that a manager should hear of first; None where nothing fell due.

    By how many promises were broken beyond those that its target allows: so one of two tells less
    than forty of two hundred. Tiers without a target come last, the lowest share first.
    """
    lines = [p for p in tiers(figures) if p.attainment.due]
    return min(lines, key=_badness, default=None)


def _badness(line: Promises) -> tuple[bool, float]:
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


def counted(attainment: Attainment, reader: Reader) -> str:
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
    whose = f"{said(figures.customer, 60)}, " if figures.customer else ""
    told = _weekly if figures.period.cadence is Cadence.WEEKLY else _daily
    line = f"{whose}{told(figures, reader)}"
    return said(f"Corrected: {line}" if corrects else line, LONGEST_SUBJECT)


def _weekly(figures: Figures, reader: Reader) -> str:
    period = figures.period
    days = reader.days(period.first_day, period.last_day)
    name = f"SLA week {week(period.label)} ({days}){_so_far(figures)}"
    attainment, found = everything(figures), worst(figures)
    if found is None:
        return f"{name}: no promise fell due{_open(figures, reader)}"
    if not attainment.breached:
        return f"{name}: {_all_kept(attainment, reader)}{_open(figures, reader)}"
    against = (
        f", target {reader.target(found.attainment.target)}" if found.attainment.target else ""
    )
    lead = (
        "" if missed(found.attainment) or found.attainment.target is None else "on target, lowest "
    )
    tier = tier_inside(found.name or "", reader)
    answer = f"{lead}{tier} {counted(found.attainment, reader)}{against}"
    return f"{name}: {answer}{_open(figures, reader) or ' - no open breaches'}"


def _open(figures: Figures, reader: Reader) -> str:
    number = still(figures).overdue
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
    attainment, risk = everything(figures), still(figures).at_risk
    if not attainment.due:
        answer = "no promise fell due"
    elif attainment.breached:
        answer = f"{several(attainment.breached, 'promise')} broken"
    else:
        answer = _all_kept(attainment, reader)
    at_risk = reader.count(risk) if risk else "none"
    day = f"{period_name(figures.period, reader)}{_so_far(figures)}"
    return f"{day}: {answer}, {at_risk} at risk today"


def _so_far(figures: Figures) -> str:
    return "" if is_over(figures) else " so far"


def is_over(figures: Figures) -> bool:
    """Whether the period had ended when the report looked at it."""
    return figures.as_of >= figures.period.end


def lead(figures: Figures, reader: Reader) -> str:
    """One sentence that a manager can repeat."""
    start = f"{_on(figures.period)} {period_name(figures.period, reader)},"
    attainment = everything(figures)
    if not attainment.due:
        told = "no promise fell due"
    elif not attainment.breached:
        told = f"{_all_kept(attainment, reader).removesuffix('kept').rstrip()}{_were(attainment)}"
    else:
        told = f"{_met(attainment, reader)} promises were kept{_against(figures, reader)}"
    return f"{start} {told}; {_still(figures, reader)}."


def _on(period: Period) -> str:
    if period.cadence is Cadence.WEEKLY:
        return "In"
    return "On" if period.first_day == period.last_day else "From"


def _were(attainment: Attainment) -> str:
    return " kept" if attainment.due == 1 else " were kept"


def _met(attainment: Attainment, reader: Reader) -> str:
    return f"{reader.count(attainment.met)} of {reader.count(attainment.due)}"


def _against(figures: Figures, reader: Reader) -> str:
    found = worst(figures)
    if found is None or found.attainment.target is None:
        return ""
    if not missed(found.attainment):
        return ", and every tier with a target met it"
    attainment = found.attainment
    share = (
        "" if attainment.few else f" ({reader.share(attainment.share or 0, digits(attainment))})"
    )
    name, target = tier_inside(found.name or "", reader), reader.target(found.attainment.target)
    return f"; of {name} {_met(attainment, reader)}{share}, below the target of {target}"


def _still(figures: Figures, reader: Reader) -> str:
    overdue, risk = still(figures).overdue, still(figures).at_risk
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
    """What has to be known before any figure is read: old data first."""
    if figures.data_until is None:
        yield Words(
            "The ticket data was never synced: no figure about tickets can be trusted.", Tone.BAD
        )
    elif figures.stale:
        age = (figures.as_of - figures.data_until).total_seconds()
        yield Words(f"The ticket data is {_age(age)} old: figures may change.", Tone.BAD)
    if corrects:
        which = "" if edition is None else f" (edition {edition})"
        yield Words(f"Corrected{which}: this replaces what was sent before.")
    if not is_over(figures):
        yield Words("Made before its period was over: the figures will change.", Tone.BAD)
    volume = next((v for v in figures.volumes if v.by is By.ALL), None)
    if volume and not (volume.arrived or volume.open or everything(figures).due):
        yield Words("No ticket arrived in this period, and none is open.")


def _age(seconds: float) -> str:
    """ "5 h": old data is not told to the minute."""
    if seconds < 3600:
        return duration(seconds)
    return f"{seconds // 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds // 86400:.0f} days"
