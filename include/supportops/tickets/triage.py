"""Which tier a ticket gets: that of the first rule that matches, whose name is the reason.

Where the match is doubtful, the decision says so and names the tiers that it may be instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from supportops.tickets.phrases import NO_PHRASES, Lists
from supportops.tickets.reading import Part, Reading, Saying, automatic_header
from supportops.tickets.ticket import Author, Event, EventKind, from_creation

BY_AGENT = "an agent's priority"
BY_CUSTOMER = "the customer's priority"
NO_RULE = "no rule matched"
_CAUSES = ("created", "priority")
_BY = {Author.AGENT: BY_AGENT, Author.CUSTOMER: BY_CUSTOMER}

Outage = Callable[[str, datetime], bool]
"""Whether a site was down at an instant."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What triage knows of a ticket. `outage`: its site has an open outage.

    `fields` has the ticket's own fields by id and by title; `headers` are those of an e-mail.
    `priority` is the source's own, `priority_by` who set it.
    """

    subject: str = ""
    text: str = ""
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)
    outage: bool = False
    priority: str | None = None
    priority_by: Author = Author.AGENT
    channel: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions that are given must hold; of several tags, values or channels one is enough.

    `automatic`: whether a program wrote the message. A rule that is not `sure` makes doubtful what
    it decides.
    """

    name: str
    tier: str
    saying: Saying | None = None
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    automatic: bool | None = None
    outage: bool | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class TriageRules:
    """`priorities` maps a source's priorities to tiers, `priorities_from` has whose count;
    `otherwise` is the tier without a match; `lists` are the lists of phrases, by name."""

    rules: tuple[Rule, ...]
    otherwise: str
    priorities: Mapping[str, str] = field(default_factory=dict)
    lists: Lists = field(default_factory=dict)
    priorities_from: frozenset[Author] = frozenset({Author.AGENT})


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's result: whether it matched, and the words or tags that decided, or their lack.

    `sure`: nothing makes the match doubtful.
    """

    rule: str
    tier: str
    matched: bool
    why: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """The tier, the rule that gave it, and every rule's finding, in order.

    `alternatives`: the tiers that it may be instead, where it is doubtful; else empty.
    """

    tier: str
    rule: str
    findings: tuple[Finding, ...]
    alternatives: tuple[str, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether a person should decide."""
        return bool(self.alternatives)

    @property
    def why(self) -> str:
        """What made the rule match; empty where none did."""
        return next((each.why for each in self.findings if each.matched), "")


def explain(situation: Situation, rules: TriageRules) -> Decision:
    """The decision, with the findings of all rules, also of those after the first match."""
    reading = Reading(situation.subject, situation.text, rules.lists)
    findings = [_by_priority(situation, rules)] if rules.priorities else []
    findings += [_finding(rule, situation, reading, rules.lists) for rule in rules.rules]
    for place, finding in enumerate(findings):
        if finding.matched:
            others = () if finding.sure else _alternatives(finding.tier, findings[place:], rules)
            return Decision(finding.tier, finding.rule, tuple(findings), others)
    return Decision(rules.otherwise, NO_RULE, tuple(findings))


def _alternatives(tier: str, later: Iterable[Finding], rules: TriageRules) -> tuple[str, ...]:
    """The tiers of later rules that match, up to the first that is sure, else that of no rule."""
    found: list[str] = []
    for finding in later:
        if finding.matched:
            found.append(finding.tier)
            if finding.sure:
                break
    else:
        found.append(rules.otherwise)
    return tuple(each for each in dict.fromkeys(found) if each != tier)


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
        decision = explain(_at_creation(created, ordered, outage), rules)
        facts: dict[str, Any] = {"rule": decision.rule}
        if decision.doubtful:
            facts |= {"doubtful": list(decision.alternatives), "why": decision.why}
        yield _tier(created, decision.tier, facts, "created", sequence=0)
    for event in ordered:
        if not _counts(event, rules) or event.happened_at in set_at:
            continue
        if created is not None and event.happened_at <= created.happened_at:
            continue
        tier = rules.priorities.get(event.value or "")
        if tier is not None:
            facts = {"rule": _priority_rule(event.author, event.value)}
            yield _tier(event, tier, facts, "priority", sequence=event.sequence)


def situation_of(events: Iterable[Event], outage: Outage) -> Situation | None:
    """What triage goes by for one ticket, None without its creation.

    What triage itself has derived from the events is no part of it.
    """
    ordered = from_creation(events)
    created = next((each for each in ordered if each.kind is EventKind.CREATED), None)
    return None if created is None else _at_creation(created, ordered, outage)


def _at_creation(created: Event, ordered: Iterable[Event], outage: Outage) -> Situation:
    beside = [each for each in ordered if each.happened_at == created.happened_at]
    return _situation(created, beside, outage)


def _counts(event: Event, rules: TriageRules) -> bool:
    return event.kind is EventKind.PRIORITY and event.author in rules.priorities_from


def _situation(created: Event, beside: Iterable[Event], outage: Outage) -> Situation:
    """What is known of a ticket by all events of the instant of its creation, in order."""
    latest: dict[EventKind, Event] = {}
    for each in beside:
        latest[each.kind] = each
    site, tags = latest.get(EventKind.SITE), latest.get(EventKind.TAGS)
    priority = latest.get(EventKind.PRIORITY)
    facts: Mapping[str, Any] = created.facts
    return Situation(
        subject=str(facts.get("subject", "")),
        text=str(facts.get("text", "")),
        tags=frozenset(((tags and tags.value) or "").split(",")) - {""},
        fields=_texts(facts.get("fields")),
        outage=bool(site and site.value and outage(site.value, created.happened_at)),
        priority=priority.value if priority is not None else None,
        priority_by=priority.author if priority is not None else Author.AGENT,
        channel=str(facts.get("channel") or ""),
        headers=_texts(facts.get("headers")),
    )


def _texts(found: Any) -> dict[str, str]:
    """A JSON object as texts; empty for anything else. A value that is not set is left out."""
    if not isinstance(found, Mapping):
        return {}
    return {str(name): str(value) for name, value in found.items() if value not in (None, "")}


def _tier(cause: Event, tier: str, facts: Mapping[str, Any], what: str, *, sequence: int) -> Event:
    return Event(
        source=cause.source,
        source_event=_name(what, cause),
        ticket=cause.ticket,
        kind=EventKind.TIER,
        happened_at=cause.happened_at,
        recorded_at=cause.recorded_at,
        author=Author.AUTOMATIC,
        value=tier,
        facts=facts,
        sequence=sequence,
    )


def _priority_rule(author: Author, priority: str | None) -> str:
    return f"{_BY.get(author, BY_AGENT)}: {priority}"


def _by_priority(situation: Situation, rules: TriageRules) -> Finding:
    priority, author = situation.priority, situation.priority_by
    if priority is None:
        return Finding(BY_AGENT, "", False, "nobody has set one")
    if author not in rules.priorities_from:
        who = " or ".join(sorted(rules.priorities_from)) or "nobody"
        why = f"{priority!r} was set by {author.value}; only that of {who} counts"
        return Finding(BY_AGENT, "", False, why)
    tier = rules.priorities.get(priority)
    if tier is None:
        return Finding(_BY.get(author, BY_AGENT), "", False, f"{priority!r} stands for no tier")
    return Finding(_priority_rule(author, priority), tier, True, f"set to {priority}")


def _finding(rule: Rule, situation: Situation, reading: Reading, lists: Lists) -> Finding:
    """Whether every condition of the rule holds; the reason is the first that does not."""
    reasons, sure = [], rule.sure
    for met, why, certain in _conditions(rule, situation, reading, lists):
        if not met:
            return Finding(rule.name, rule.tier, False, why)
        reasons.append(why)
        sure = sure and certain
    return Finding(rule.name, rule.tier, True, ", ".join(reasons), sure)


def _conditions(
    rule: Rule, situation: Situation, reading: Reading, lists: Lists
) -> Iterator[tuple[bool, str, bool]]:
    """Of each condition: whether it holds, why, and whether that is sure."""
    if rule.outage is not None:
        state = "has an open outage" if situation.outage else "has no open outage"
        yield situation.outage is rule.outage, f"the site {state}", True
    if rule.automatic is not None:
        found = _automatic(situation, reading, lists)
        why = f"an automatic message: {found}" if found else "nothing marks it as automatic"
        yield bool(found) is rule.automatic, why, True
    if rule.channels:
        channel = situation.channel
        yield channel in rule.channels, f"it came by {channel or 'no known channel'}", True
    if rule.tags:
        common = sorted(rule.tags & situation.tags)
        yield bool(common), f"tagged {', '.join(common)}" if common else "no such tag", True
    for name, values in rule.fields.items():
        value = situation.fields.get(name, "")
        # Of a field with several values one is enough.
        met = not values.isdisjoint({value, *value.split(",")} - {""})
        yield met, f"{name} is {value or 'not set'}", True
    if rule.saying is not None:
        yield _said(reading, rule.saying)


def _automatic(situation: Situation, reading: Reading, lists: Lists) -> str | None:
    """What marks a message as one that no person wrote."""
    return (
        automatic_header(situation.headers)
        or reading.says(lists.get("automatic_subject", NO_PHRASES), Part.SUBJECT)
        or reading.says(lists.get("automatic_text", NO_PHRASES), Part.TEXT)
    )


def _said(reading: Reading, saying: Saying) -> tuple[bool, str, bool]:
    result = reading.find(saying)
    if (said := result.said) is not None:
        why = f"the {said.part.value} says {said.words!r} ({said.phrase})"
        return True, why if result.sure else f"{why}, doubtful: {said.objection}", result.sure
    if (said := result.cancelled) is not None:
        why = f"the {said.part.value} says {said.words!r}, which does not count: {said.objection}"
        return False, why, True
    return False, "none of its phrases is said", True
