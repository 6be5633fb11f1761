"""Writes the tables of docs/what-counts-as-up.md: `python -m sites.behaviours.page`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import yaml

from airflow_home import ROOT
from sites.behaviours.behaviour import Arranged, Behaviour
from sites.behaviours.every import BEHAVIOURS
from sites.behaviours.judged import JUDGED
from supportops.sites.check import WORDS, Reason

PAGE = ROOT / "docs" / "what-counts-as-up.md"
STYLE = ROOT / "include" / "supportops" / "web" / "static" / "board.css"
ROUTES = ROOT / "include" / "config" / "alerts.yaml"
HOURS = {"always": "day and night", "office": "in office hours"}


@dataclass(frozen=True)
class StateRow:
    """One of the six states: its rule, the kinds of alerts it raises, and how its time counts."""

    state: str
    rule: str
    kinds: tuple[str, ...]
    counts: str
    colour: str


STATES = (
    StateRow(
        "up",
        "The front page answers as expected, and its further pages do too.",
        (),
        "up",
        "green",
    ),
    StateRow(
        "degraded",
        "It is not down, but at least a quarter of its requests failed in the last hour, in three "
        "runs or more (`degraded` in `sites.yaml`). It ends when fewer than a tenth fail.",
        ("fault",),
        "up, and shown beside it as degraded",
        "purple",
    ),
    StateRow(
        "fault",
        "The front page answers, but it is slower than `latency`, or a further page of the site "
        "fails three tries in a row.",
        ("fault",),
        "up",
        "orange",
    ),
    StateRow(
        "down",
        "The front page failed three tries in a row. It ends with two good ones.",
        ("outage", "host_outage"),
        "down, from the first failed check to the first good one",
        "red",
    ),
    StateRow(
        "unknown",
        "It was not checked for two intervals, or every check failed on our own machine, or our "
        "own connection was down while it failed.",
        ("blind", "check_trouble", "check_stale"),
        "neither up nor down: left out of the share",
        "grey",
    ),
    StateRow(
        "maintenance",
        "A window of `maintenance` is open, whatever the checks find.",
        (),
        "apart: left out of the share",
        "blue",
    ),
)


def states() -> str:
    """The six states as a table."""
    light = STYLE.read_text(encoding="utf-8").partition("}")[0]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", light))
    routes = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))["routes"]
    return _table(
        ("state", "rule", "who is notified", "in availability", "on the board"),
        (
            (
                f"**{each.state}**",
                each.rule,
                _who(each.kinds, routes),
                each.counts,
                f"{each.colour} ({colours[each.state]})",
            )
            for each in STATES
        ),
    )


def _who(kinds: Sequence[str], routes: Sequence[dict[str, Any]]) -> str:
    """The shipped routes that the kinds take."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        for route in routes:
            if kind in route["match"].get("kind", []):
                found.setdefault(_receivers(route), []).append(f"`{kind}`")
    return "; ".join(f"{', '.join(names)}: {who}" for who, names in found.items()) or "nobody"


def _receivers(route: dict[str, Any]) -> str:
    steps = [
        f"{' and '.join(step['receivers'])} "
        + ("at once" if step["after"] == "0m" else f"after {step['after']}")
        for step in route["steps"]
    ]
    return f"{', '.join(steps)}, {HOURS[route['hours']]}"


def behaviours() -> str:
    """What one check finds, as a table for each part."""
    return "\n\n".join(
        f"### {_heading(part)}\n\n"
        + _table(
            ("behaviour", "finds", "reason", "why"),
            ((_sentence(r.does), _found(r), f"`{r.reason}`", r.why) for r in rows),
        )
        for part, rows in groupby(sorted(BEHAVIOURS, key=_order), key=lambda row: row.part)
    )


def judgements() -> str:
    """What runs of checks make of a site, as a table for each part."""
    return "\n\n".join(
        f"### {_heading(part)}\n\n"
        + _table(
            ("what happens", "state", "open incidents", "why"),
            ((r.does + ".", r.state, _incidents(r.open), r.why) for r in rows),
        )
        for part, rows in groupby(JUDGED, key=lambda row: row.part)
    )


def reasons() -> str:
    """Every reason of a check and its words."""
    return _table(
        ("reason", "in words"), ((f"`{reason}`", words) for reason, words in WORDS.items())
    )


SECTIONS = {
    "states": states,
    "behaviours": behaviours,
    "judgements": judgements,
    "reasons": reasons,
}


def written(page: str) -> str:
    """`page` with its tables as the code has them."""
    for name, make in SECTIONS.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n{make()}\n{end}{after}"
    return page


def _heading(part: str) -> str:
    return part[0].upper() + part[1:]


def _found(row: Behaviour | Arranged) -> str:
    """A front page that is merely slow is a fault, whatever its check says."""
    return "fault" if row.reason is Reason.SLOW else row.state.value


def _order(row: Behaviour | Arranged) -> int:
    return list(dict.fromkeys(each.part for each in BEHAVIOURS)).index(row.part)


def _sentence(does: str) -> str:
    return f"{does}." if does[0].isupper() else f"It {does}."


def _incidents(kinds: Sequence[str]) -> str:
    counts = {kind: kinds.count(kind) for kind in kinds}
    listed = [f"{n} × `{kind}`" if n > 1 else f"`{kind}`" for kind, n in counts.items()]
    return ", ".join(listed) or "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
