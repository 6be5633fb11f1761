"""`supportops receivers` on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.flows.alerts.receivers import Receiver, Tested
from supportops.rendering.printable import printable_line
from supportops.rendering.render import duration

_ADDRESS = {True: "set", False: "not set", None: "could not be read"}
_OUTCOMES = {
    "handed_over": "handed over",
    "failed": "failed",
    "unknown": "unknown: it may have arrived",
    "nobody": "no address",
}
_GOOD, _BAD = "green", "bold red"


def receiver_table(found: Sequence[Receiver], now: datetime) -> None:
    """One line a receiver."""
    table = _table("receiver", "channel", "address", "digest", "last message", "when")
    for each in found:
        last = each.last
        outcome = _outcome(last.outcome, last.detail) if last else "nothing sent yet"
        failing = ", does not arrive" if each.failing else ""
        table.add_row(
            _text(each.target.name),
            each.target.channel,
            Text(_secret(each), style=_GOOD if each.has_address else _BAD),
            str(each.target.digest or "-"),
            Text(printable_line(outcome + failing), style=_BAD if each.failing else ""),
            f"{duration(max(now - last.at, timedelta(0)))} ago" if last else "-",
        )
    Console().print(table)


def tested_table(found: Sequence[Tested]) -> None:
    """One line a test message."""
    table = _table("receiver", "channel", "outcome")
    for each in found:
        words = _words(each)
        table.add_row(
            _text(each.target.name),
            each.target.channel,
            Text(printable_line(words), style=_GOOD if each.arrived else _BAD),
        )
    Console().print(table)


def receiver_rows(found: Sequence[Receiver]) -> list[dict[str, Any]]:
    """The same for machines; instants in ISO."""
    return [
        {
            "receiver": each.target.name,
            "of": each.group,
            "channel": each.target.channel,
            "secret": each.target.secret,
            "has_address": each.has_address,
            "digest": str(each.target.digest) if each.target.digest else None,
            "failing": each.failing,
            "last_outcome": each.last.outcome if each.last else None,
            "last_detail": each.last.detail if each.last else None,
            "last_at": each.last.at.isoformat() if each.last else None,
        }
        for each in found
    ]


def tested_rows(found: Sequence[Tested]) -> list[dict[str, Any]]:
    """The same for machines; `outcome` is None where there was none in time."""
    return [
        {
            "receiver": each.target.name,
            "channel": each.target.channel,
            "outcome": each.outcome.outcome if each.outcome else None,
            "detail": each.outcome.detail if each.outcome else None,
            "at": each.outcome.at.isoformat() if each.outcome else None,
        }
        for each in found
    ]


def _secret(each: Receiver) -> str:
    words = _ADDRESS[each.has_address]
    return words if each.has_address else f"{words}: {each.target.secret}"


def _words(each: Tested) -> str:
    if each.outcome is None:
        return "no outcome yet: another dispatcher has it; see `supportops receivers list`"
    return _outcome(each.outcome.outcome, each.outcome.detail)


def _outcome(outcome: str, detail: str) -> str:
    words = _OUTCOMES.get(outcome, outcome)
    return words if outcome == "handed_over" else f"{words}: {detail}"


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading in ("receiver", "when"), overflow="fold")
    return table


def _text(value: str) -> Text:
    return Text(printable_line(value))
