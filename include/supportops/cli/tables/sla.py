"""What the command line shows of clocks, with every foreign text made harmless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.flows.explain_ticket import ExplainedTicket
from supportops.flows.replay import Replay
from supportops.rendering.render import one_line
from supportops.sla.explain import ClockExplanation, text
from supportops.sla.policy import Calendar

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
    """The ticket's clocks: the arithmetic in words, and under each a bar."""
    console = Console()
    told = found.explanation
    console.print(_plain(f"{found.source}/{found.ticket}  {found.subject}"), style="bold")
    console.print(f"as of {told.at:%Y-%m-%d %H:%M:%S} UTC")
    if not told.clocks:
        console.print("Nothing was promised.")
    for story in told.clocks:
        alone = text(replace(told, clocks=(story,)), found.book).splitlines()
        console.print()
        for line in alone[2:]:
            console.print(_plain(line), soft_wrap=True)
        if (calendar := _calendar(found, story)) is not None:
            console.print(_bar(story, calendar), soft_wrap=True)
    if told.clocks:
        console.print(_legend())


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
    Console().print(table)


def replayed(found: Replay) -> None:
    """What the sweeps told, then how the promises were kept, a column for each policy."""
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
    console.print(table if shown else "No sweep had anything to tell.")
    if len(found.messages) > len(shown):
        console.print(f"and {len(found.messages) - len(shown)} more; --json lists them all")
    if shown:
        told = (f"{count} {what.replace('_', ' ')}" for what, count in found.told().items())
        console.print(", ".join(told))
    console.print()
    console.print(_attainment(found))
    for under in found.policies:
        footer = f"{under.name}: {under.left_out} clocks of merged or deleted tickets left out"
        console.print(_plain(footer), soft_wrap=True)


def _attainment(found: Replay) -> Table:
    table = _table("tier", "metric", *(one_line(under.name) for under in found.policies))
    for tier, metric in sorted({key for under in found.policies for key in under.kept}):
        cells = []
        for under in found.policies:
            kept = under.kept.get((tier, metric))
            share = kept.share if kept else None
            told = "-" if kept is None or share is None else f"{100 * share:.1f} %"
            cells.append(f"{told} ({kept.met} of {kept.due})" if kept else "- (0 of 0)")
        table.add_row(_plain(tier), _plain(metric), *cells)
    return table


def _calendar(found: ExplainedTicket, story: ClockExplanation) -> Calendar | None:
    for version in found.book.versions:
        for promise in version.promises:
            if story.policy == f"{version.name}/{promise.name}":
                return found.book.calendars[promise.calendar]
    return None


def _bar(story: ClockExplanation, calendar: Calendar) -> Text:
    """The clock from its start to its end, its deadline or now, whichever comes last."""
    zone = calendar.hours.zone
    end = max(_ends(story))
    bar = Text(f"  {story.started_at.astimezone(zone):%d %b %H:%M} ")
    for glyph in _cells(story, calendar, end):
        bar.append(glyph, style=_STYLES.get(glyph, ""))
    return bar.append(f" {end.astimezone(zone):%d %b %H:%M}")


def _ends(story: ClockExplanation) -> Iterator[datetime]:
    yield story.started_at
    if story.deadline:
        yield story.deadline
    if story.segments:
        yield story.segments[-1].until


def _cells(story: ClockExplanation, calendar: Calendar, end: datetime) -> Iterator[str]:
    start, length = story.started_at, (end - story.started_at) / BAR_CELLS
    due = None
    if story.deadline and length > timedelta(0):
        due = min(int((story.deadline - start) / length), BAR_CELLS - 1)
    for n in range(BAR_CELLS):
        since, until = start + n * length, start + (n + 1) * length
        yield "┃" if n == due else _cell(story, calendar, since, until)


def _cell(story: ClockExplanation, calendar: Calendar, since: datetime, until: datetime) -> str:
    middle = since + (until - since) / 2
    open_at_all = until > since and calendar.hours.elapsed(since, until) > 0
    for segment in story.segments:
        if segment.since <= middle < segment.until:
            return ("█" if open_at_all else "░") if segment.ran else "·"
    if story.ended_at is not None:
        return " "
    return "─" if open_at_all else "░"


def _legend() -> Text:
    told = Text("\n")
    for glyph, style, meaning in _LEGEND:
        told.append(glyph, style=style).append(f" {meaning}  ")
    return told


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


def _plain(told: str) -> Text:
    """Foreign text is shown, never read as markup or as control characters."""
    lead = len(told) - len(told.lstrip(" "))
    return Text(" " * lead + one_line(told))
