"""The sentences of a report: its subject, its summary, its notices, and the verdicts in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from supportops.reports.document import Tone, Words
from supportops.reports.figures import Attainment, By, Figures, Promises
from supportops.reports.formats.file import CLOCKS, LISTED_AT_MOST
from supportops.reports.period import Cadence, Period
from supportops.reports.words import cells, site_answers
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import short_line, tier_inside

LONGEST_SUBJECT = 160


def week(label: str) -> str:
    """ "47" of "2026-W47"; another label as it is."""
    _, line, number = label.partition("-W")
    return number.lstrip("0") if line else label


def period_name(period: Period, reader: Reader) -> str:
    """ "week 47", "November 2026", "Thursday 19 Nov", or "Friday 20 Nov to Sunday 22 Nov"."""
    if period.cadence is Cadence.MONTHLY:
        return reader.month(period.first_day)
    if period.cadence is Cadence.WEEKLY:
        return reader.gettext("week {week}", week=week(period.label))
    first, last = (reader.weekday(day) for day in (period.first_day, period.last_day))
    return first if first == last else reader.gettext("{first} to {last}", first=first, last=last)


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
        return reader.gettext("none due")
    if attainment.few:
        return some_due(attainment, reader)
    share = reader.share(attainment.share, digits(attainment))
    return reader.gettext("{share} of {all} due", share=share, all=reader.count(attainment.due))


def some_due(attainment: Attainment, reader: Reader) -> str:
    """ "21 of 23 due"."""
    return reader.gettext(
        "{share} of {all} due",
        share=reader.count(attainment.met),
        all=reader.count(attainment.due),
    )


def digits(attainment: Attainment) -> int:
    """As many decimal places as the target has, up to 2: else the two could look alike."""
    hundredths = round((attainment.target or 0) * 100, 6)
    return next((n for n in (0, 1) if hundredths == round(hundredths, n)), 2)


def subject(figures: Figures, reader: Reader, *, corrects: bool = False) -> str:
    """The subject line, which carries the answer."""
    is_daily = figures.period.cadence is Cadence.DAILY
    line = _daily(figures, reader) if is_daily else _of_a_while(figures, reader)
    if figures.customer:
        customer = short_line(figures.customer, 60)
        line = reader.gettext("{customer}, {line}", customer=customer, line=line)
    if corrects:
        line = reader.gettext("Corrected: {line}", line=line)
    return short_line(line, LONGEST_SUBJECT)


def _of_a_while(figures: Figures, reader: Reader) -> str:
    """The subject on a week or a month."""
    late = _open(figures, reader)
    if site_answers.lead(figures):
        name = _named(figures, reader, sla=False)
        return _answered(name, [site_answers.in_subject(figures, reader), *late], reader)
    name = _named(figures, reader, sla=True)
    attainment, line = overall(figures), worst(figures)
    if line is None:
        answer = reader.gettext("no promise fell due")
    elif not attainment.breached:
        answer = _all_kept(attainment, reader)
    else:
        answer, late = _of_worst(line, reader), late or [reader.gettext("no open breaches")]
    return _answered(name, [answer, *late, *_outages(figures, reader)], reader)


def _named(figures: Figures, reader: Reader, *, sla: bool) -> str:
    """ "SLA week 47 (16-22 Nov) so far", "November 2026"."""
    period = figures.period
    if period.cadence is Cadence.MONTHLY:
        name = reader.month(period.first_day)
        name = reader.gettext("SLA {period}", period=name) if sla else name
        return name if is_over(figures) else reader.gettext("{period} so far", period=name)
    days = reader.days(period.first_day, period.last_day)
    values = {"week": week(period.label), "days": days}
    if sla and is_over(figures):
        return reader.gettext("SLA week {week} ({days})", **values)
    if sla:
        return reader.gettext("SLA week {week} ({days}) so far", **values)
    if is_over(figures):
        return reader.gettext("Week {week} ({days})", **values)
    return reader.gettext("Week {week} ({days}) so far", **values)


def _answered(name: str, answers: Sequence[str], reader: Reader) -> str:
    """ "SLA week 47 (16-22 Nov): all 23 promises kept - 5 outages"."""
    return reader.gettext("{name}: {answer}", name=name, answer=" - ".join(answers))


def _of_worst(line: Promises, reader: Reader) -> str:
    attainment = line.attainment
    tier, share = tier_inside(line.name or "", reader), share_of_due(attainment, reader)
    if not attainment.target:
        return reader.gettext("{tier} {share}", tier=tier, share=share)
    target = reader.target(attainment.target)
    if missed(attainment):
        return reader.gettext(
            "{tier} {share}, target {target}", tier=tier, share=share, target=target
        )
    return reader.gettext(
        "on target, lowest {tier} {share}, target {target}", tier=tier, share=share, target=target
    )


def _outages(figures: Figures, reader: Reader) -> list[str]:
    """ "5 outages", nothing where there were none."""
    return [site_answers.counted(figures, reader)] if site_answers.outages(figures) else []


def _open(figures: Figures, reader: Reader) -> list[str]:
    """ "4 open breaches", nothing where there are none."""
    number = open_counts(figures).overdue
    breaches = reader.ngettext("{number} open breach", "{number} open breaches", number)
    return [breaches] if number else []


def _all_kept(attainment: Attainment, reader: Reader) -> str:
    return reader.ngettext(
        "the one promise due was kept", "all {number} promises kept", attainment.due
    )


def _daily(figures: Figures, reader: Reader) -> str:
    attainment, risk = overall(figures), open_counts(figures).at_risk
    day = period_name(figures.period, reader)
    if not is_over(figures):
        day = reader.gettext("{period} so far", period=day)
    if site_answers.lead(figures):
        at_risk = reader.ngettext(
            "{number} promise at risk today", "{number} promises at risk today", risk
        )
        answers = [site_answers.in_subject(figures, reader), *([at_risk] if risk else [])]
        return _answered(day, answers, reader)
    if not attainment.due:
        answer = reader.gettext("no promise fell due")
    elif attainment.breached:
        answer = reader.ngettext(
            "{number} promise broken", "{number} promises broken", attainment.breached
        )
    else:
        answer = _all_kept(attainment, reader)
    at_risk = (
        reader.gettext("{number} at risk today", number=reader.count(risk))
        if risk
        else reader.gettext("none at risk today")
    )
    answer = reader.gettext("{answer}, {risk}", answer=answer, risk=at_risk)
    return _answered(day, [answer, *_outages(figures, reader)], reader)


def is_over(figures: Figures) -> bool:
    """Whether the period had ended when the report looked at it."""
    return figures.as_of >= figures.period.end


def summary(figures: Figures, reader: Reader) -> str:
    """One sentence that a manager can repeat."""
    return _in_period(figures.period, reader, reader.words.clauses(_clauses(figures, reader)))


def _clauses(figures: Figures, reader: Reader) -> Iterator[str]:
    attainment = overall(figures)
    if site_answers.lead(figures):
        yield site_answers.in_summary(figures, reader)
        if site_answers.has_tickets(figures):
            none_due, late = reader.gettext("no promise fell due"), _open_clause(figures, reader)
            yield reader.gettext("{answer}, {risk}", answer=none_due, risk=late)
        return
    if not attainment.due:
        yield reader.gettext("no promise fell due")
    elif not attainment.breached:
        yield reader.words.npgettext(
            "in a sentence",
            "the one promise due was kept",
            "all {number} promises were kept",
            attainment.due,
        )
    else:
        yield from _kept_clauses(figures, attainment, reader)
    yield _open_clause(figures, reader)
    if site_answers.outages(figures):
        yield site_answers.in_summary(figures, reader)


def _in_period(period: Period, reader: Reader, clauses: str) -> str:
    if period.cadence is Cadence.WEEKLY:
        return reader.gettext(
            "In week {week}, {clauses}.", week=week(period.label), clauses=clauses
        )
    if period.cadence is Cadence.MONTHLY:
        month = reader.month(period.first_day)
        return reader.gettext("In {month}, {clauses}.", month=month, clauses=clauses)
    first, last = (reader.weekday(day) for day in (period.first_day, period.last_day))
    if first == last:
        return reader.gettext("On {day}, {clauses}.", day=first, clauses=clauses)
    return reader.gettext(
        "From {first} to {last}, {clauses}.", first=first, last=last, clauses=clauses
    )


def _kept_clauses(figures: Figures, attainment: Attainment, reader: Reader) -> Iterator[str]:
    line = worst(figures)
    counts = {"met": reader.count(attainment.met), "all": reader.count(attainment.due)}
    if line is None or line.attainment.target is None:
        yield reader.gettext("{met} of {all} promises were kept", **counts)
    elif not missed(line.attainment):
        yield reader.gettext(
            "{met} of {all} promises were kept, and every tier with a target met it", **counts
        )
    else:
        yield reader.gettext("{met} of {all} promises were kept", **counts)
        yield _missed_clause(line, reader)


def _missed_clause(line: Promises, reader: Reader) -> str:
    attainment = line.attainment
    kept = cells.some_of(attainment.met, attainment.due, reader)
    if not attainment.few:
        share = reader.share(attainment.share or 0, digits(attainment))
        kept = reader.gettext("{count} ({share})", count=kept, share=share)
    return reader.gettext(
        "of {tier} {kept}, below the target of {target}",
        tier=tier_inside(line.name or "", reader),
        kept=kept,
        target=reader.target(attainment.target or 0),
    )


def _open_clause(figures: Figures, reader: Reader) -> str:
    overdue, risk = open_counts(figures).overdue, open_counts(figures).at_risk
    late = reader.gettext("none is open past its deadline")
    if overdue:
        late = reader.ngettext(
            "{number} is open past the deadline", "{number} are open past the deadline", overdue
        )
    if figures.period.cadence is not Cadence.DAILY:
        return late
    at_risk = (
        reader.ngettext("{number} is at risk today", "{number} are at risk today", risk)
        if risk
        else reader.gettext("none is at risk today")
    )
    return reader.gettext("{answer}, {risk}", answer=late, risk=at_risk)


def notices(
    figures: Figures, reader: Reader, *, edition: int | None = None, corrects: bool = False
) -> Iterator[Words]:
    """What a reader must know before any figure: old data first."""
    if figures.stale and figures.data_until is not None:
        age = _age((figures.as_of - figures.data_until).total_seconds(), reader)
        old = reader.gettext("The ticket data is {age} old: figures may change.", age=age)
        yield Words(old, Tone.BAD)
    if corrects and edition is None:
        yield Words(reader.gettext("Corrected: this replaces what was sent before."))
    elif corrects:
        yield Words(
            reader.gettext(
                "Corrected (edition {edition}): this replaces what was sent before.",
                edition=edition,
            )
        )
    if not is_over(figures):
        early = reader.gettext("Made before its period was over: the figures will change.")
        yield Words(early, Tone.BAD)
    volume = next((v for v in figures.volumes if v.by is By.ALL), None)
    quiet = volume and not (volume.arrived or volume.open or overall(figures).due)
    if quiet and figures.data_until is not None:
        yield Words(reader.gettext("No ticket arrived in this period, and none is open."))


def cut_list(clocks: int, reader: Reader) -> Iterator[Words]:
    """That the workbook lists fewer promises than the period has, and which file has all."""
    if clocks > LISTED_AT_MOST:
        yield Words(
            reader.gettext(
                "The workbook lists {listed} of {all} promises; the file {file} has all of them.",
                listed=reader.count(LISTED_AT_MOST),
                all=reader.count(clocks),
                file=CLOCKS,
            )
        )


def _age(seconds: float, reader: Reader) -> str:
    """ "5 h": the age of old data, not to the minute."""
    if seconds < 3600:
        return reader.duration(seconds)
    if seconds < 48 * 3600:
        return reader.gettext("{hours} h", hours=f"{seconds // 3600:.0f}")
    days = int(seconds // 86400)
    return reader.ngettext("{number} day", "{number} days", days)
