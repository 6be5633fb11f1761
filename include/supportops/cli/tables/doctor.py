"""`supportops doctor` on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from supportops.flows.operations.doctor import Examined, Level, worst
from supportops.rendering.printable import printable_line

_SIGNS = {
    Level.FINE: ("ok", "green"),
    Level.UNKNOWN: ("?", "yellow"),
    Level.WARNING: ("warning", "bold yellow"),
    Level.FAULT: ("fault", "bold red"),
}


def doctor_table(found: Sequence[Examined]) -> None:
    """A line for each finding; below those that need somebody, why and what to do."""
    console = Console()
    for each in found:
        for finding in each.findings:
            sign, style = _SIGNS[finding.level]
            console.print(
                Text.assemble(
                    (f"{sign:>7}  ", style),
                    (f"{each.check}: ", "bold"),
                    printable_line(finding.what),
                )
            )
            for words in (finding.why, finding.mend and f"→ {finding.mend}"):
                if words and finding.level is not Level.FINE:
                    console.print(Padding(Text(printable_line(words)), (0, 0, 0, 9)))
    bad = sum(
        finding.level in (Level.WARNING, Level.FAULT) for each in found for finding in each.findings
    )
    sign, style = _SIGNS[worst(list(found))]
    console.print(Text(f"{bad} to mend" if bad else "nothing to mend", style=style))


def doctor_rows(found: Sequence[Examined]) -> list[dict[str, Any]]:
    """The same for machines, a row for each finding."""
    return [
        {
            "check": each.check,
            "level": finding.level.value,
            "what": finding.what,
            "why": finding.why,
            "mend": finding.mend,
        }
        for each in found
        for finding in each.findings
    ]
