"""Which tier a ticket gets: that of the first rule that matches, whose name is the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from supportops.tickets.phrases import Phrase, Words
from supportops.tickets.ticket import Author, Event, EventKind, from_creation

BY_AGENT = "an agent's priority"
NO_RULE = "no rule matched"
_CAUSES = ("created", "priority")

Outage = Callable[[str, datetime], bool]
"""Whether a site was down at an instant."""


class Part(StrEnum):
    """Where to look for a rule's phrases."""

    SUBJECT = "subject"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Situation:
    """What triage knows of a ticket. `outage`: its site has an open outage.

    `priority` is the source's own, and counts only if an agent set it.
    """

    subject: str = ""
    text: str = ""
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)
    outage: bool = False
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions that are given must hold; of several phrases, tags or values one is enough."""

    name: str
    tier: str
    phrases: tuple[Phrase, ...] = ()
    within: frozenset[Part] = frozenset(Part)
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    outage: bool | None = None


@dataclass(frozen=True, slots=True)
class TriageRules:
    """`priorities` maps a source's priorities to tiers; `otherwise` is the tier without a match."""

    rules: tuple[Rule, ...]
    otherwise: str
    priorities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's result: whether it matched, and the words or tags that decided, or their lack."""

    rule: str
    tier: str
    matched: bool
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The tier, the rule that gave it, and every rule's finding, in order."""

    tier: str
    rule: str
    findings: tuple[Finding, ...]


def explain(situation: Situation, rules: TriageRules) -> Decision:
    """The decision, with the findings of all rules, also of those after the first match."""
    words = {
        Part.SUBJECT: Words.of(situation.subject),
        Part.TEXT: Words.of(situation.text),
    }
    findings = [_by_priority(situation, rules)] if rules.priorities else []
    findings += [_finding(rule, situation, words) for rule in rules.rules]
    for finding in findings:
        if finding.matched:
            return Decision(finding.tier, finding.rule, tuple(findings))
    return Decision(rules.otherwise, NO_RULE, tuple(findings))


def with_tiers(
    events: Iterable[Event], rules: TriageRules, outage: Outage = lambda _site, _at: False
) -> list[Event]:
    """`events` and a TIER event for each creation and each priority that an agent set.

    `events` are all that the log has of their tickets' creations, priorities, tiers, sites and
    tags. A creation is judged by everything that happened at its instant, and not at all where the
    source itself sets the tier there: an agent's decision stands. The same event always gives a
    TIER event of the same key, so storing it again adds nothing.
    """
    by_ticket: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        by_ticket.setdefault((event.source, event.ticket), []).append(event)
    found: list[Event] = []
    for own in by_ticket.values():
        found += own
        derived = {_name(what, each) for what in _CAUSES for each in own}
        found += _tiers([e for e in own if e.source_event not in derived], rules, outage)
    return found


def _name(what: str, cause: Event) -> str:
    """The key of the TIER event that triage derives from `cause`."""
    return f"triage/{what}/{cause.source_event}"


def _tiers(events: Sequence[Event], rules: TriageRules, outage: Outage) -> Iterator[Event]:
    """The TIER events that one ticket's own events call for."""
    ordered = from_creation(events)
    created = next((each for each in ordered if each.kind is EventKind.CREATED), None)
    set_at = {each.happened_at for each in ordered if each.kind is EventKind.TIER}
    if created is not None and created.happened_at not in set_at:
        beside = [each for each in ordered if each.happened_at == created.happened_at]
        decision = explain(_situation(created, beside, outage), rules)
        yield _tier(created, decision.tier, decision.rule, "created", sequence=0)
    for event in ordered:
        if not _is_set_by_agent(event) or event.happened_at in set_at:
            continue
        if created is not None and event.happened_at <= created.happened_at:
            continue
        tier = rules.priorities.get(event.value or "")
        if tier is not None:
            rule = _agent_rule(event.value)
            yield _tier(event, tier, rule, "priority", sequence=event.sequence)


def _situation(created: Event, beside: Iterable[Event], outage: Outage) -> Situation:
    latest = {each.kind: each for each in beside}
    site, tags = latest.get(EventKind.SITE), latest.get(EventKind.TAGS)
    priority = latest.get(EventKind.PRIORITY)
    by_agent = priority is not None and _is_set_by_agent(priority)
    facts: Mapping[str, Any] = created.facts
    fields = facts.get("fields")
    return Situation(
        subject=str(facts.get("subject", "")),
        text=str(facts.get("text", "")),
        tags=frozenset(((tags and tags.value) or "").split(",")) - {""},
        fields={str(k): str(v) for k, v in fields.items()} if isinstance(fields, Mapping) else {},
        outage=bool(site and site.value and outage(site.value, created.happened_at)),
        priority=priority.value if priority is not None and by_agent else None,
    )


def _is_set_by_agent(event: Event) -> bool:
    return event.kind is EventKind.PRIORITY and event.author is Author.AGENT


def _tier(cause: Event, tier: str, rule: str, what: str, *, sequence: int) -> Event:
    return Event(
        source=cause.source,
        source_event=_name(what, cause),
        ticket=cause.ticket,
        kind=EventKind.TIER,
        happened_at=cause.happened_at,
        recorded_at=cause.recorded_at,
        author=Author.AUTOMATIC,
        value=tier,
        facts={"rule": rule},
        sequence=sequence,
    )


def _agent_rule(priority: str | None) -> str:
    return f"{BY_AGENT}: {priority}"


def _by_priority(situation: Situation, rules: TriageRules) -> Finding:
    priority = situation.priority
    if priority is None:
        return Finding(BY_AGENT, "", False, "no agent has set one")
    tier = rules.priorities.get(priority)
    if tier is None:
        return Finding(BY_AGENT, "", False, f"{priority!r} stands for no tier")
    return Finding(_agent_rule(priority), tier, True, f"set to {priority}")


def _finding(rule: Rule, situation: Situation, words: Mapping[Part, Words]) -> Finding:
    """Whether every condition of the rule holds; the reason is the first that does not."""
    reasons = []
    for met, why in _conditions(rule, situation, words):
        if not met:
            return Finding(rule.name, rule.tier, False, why)
        reasons.append(why)
    return Finding(rule.name, rule.tier, True, ", ".join(reasons))


def _conditions(
    rule: Rule, situation: Situation, words: Mapping[Part, Words]
) -> Iterable[tuple[bool, str]]:
    if rule.outage is not None:
        state = "has an open outage" if situation.outage else "has no open outage"
        yield situation.outage is rule.outage, f"the site {state}"
    if rule.tags:
        common = sorted(rule.tags & situation.tags)
        yield bool(common), f"tagged {', '.join(common)}" if common else "no such tag"
    for name, values in rule.fields.items():
        found = situation.fields.get(name)
        yield found in values, f"{name} is {found or 'not set'}"
    if rule.phrases:
        yield _has_phrase(rule, words)


def _has_phrase(rule: Rule, words: Mapping[Part, Words]) -> tuple[bool, str]:
    for part in Part:
        for phrase in rule.phrases if part in rule.within else ():
            if (found := words[part].find(phrase)) is not None:
                return True, f"the {part.value} says {found!r} ({phrase.written})"
    return False, "none of its phrases is said"
