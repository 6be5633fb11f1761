"""Triage tried on texts whose tier is known: how often it is right, and where it is not."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from supportops.tickets.triage import Decision, Situation, TriageRules, explain

COLUMNS = ("subject", "text", "tier")


class LabelsError(ValueError):
    """What is wrong with a file of labelled texts, in one line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A ticket and the tier that it should get; `line` is where its row ends in the file."""

    line: int
    situation: Situation
    tier: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled ticket and what the rules decide."""

    labelled: Labelled
    decision: Decision

    @property
    def right(self) -> bool:
        """Whether the decision is the label."""
        return self.decision.tier == self.labelled.tier

    def to_json(self) -> dict[str, Any]:
        """The ticket's words, both tiers, and why."""
        return {
            "line": self.labelled.line,
            "subject": self.labelled.situation.subject,
            "text": self.labelled.situation.text,
            "expected": self.labelled.tier,
            "found": self.decision.tier,
            "rule": self.decision.rule,
            "why": self.decision.why,
            "may_be": list(self.decision.alternatives),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """All judged texts, in the order of the file."""

    judged: tuple[Judged, ...]

    @property
    def right(self) -> int:
        """How many texts got the tier of their label."""
        return sum(each.right for each in self.judged)

    @property
    def share(self) -> float:
        """The part that is right, from 0 to 1."""
        return self.right / len(self.judged)

    @property
    def doubtful(self) -> tuple[Judged, ...]:
        """Those that a person would be asked about."""
        return tuple(each for each in self.judged if each.decision.doubtful)

    @property
    def misses(self) -> tuple[Judged, ...]:
        """Those that got another tier than that of their label."""
        return tuple(each for each in self.judged if not each.right)

    @property
    def tiers(self) -> tuple[str, ...]:
        """Every tier that a label or a decision names."""
        named = [each.labelled.tier for each in self.judged]
        named += [each.decision.tier for each in self.judged]
        return tuple(dict.fromkeys(sorted(named)))

    def confusion(self) -> Counter[tuple[str, str]]:
        """How many texts there are of each (tier of the label, tier that was found)."""
        return Counter((each.labelled.tier, each.decision.tier) for each in self.judged)

    def to_json(self) -> dict[str, Any]:
        """The figures, the confusion table by label and tier, and every miss."""
        counted = self.confusion()
        return {
            "texts": len(self.judged),
            "right": self.right,
            "share": round(self.share, 4),
            "doubtful": len(self.doubtful),
            "confusion": {
                label: {found: counted[label, found] for found in self.tiers}
                for label in self.tiers
            },
            "misses": [each.to_json() for each in self.misses],
        }


def run(rules: TriageRules, lines: Iterable[str]) -> Outcome:
    """The outcome on the lines of a CSV file; see `labelled`. Raises LabelsError."""
    return Outcome(tuple(Judged(each, explain(each.situation, rules)) for each in labelled(lines)))


def labelled(lines: Iterable[str]) -> list[Labelled]:
    """The rows of CSV lines with the columns subject, text and tier.

    Columns `channel` and `tags` (separated by spaces) may be there too. Raises LabelsError for a
    file that is not UTF-8, without those columns or without rows, or with a row without a tier.
    """
    try:
        reader = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise LabelsError(f"no column {', '.join(missing)} in the first line")
        rows = [_labelled(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise LabelsError("it is not UTF-8") from None
    except csv.Error as error:
        raise LabelsError(f"it is no CSV: {error}") from None
    if not rows:
        raise LabelsError("there is no row in it")
    return rows


def _labelled(line: int, row: dict[str, Any]) -> Labelled:
    tier = _text(row, "tier").strip()
    if not tier:
        raise LabelsError(f"line {line}: no tier")
    situation = Situation(
        subject=_text(row, "subject"),
        text=_text(row, "text"),
        channel=_text(row, "channel"),
        tags=_words(_text(row, "tags")),
    )
    return Labelled(line, situation, tier)


def _text(row: dict[str, Any], name: str) -> str:
    found = row.get(name)
    return found if isinstance(found, str) else ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())
