"""How a benchmark ends: each target, and whether this run met it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console


def conclude(console: Console, targets: Iterable[tuple[str, bool]], *, smallest: bool) -> int:
    """Prints every target; 1 when one was missed, the exit code of a benchmark.

    `smallest`: the run only showed that the benchmark works. Its sizes say nothing about speed,
    so its targets are computed, but not judged.
    """
    missed = 0
    for words, met in targets:
        if smallest:
            console.print(f"not judged: {words}", soft_wrap=True)
            continue
        missed += not met
        console.print(f"[{'green]met   ' if met else 'red]MISSED'}[/] {words}", soft_wrap=True)
    return 1 if missed else 0


def show_figure(console: Console, name: str, value: float, unit: str) -> None:
    """A figure by a name that stays: `make bench` writes it into docs/benchmarks.json."""
    console.print(f"figure {name} {value:.6g} {unit}", highlight=False, soft_wrap=True)
