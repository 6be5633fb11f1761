"""The support bundle of a ticket: all that its clocks were computed from, as one JSON file.

What people wrote, and who they are, is left out unless it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from supportops import __version__
from supportops.config.configuration import File
from supportops.config.snapshots import get_document
from supportops.flows.sla.explain_ticket import ExplainedTicket, explained
from supportops.flows.tickets.doubtful_tickets import DECIDED
from supportops.flows.tickets.show_ticket import find_ticket
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Event, EventKind
from supportops.web.page import MadeFile, NotFound, PageContext, Query, ServedFile, Text

FORMAT = 1
# Facts that hold nothing a person wrote; a rule may name who decided.
_PLAIN_FACTS = ("channel", "doubtful", "decided_at", "rule")
_PEOPLE = frozenset({EventKind.ASSIGNEE})


class BundleOf(Query):
    """A ticket; `texts`: with what people wrote and their names."""

    source: Text
    id: Text
    texts: bool = False


def bundle(page: PageContext, query: BundleOf) -> ServedFile:
    """The bundle of a ticket. Raises NotFound."""
    try:
        source, number = find_ticket(page.connection, query.id, query.source)
    except LookupError as error:
        raise NotFound(str(error)) from None
    events = events_of(page.connection, source, number)
    document = get_document(page.connection, page.configuration.digest)
    content = {
        "format": FORMAT,
        "product": {"name": "supportops", "version": __version__},
        "made_at": page.now.isoformat(),
        "ticket": {"source": source, "number": number},
        "with_texts": query.texts,
        "configuration": {
            "digest": page.configuration.digest,
            "service_levels": document.get(File.SERVICE_LEVELS.value),
        },
        "events": _events(events, texts=query.texts),
        "clocks": _clocks(page, source, number),
    }
    text = json.dumps(content, indent=2, ensure_ascii=True, default=str)
    return ServedFile(text.encode(), "application/json", "support-bundle.json")


def _clocks(page: PageContext, source: str, number: str) -> Any:
    """The clocks as `supportops explain --json` gives them, or why there are none."""
    try:
        found = explanation_of(page, source, number)
    except LookupError as error:
        return {"error": str(error)}
    return None if found is None else found.explanation.as_json()


def explanation_of(page: PageContext, source: str, number: str) -> ExplainedTicket | None:
    """The clocks of a ticket by the configuration in force, None where it promises nothing.

    Raises LookupError where they cannot be judged.
    """
    book = page.configuration.promises
    if book is None:
        return None
    zone, titles = page.zone, page.configuration.tiers.titles()
    return explained(page.connection, book, number, source, page.now, zone=zone, titles=titles)


def _events(events: Sequence[Event], *, texts: bool) -> list[dict[str, Any]]:
    people: dict[str, str] = {}
    found = []
    for event in events:
        row = {each.name: getattr(event, each.name) for each in fields(event)}
        row["facts"] = dict(event.facts) if texts else _plain(event.facts)
        if not texts and event.kind in _PEOPLE and event.value:
            row["value"] = people.setdefault(event.value, f"person {len(people) + 1}")
        found.append(row)
    return found


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: facts[name] for name in _PLAIN_FACTS if name in facts}
    if str(kept.get("rule", "")).startswith(DECIDED):
        kept["rule"] = DECIDED
    left_out = sorted(set(facts) - set(kept))
    return {**kept, **({"left_out": left_out} if left_out else {})}


BUNDLE = MadeFile("/bundle", BundleOf, bundle)
