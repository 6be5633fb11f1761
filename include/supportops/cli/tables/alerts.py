"""Alerts on the terminal: what became of one, and silences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.alerts.acts.timeline import Timeline
from supportops.alerts.description import reference
from supportops.alerts.silencing.silence import Silence, SilenceState
from supportops.alerts.words.ticket import title
from supportops.cli.output import fields
from supportops.flows.alerts.silences import Listed, Matched, Preview
from supportops.rendering.printable import printable_line

MOST_SITES = 20


def history_lines(found: Timeline) -> Iterator[str]:
    """The alert, and a line for each entry."""
    alert = found.alert
    yield printable_line(f"{title(alert)} ({alert.kind}) #{reference(alert)}")
    for entry in found.entries:
        who = f", {entry.who}" if entry.who else ""
        note = f": {entry.note}" if entry.note else ""
        yield printable_line(f"{_at(entry.at)}  {entry.what}{who}{note}")


def silence_line(one: Silence) -> str:
    """A silence in one line."""
    over = f", ended by {one.expired_by}" if one.expired_by else ""
    times = f"from {_at(one.starts_at)} until {_at(one.until)}"
    return f"silence {one.id}: {one.words()} {times}{over}, {one.created_by}: {one.reason}"


def silence_table(found: Sequence[Listed]) -> None:
    """The silences, and how many open alerts each is about."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("id", "state", "matches", "from", "until", "open alerts", "by", "reason"):
        table.add_column(name, overflow="fold")
    for each in found:
        one, soon = each.silence, " (soon)" if each.expires_soon else ""
        table.add_row(
            str(one.id),
            one_state(each.state),
            _plain(one.words()),
            _at(one.starts_at),
            _at(one.until) + soon,
            str(len(each.alerts)),
            _plain(one.created_by),
            _plain(one.reason),
        )
    Console().print(table if table.row_count else "nothing is silenced")


def one_state(state: SilenceState) -> Text:
    """The state, where it is in force in bold."""
    return Text(state.value, style="bold" if state is SilenceState.ACTIVE else "")


def preview_lines(found: Preview) -> Iterator[str]:
    """Open alerts, sites, and what is nowhere in the configuration."""
    yield f"{len(found.alerts)} open alerts match{':' if found.alerts else ''}"
    for each in found.alerts:
        yield printable_line(f"  {title(each.alert)} ({each.alert.kind}){_sites(each)}")
    names = ", ".join(found.sites[:MOST_SITES])
    more = f" and {len(found.sites) - MOST_SITES} more" if len(found.sites) > MOST_SITES else ""
    yield printable_line(f"sites of the configuration: {names + more or 'none'}")
    for line in found.unknown:
        yield printable_line(line)


def preview_json(found: Preview) -> dict[str, Any]:
    """The same for machines."""
    return {
        "alerts": [_matched_json(each) for each in found.alerts],
        "sites": list(found.sites),
        "unknown": list(found.unknown),
    }


def silence_json(one: Silence | Listed) -> dict[str, Any]:
    """A silence for machines, its matchers as they are written."""
    if isinstance(one, Silence):
        return {**fields(one), "matchers": [str(each) for each in one.matchers]}
    return {
        **silence_json(one.silence),
        "state": one.state.value,
        "expires_soon": one.expires_soon,
        "alerts": [_matched_json(each) for each in one.alerts],
    }


def _matched_json(one: Matched) -> dict[str, Any]:
    return {
        "key": one.alert.key,
        "reference": reference(one.alert),
        "title": title(one.alert),
        "kind": one.alert.kind.value,
        "sites": [each.site for each in one.sites if each.site],
        "all_sites": one.all_sites,
    }


def _sites(one: Matched) -> str:
    """Which of its sites, where that is not all of them."""
    if one.all_sites:
        return ""
    return f", as far as it is about {', '.join(str(each.site) for each in one.sites)}"


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _plain(text: str) -> Text:
    return Text(printable_line(text))
