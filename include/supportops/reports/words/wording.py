"""From figures to a document: which sections a reader gets, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from supportops.rendering.catalogue import N_, spoken
from supportops.reports.audience import Audience, Part, Plan
from supportops.reports.document import Block, Document, Section, Tile, Tone
from supportops.reports.figures import Attainment, Figures, Promises
from supportops.reports.period import Cadence
from supportops.reports.words import (
    cells,
    explanations,
    labels,
    sentences,
    site_answers,
    site_tables,
    tables,
    ticket_tables,
    trend_blocks,
    tutorial_table,
)
from supportops.reports.words.dates import Reader

_TITLES = {
    Part.TIERS: N_("Service levels"),
    Part.TREND: N_("Trend"),
    Part.RESTATEMENTS: N_("Restatements"),
    Part.OPEN_BREACHES: N_("Open breaches"),
    Part.BREACHES: N_("Broken promises"),
    Part.AT_RISK: N_("At risk"),
    Part.VOLUME: N_("Tickets"),
    Part.CUSTOMERS: N_("Customers"),
    Part.ASSIGNEES: N_("Assignees"),
    Part.SITES: N_("Sites"),
    Part.INCIDENTS: N_("Incidents"),
    Part.ALERTS: N_("Alerts"),
    Part.TUTORIALS: N_("Tutorials"),
}
_OF_SITES = (Part.SITES, Part.INCIDENTS)
_OF_TICKETS = frozenset(Part) - {*_OF_SITES, Part.ALERTS, Part.CUSTOMERS}
# A day is too short for a trend, a month too long; neither restates a week.
_WEEKLY_ALONE = frozenset({Part.TREND, Part.RESTATEMENTS})


def document(
    figures: Figures,
    audience: Audience,
    plan: Plan,
    *,
    tier_titles: Mapping[str, str],
    channel_labels: Mapping[str, str],
    tier_ranks: Mapping[str, int] | None = None,
    link: str | None,
    edition: int | None = None,
    corrects: bool = False,
    version: str | None = None,
    clocks: int = 0,
) -> Document:
    """The report in words, for one audience; the same input gives the same document.

    `tier_titles` and `channel_labels`: what tiers and channels are called, by their identifiers.
    `tier_ranks`: how severe tiers are, 0 the most; others come after them.
    `link` is the board's page of the report. `corrects`: an earlier edition was sent. `edition`
    counts from 1, `version` is the code's; what is None is left out. `clocks`: so many promises
    are listed in the workbook, which may be too short for them. Every text is one line
    without control and direction characters, and not escaped. All of it is in the audience's
    language, or in English where there is no catalogue of that.
    """
    reader = Reader(
        spoken(audience.language), audience.zone, tier_titles, channel_labels, tier_ranks or {}
    )
    return Document(
        language=reader.language,
        subject=sentences.subject(figures, reader, corrects=corrects),
        title=_title(figures, reader),
        subtitle=_subtitle(figures, audience, reader),
        notices=(
            *sentences.notices(figures, reader, edition=edition, corrects=corrects),
            *sentences.cut_list(clocks, reader),
        ),
        summary=sentences.summary(figures, reader),
        tiles=_tiles(figures, reader),
        sections=tuple(_section(part, figures, reader, plan) for part in _parts(figures, audience)),
        definitions=explanations.definitions(figures, audience, reader),
        footer=tuple(explanations.footer(figures, reader, edition=edition, version=version)),
        link=link,
        keywords=(reader.gettext("service levels"), figures.period.label),
    )


def _tiles(figures: Figures, reader: Reader) -> tuple[Tile, ...]:
    """A tile a tier; the sites' first where they lead."""
    sites = site_answers.tile(figures, reader) if site_answers.lead(figures) else None
    tiers = (_tile(line, reader) for line in sentences.tiers(figures))
    return (*((sites,) if sites else ()), *tiers)


def _title(figures: Figures, reader: Reader) -> str:
    period = sentences.period_name(figures.period, reader)
    tickets = site_answers.shows_tickets(figures)
    if not figures.customer:
        if tickets:
            return reader.gettext("Service levels, {period}", period=period)
        return reader.gettext("Uptime, {period}", period=period)
    values = {"customer": labels.short_line(figures.customer, 80), "period": period}
    if tickets:
        return reader.gettext("{customer}: service levels, {period}", **values)
    return reader.gettext("{customer}: uptime, {period}", **values)


def _subtitle(figures: Figures, audience: Audience, reader: Reader) -> str:
    days = reader.days(figures.period.first_day, figures.period.last_day, year=True)
    return reader.gettext(
        "{audience} · {days} · as of {instant}",
        audience=labels.short_line(audience.title, 80),
        days=days,
        instant=reader.full(figures.as_of),
    )


def _tile(line: Promises, reader: Reader) -> Tile:
    attainment = line.attainment
    return Tile(
        title=labels.group(line.by, line.name, reader),
        figure=_figure(attainment, reader),
        detail=_detail(attainment, reader),
        tone=cells.verdict(attainment),
        bar=cells.bar(attainment),
    )


def _figure(attainment: Attainment, reader: Reader) -> str:
    if attainment.share is None:
        return "–"
    if attainment.few:
        return cells.some_of(attainment.met, attainment.due, reader)
    return reader.share(attainment.share, sentences.digits(attainment))


def _detail(attainment: Attainment, reader: Reader) -> str:
    """ "21 of 23 due, target 95 %: below it, maybe by chance"."""
    if attainment.share is None:
        return reader.gettext("none due")
    due = reader.gettext("due") if attainment.few else sentences.some_due(attainment, reader)
    if attainment.target is None:
        return reader.gettext("{due}, no target", due=due)
    target = reader.target(attainment.target)
    if attainment.few:
        return reader.gettext("{due}, target {target}", due=due, target=target)
    return reader.gettext(
        "{due}, target {target}: {verdict}",
        due=due,
        target=target,
        verdict=_verdict(attainment, reader),
    )


def _verdict(attainment: Attainment, reader: Reader) -> str:
    tone = cells.verdict(attainment)
    if tone is Tone.GOOD:
        return reader.gettext("on target")
    if tone is Tone.BAD:
        return reader.gettext("missed")
    return reader.gettext("below, maybe by chance")


def _parts(figures: Figures, audience: Audience) -> tuple[Part, ...]:
    """In the order of a page; a day begins with what can still be saved, and a report that has
    more to say of sites with these.

    Without a ticket source and without tickets nothing is said of any.
    """
    chosen = [part for part in Part if part in audience.parts]
    if not site_answers.shows_tickets(figures):
        chosen = [part for part in chosen if part not in _OF_TICKETS]
    if figures.period.cadence is not Cadence.WEEKLY:
        chosen = [part for part in chosen if part not in _WEEKLY_ALONE]
    if figures.tutorials is None:
        chosen = [part for part in chosen if part is not Part.TUTORIALS]
    if figures.period.cadence is Cadence.DAILY:
        chosen.sort(key=lambda part: part is not Part.AT_RISK)
    if site_answers.lead(figures):
        chosen.sort(key=lambda part: part not in _OF_SITES)
    return tuple(chosen)


def _section(part: Part, figures: Figures, reader: Reader, plan: Plan) -> Section:
    return Section(part.value, reader.gettext(_TITLES[part]), _BLOCKS[part](figures, reader, plan))


def _tiers(figures: Figures, reader: Reader, _: Plan) -> tuple[Block, ...]:
    attainment = tables.tiers(figures, reader)
    measured = tables.measured(figures, reader)
    daily = figures.period.cadence is Cadence.DAILY
    times = () if daily else (tables.times(figures, reader),)
    whole = tables.ticket_times(figures, reader)
    rest = (block for block in (whole, measured) if block)
    return (attainment, *times, *rest)


def _trend(figures: Figures, reader: Reader, _: Plan) -> tuple[Block, ...]:
    return (*trend_blocks.charts(figures, reader), trend_blocks.weeks(figures, reader))


def _volume(figures: Figures, reader: Reader, _: Plan) -> tuple[Block, ...]:
    chart = ticket_tables.backlog_chart(figures, reader)
    backlog = ticket_tables.backlog(figures, reader)
    return (ticket_tables.arrivals(figures, reader), *([chart] if chart else []), backlog)


def _customers(figures: Figures, reader: Reader, _: Plan) -> tuple[Block, ...]:
    uptimes = site_tables.customers(figures, reader)
    return (tables.customers(figures, reader), *([uptimes] if uptimes else []))


def _sites(figures: Figures, reader: Reader, plan: Plan) -> tuple[Block, ...]:
    words = site_tables.uptime(figures, reader, plan.availability)
    uptimes, promised = site_tables.sites(figures, reader), tables.sites(figures, reader)
    return (*([words] if words else []), uptimes, *([promised] if promised.rows else []))


def _incidents(figures: Figures, reader: Reader, _: Plan) -> tuple[Block, ...]:
    words = site_tables.recovery(figures, reader)
    return (*([words] if words else []), site_tables.incidents(figures, reader))


def _one(build: Callable[[Figures, Reader], Block]) -> Callable[..., tuple[Block, ...]]:
    return lambda figures, reader, _: (build(figures, reader),)


_BLOCKS: dict[Part, Callable[[Figures, Reader, Plan], tuple[Block, ...]]] = {
    Part.TIERS: _tiers,
    Part.TREND: _trend,
    Part.RESTATEMENTS: _one(trend_blocks.restatements),
    Part.OPEN_BREACHES: _one(ticket_tables.open_breaches),
    Part.BREACHES: _one(ticket_tables.breaches),
    Part.AT_RISK: _one(ticket_tables.at_risk),
    Part.VOLUME: _volume,
    Part.CUSTOMERS: _customers,
    Part.ASSIGNEES: _one(tables.assignees),
    Part.SITES: _sites,
    Part.INCIDENTS: _incidents,
    Part.ALERTS: _one(site_tables.alerts),
    Part.TUTORIALS: _one(tutorial_table.tutorials),
}
