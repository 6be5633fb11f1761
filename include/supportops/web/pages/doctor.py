"""What the doctor found, as seen from the process that shows it: what to mend comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from supportops.flows.operations.doctor import Examination, Finding, Level
from supportops.web.page import NoQuery, Page, PageContext, last_check

WAIT_SECONDS = 4.0
"""For so long the page waits for an examination; the next refresh shows what came later."""
_BAD = (Level.FAULT, Level.WARNING)


@dataclass(frozen=True, slots=True)
class Line:
    """A finding of a check."""

    check: str
    finding: Finding


def doctor(page: PageContext, _: NoQuery) -> dict[str, Any]:
    """What the doctor's template shows. Findings name paths, databases and secrets, so whoever may
    only read sees how many there are."""
    assert page.examinations is not None
    found = page.examinations.latest(wait=WAIT_SECONDS)
    lines = _lines(found) if found else []
    return {
        "check": last_check(page.connection, page.now),
        "examined_at": found.at if found else None,
        "running": page.examinations.is_running,
        "bad": sum(line.finding.level in _BAD for line in lines),
        "lines": lines if page.viewer.may_act else [],
        "now": page.now,
        "zone": page.zone,
    }


def _lines(found: Examination) -> list[Line]:
    """The worst first, and in the order of the checks."""
    order = list(Level)
    lines = [Line(each.check, finding) for each in found.checks for finding in each.findings]
    return sorted(lines, key=lambda line: -order.index(line.finding.level))


DOCTOR = Page("doctor", NoQuery, doctor)
