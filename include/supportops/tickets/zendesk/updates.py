"""Updates of tickets as Zendesk exports them: their children, and whom and what they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from supportops.tickets.zendesk.records import optional_number, own_fields

_PEOPLE = ("author_id", "assignee_id", "requester_id")


def as_exported(audit: Any) -> Any:
    """An update as the list of a ticket's own updates has it, in the words of the export."""
    if not isinstance(audit, Mapping):
        return audit
    listed = audit.get("events")
    children: Any = listed
    if isinstance(listed, list):
        children = [
            {**each, "event_type": each.get("type")} if isinstance(each, Mapping) else each
            for each in listed
        ]
    return {**audit, "updater_id": audit.get("author_id"), "child_events": children}


def names_fields(audits: Iterable[Any]) -> bool:
    """Whether one of `audits` creates a ticket with fields of the account's own."""
    return any(
        "custom_ticket_fields" in fields or own_fields(fields)
        for fields in map(by_name, children_of(audits))
        if fields.get("event_type") == "Create"
    )


def creates(audits: Iterable[Any]) -> bool:
    """Whether one of `audits` is the update that created its ticket."""
    return any(child.get("event_type") == "Create" for child in children_of(audits))


def people_in(audits: Iterable[Any]) -> set[str]:
    """The ids of those whose roles and names are needed to read `audits`."""
    found = {optional_number(audit.get("updater_id")) for audit in objects(audits)}
    for child in children_of(audits):
        fields = by_name(child)
        found |= {optional_number(fields.get(name)) for name in _PEOPLE}
    return {one for one in found if one is not None and not one.startswith("-")}


def organizations_in(audits: Iterable[Any]) -> set[str]:
    """The ids of the organizations whose names are needed to read `audits`."""
    found = {optional_number(by_name(c).get("organization_id")) for c in children_of(audits)}
    return {one for one in found if one is not None}


def ticket_ids(audits: Iterable[Any]) -> set[str]:
    """The ids of the tickets that `audits` are about."""
    found = {optional_number(audit.get("ticket_id")) for audit in objects(audits)}
    return {one for one in found if one is not None}


def by_name(child: Mapping[str, Any]) -> Mapping[str, Any]:
    """The child with its field as a key; the audit form has `field_name` and `value` instead."""
    name = child.get("field_name")
    return {**child, name: child.get("value")} if isinstance(name, str) else child


def objects(rows: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """Those of `rows` that are objects."""
    return (row for row in rows if isinstance(row, Mapping))


def children_of(audits: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """The children of all `audits`, as far as they are objects."""
    for audit in objects(audits):
        children = audit.get("child_events")
        yield from objects(children) if isinstance(children, list) else ()
