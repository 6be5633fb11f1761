"""How the terminal shows clocks; foreign text is never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.flows.sla.explain_ticket import ExplainedTicket
from supportops.flows.sla.replayed import Replay
from supportops.rendering.printable import printable_line
from supportops.rendering.render import one_line, render
from supportops.sla.explain import ClockExplanation, calendar_of
from supportops.sla.policy import Calendar
from supportops.sla.words.explanation import Story, sections, whole_ticket

BAR_CELLS = 64
MESSAGES_SHOWN = 200
_LEGEND = (
    ("█", "green", "ran"),
    ("░", "", "closed"),
    ("·", "yellow", "stood still"),
    ("─", "", "still to come"),
    ("┃", "bold red", "deadline"),
)
_STYLES = {glyph: style for glyph, style, _ in _LEGEND}


def explained(found: ExplainedTicket) -> None:
    """The ticket's clocks: what came of each and the arithmetic in words, and under it a bar."""
    console = Console()
    explanation, story = found.explanation, found.story
    console.print(_plain(f"{found.source}/{found.ticket}  {found.subject}"), style="bold")
    console.print(_plain(f"as of {story.at(explanation.at)}"))
    for gap in story.gaps:
        console.print(_plain(gap), soft_wrap=True)
    for line in found.notes:
        console.print(_plain(line), soft_wrap=True)
    if not explanation.clocks:
        console.print("Nothing was promised.")
    parts = sections(explanation, found.book, story)
    for clock, section in zip(explanation.clocks, parts, strict=True):
        console.print()
        console.print(_plain(f"{section.title}: {section.verdict}"), soft_wrap=True)
        for label, words in section.rows:
            console.print(_plain(f"  {label}: {words}"), soft_wrap=True)
        if clock.policy is not None:
            console.print(_bar(clock, calendar_of(clock, found.book), story), soft_wrap=True)
    whole = whole_ticket(explanation, found.book)
    if whole is not None:
        console.print()
        console.print(f"{whole.title}: {whole.verdict}")
        for label, words in whole.rows:
            console.print(_plain(f"  {label}: {words}"), soft_wrap=True)
    if explanation.clocks:
        console.print(_legend())


def explained_html(found: ExplainedTicket) -> str:
    """The same as a page fit for an e-mail: escaped, its styles inline, without the bars."""
    name = f"{found.source}/{found.ticket}"
    whole = whole_ticket(found.explanation, found.book)
    return render(
        "sla/explain.html",
        content={"title": one_line(f"{name} {found.subject}")},
        subject=one_line(found.subject),
        called=one_line(name),
        at=found.story.at(found.explanation.at),
        gaps=found.story.gaps,
        notes=tuple(map(one_line, found.notes)),
        sections=sections(found.explanation, found.book, found.story),
        whole=(whole,) if whole else (),
    )


def clock_table(rows: Iterable[Mapping[str, Any]]) -> None:
    """One line a clock."""
    table = _table(
        "ticket", "tier", "metric", "state", "started (UTC)", "due", "breached", "open time left"
    )
    for row in rows:
        left = row["left_seconds"]
        table.add_row(
            _plain(f"{row['source_id']}/{row['ticket']}"),
            _plain(row["tier"]),
            _plain(f"{row['metric']} {row['instance']}"),
            Text(row["state"], style="bold red" if row["breached_at"] else ""),
            *(_minute(row[name]) for name in ("started_at", "deadline", "breached_at")),
            "-" if left is None else _open_hours(left),
        )
    Console().print(table if table.row_count else "no ticket has a clock")


def replayed(found: Replay) -> None:
    """The messages of the sweeps, then the attainment, a column for each policy."""
    console = Console()
    shown = found.messages[:MESSAGES_SHOWN]
    table = _table("sweep (UTC)", "what", "ticket", "tier", "metric", "at", "due")
    for message in shown:
        table.add_row(
            f"{message.sweep:%Y-%m-%d %H:%M}",
            message.what.replace("_", " "),
            _plain(f"{message.source}/{message.ticket}"),
            _plain(message.tier),
            _plain(f"{message.metric} {message.instance}"),
            f"{message.at:%Y-%m-%d %H:%M}",
            f"{message.deadline:%Y-%m-%d %H:%M}" if message.deadline else "-",
        )
    console.print(table if shown else "No sweep had anything to report.")
    if len(found.messages) > len(shown):
        console.print(f"and {len(found.messages) - len(shown)} more; --json lists them all")
    if shown:
        counts = (f"{count} {what.replace('_', ' ')}" for what, count in found.counts().items())
        console.print(", ".join(counts))
    console.print()
    console.print(_attainment(found))
    for result in found.policies:
        footer = f"{result.name}: {result.left_out} clocks of merged or deleted tickets left out"
        console.print(_plain(footer), soft_wrap=True)


def _attainment(found: Replay) -> Table:
    table = _table("tier", "metric", *(printable_line(result.name) for result in found.policies))
    for tier, metric in sorted({key for result in found.policies for key in result.attainment}):
        cells = []
        for result in found.policies:
            each = result.attainment.get((tier, metric))
            share = each.share if each else None
            percent = "-" if share is None else f"{100 * share:.1f} %"
            cells.append(f"{percent} ({each.met} of {each.due})" if each else "- (0 of 0)")
        table.add_row(_plain(tier), _plain(metric), *cells)
    return table


def _bar(clock: ClockExplanation, calendar: Calendar, story: Story) -> Text:
    """The clock from its start to its end, its deadline or now, whichever comes last."""
    zone = story.zone
    end = max(_ends(clock))
    bar = Text(f"  {clock.started_at.astimezone(zone):%d %b %H:%M} ")
    for glyph in _cells(clock, calendar, end):
        bar.append(glyph, style=_STYLES.get(glyph, ""))
    return bar.append(f" {end.astimezone(zone):%d %b %H:%M}")


def _ends(clock: ClockExplanation) -> Iterator[datetime]:
    yield clock.started_at
    if clock.deadline:
        yield clock.deadline
    if clock.segments:
        yield clock.segments[-1].until


def _cells(clock: ClockExplanation, calendar: Calendar, end: datetime) -> Iterator[str]:
    start, length = clock.started_at, (end - clock.started_at) / BAR_CELLS
    due = None
    if clock.deadline and length > timedelta(0):
        due = min(int((clock.deadline - start) / length), BAR_CELLS - 1)
    for n in range(BAR_CELLS):
        since, until = start + n * length, start + (n + 1) * length
        yield "┃" if n == due else _cell(clock, calendar, since, until)


def _cell(clock: ClockExplanation, calendar: Calendar, since: datetime, until: datetime) -> str:
    center = since + (until - since) / 2
    open_at_all = until > since and calendar.hours.elapsed(since, until) > 0
    for segment in clock.segments:
        if segment.since <= center < segment.until:
            return ("█" if open_at_all else "░") if segment.ran else "·"
    if clock.ended_at is not None:
        return " "
    return "─" if open_at_all else "░"


def _legend() -> Text:
    legend = Text("\n")
    for glyph, style, meaning in _LEGEND:
        legend.append(glyph, style=style).append(f" {meaning}  ")
    return legend


def _minute(iso: str | None) -> str:
    return iso[:16].replace("T", " ") if iso else "-"


def _open_hours(seconds: float) -> str:
    """Open time has no days: a working day is as long as its calendar says."""
    hours, minutes = divmod(round(abs(seconds) / 60), 60)
    return f"{'-' if seconds < 0 else ''}{hours} h {minutes:02} min"


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(Text(name), overflow="fold")
    return table


def _plain(line: str) -> Text:
    """Foreign text is shown, never read as markup or as control characters."""
    lead = len(line) - len(line.lstrip(" "))
    return Text(" " * lead + printable_line(line))
