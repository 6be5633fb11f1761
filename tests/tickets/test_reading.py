"""Whether phrases of a rule say something of now."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from airflow_home import ROOT
from builders import SHIPPED
from supportops.config.loader import load_triage
from supportops.tickets.phrases import MAX_TEXT, NO_PHRASES, Phrases
from supportops.tickets.reading import Mark, Reading, Result, Saying, automatic_header
from supportops.tickets.triage import Situation, explain
from supportops.tickets.trial import Outcome, run

TEXTS = ROOT / "tests/data/triage"
RULES = load_triage(SHIPPED)
LISTS = {
    "negation": Phrases.of(["not", "no"]),
    "past": Phrases.of(["yesterday"]),
    "was": Phrases.of(["was"]),
    "present": Phrases.of(["still"]),
    "solved": Phrases.of(["fixed"]),
    "planned": Phrases.of(["maintenance"]),
    "awaited": Phrases.of(["when"]),
}
DOWN = Phrases.of(["down"])


def find(text: str, *unless: str, subject: str = "", doubt: str = "") -> Result:
    saying = Saying(
        DOWN,
        unless=tuple((name, LISTS.get(name, NO_PHRASES)) for name in unless),
        doubt=((doubt, LISTS.get(doubt, NO_PHRASES)),) if doubt else (),
    )
    return Reading(subject, text, LISTS).find(saying)


@pytest.mark.parametrize(
    ("text", "objection"),
    [
        ("it is not down", Mark.NEGATED),
        ("it is not at all. It is down", None),
        ("he says 'it is down'", Mark.QUOTED),
        ("'it' is down", None),
        ("is it down?", Mark.QUESTION),
        ("is it you? it is down", None),
        ("it was down yesterday", Mark.PAST),
        ("it was down yesterday and still is", None),
        ("it was down yesterday. It still is", None),
        ("it still worked. It was down yesterday", Mark.PAST),
        ("it was down", Mark.WAS),
        ("it was down and still is", None),
        ("it is down. Ah, it is fixed", Mark.SOLVED),
        ("it is fixed. Now it is down", None),
        ("it is down. It is not fixed", None),
        ("it is down. Is it fixed?", None),
        ("it is down. Tell me when it is fixed", None),
        ("not that I know, it is down", None),
        ("no, it is down", None),
        ("it is down, is this the maintenance", None),
        ("down for maintenance", "planned"),
        ("maintenance was last week. It is down", None),
    ],
)
def test_a_match_counts_where_nothing_speaks_against_it(text: str, objection: str | None) -> None:
    every = [*(mark.value for mark in Mark), "planned"]
    result = find(text, *every)
    assert (result.cancelled.objection if result.said is None else None) == objection
    if objection is not None:
        doubted = find(text, doubt=objection)
        assert doubted.said is not None
        assert not doubted.sure


def test_the_text_specifies_what_the_subject_announces() -> None:
    assert find("it was down yesterday", "past", subject="Down").said is None
    assert find("please help", "past", subject="Down").said is not None
    assert find("it was down yesterday. It is down", "past", subject="Down").said is not None


def test_the_subject_of_a_reply_is_old() -> None:
    assert find("any news?", "reply", subject="Re: Down").said is None
    assert find("it is down", "reply", subject="AW: Hello").said is not None


@pytest.mark.parametrize(
    ("name", "value", "automatic"),
    [
        ("Auto-Submitted", "auto-replied (vacation)", True),
        ("auto-submitted", "no", False),
        ("Precedence", "bulk", True),
        ("Precedence", "list", False),
        ("X-Autoreply", "yes", True),
        ("Subject", "auto-replied", False),
    ],
)
def test_headers_mark_automatic_mail(name: str, value: str, automatic: bool) -> None:
    assert bool(automatic_header({name: value})) is automatic
    decision = explain(Situation(text="The site is down", headers={name: value}), RULES)
    assert decision.tier == ("user_support" if automatic else "mission_critical")


def outcome(name: str) -> Outcome:
    return run(RULES, (TEXTS / name).read_text().splitlines(keepends=True))


@pytest.mark.parametrize("path", sorted(TEXTS.glob("*.csv")), ids=lambda path: path.stem)
def test_the_shipped_rules_give_the_tier_of_common_sense(path: Path) -> None:
    found = outcome(path.name)
    assert found.share >= 0.98, [each.to_json() for each in found.misses]


def test_the_page_says_what_was_measured() -> None:
    page = (ROOT / "docs/triage.md").read_text()
    for path in sorted(Path(TEXTS).glob("*.csv")):
        found = outcome(path.name)
        counted = found.confusion()
        outages = [each for each in found.judged if each.labelled.tier == "mission_critical"]
        hit = counted["mission_critical", "mission_critical"]
        wrong = sum(each.decision.tier == "mission_critical" for each in found.misses)
        row = f"| {found.right} | {hit} of {len(outages)} | {wrong} | {len(found.doubtful)} |\n"
        first = f"| `{path.name}` | {len(found.judged)} |"
        (line,) = [each for each in page.splitlines(keepends=True) if each.startswith(first)]
        assert line.endswith(row), row


@pytest.mark.parametrize("piece", ["site is ", "the site ", "can not ", "not ", "500 ", "a. ", "'"])
def test_a_long_text_is_judged_in_time(piece: str) -> None:
    text = (piece * MAX_TEXT)[:MAX_TEXT]
    started = time.process_time()
    explain(Situation(text, text), RULES)
    assert time.process_time() - started < 5
