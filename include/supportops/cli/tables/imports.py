"""What an import did, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.tickets.imports.summary import ImportSummary


def summary_lines(summary: ImportSummary) -> Iterator[str]:
    """The figures first, then how the file was read, then what is doubtful, then the bad rows."""
    if summary.dry_run:
        yield "dry run: nothing is stored"
    yield (
        f"{summary.rows} rows: {summary.loaded} loaded, {summary.bad} bad; "
        f"{summary.new_events} new events, {summary.known_events} known, "
        f"{summary.new_tickets} new tickets"
    )
    if summary.events:
        yield f"new events: {_counted(summary.events)}"
    if summary.clocks:
        yield f"clocks that would start: {_counted(summary.clocks)}"
        running = _counted(summary.running) if summary.running else "none"
        yield f"of these still running: {running}"
    if summary.guessed:
        yield f"guessed from the file: {'; '.join(map(printable_line, summary.guessed))}"
    yield from (f"note: {printable_line(note)}" for note in summary.notes)
    if summary.early:
        yield f"{summary.early} events are dated before their ticket was created: they count then"
    if summary.unknown:
        words = _counted({printable_line(word): rows for word, rows in summary.unknown.items()})
        yield f"words that mean nothing in this mapping, whose rows were loaded without: {words}"
    for reason in summary.reasons:
        yield f"{reason.rows} bad: {printable_line(reason.reason)}"
        for bad in reason.first:
            yield f"  line {bad.line}: {printable_line(bad.reason)}"
            if bad.content:
                yield f"    {printable_line(bad.content)}"
    if summary.rejects is not None:
        yield f"the bad rows and why: {printable_line(summary.rejects)}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{rows} {name}" for name, rows in counts.items())
