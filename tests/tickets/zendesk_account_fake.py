"""A Zendesk of our own on a real socket: as faithful as its documentation, and as hard.

It has a clock that a test sets. It hides what changed in the last minute, orders tickets by
`generated_timestamp`, repeats the last second of a time-based page, counts requests per endpoint,
and fails in every way on demand: `fake.fail("ticket_events", Cut())` is the next answer there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

START = 1_767_600_000  # Monday 5 January 2026, 08:00 UTC
LOGIN, TOKEN = "robot@agency.example/token", "s3cret-api-token"
OAUTH = "0auth-access-token"
HIDDEN_SECONDS = 60
IDEMPOTENT_SECONDS = 2 * 3600
CUSTOMER, AGENT, OTHER_CUSTOMER, ROBOT = 100, 200, 101, 300


@dataclass(frozen=True)
class Status:
    """Answers with a status and headers instead."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error": "on demand"}'


@dataclass(frozen=True)
class Cut:
    """Sends a part of the body, then ends the connection."""

    part: float = 0.5


@dataclass(frozen=True)
class Reset:
    """Resets the connection; with `carried_out` only after the work is done."""

    carried_out: bool = False


@dataclass(frozen=True)
class Lost:
    """Does the work, and then answers with a server's error."""

    code: int = 504


@dataclass(frozen=True)
class Body:
    """Answers 200 with these bytes instead."""

    content: bytes


@dataclass(frozen=True)
class Patch:
    """Answers as it would, with some fields of the body replaced."""

    fields: Mapping[str, Any]


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


def _listed_audit(audit: Mapping[str, Any]) -> dict[str, Any]:
    """An update as a ticket's own list has it."""
    record = {name: audit[name] for name in ("id", "ticket_id", "created_at")}
    events: list[Any] = []
    for child in audit["child_events"]:
        if not isinstance(child, dict):
            events.append(child)
        elif child["event_type"] in ("Create", "Change"):
            known = ("id", "via", "previous_value", "event_type")
            [(name, value)] = [(k, v) for k, v in child.items() if k not in known][:1]
            if name == "custom_ticket_fields":
                [(name, value)] = list(value.items())[:1]
            listed = {k: child[k] for k in ("id", "via", "previous_value") if k in child}
            listed |= {"type": child["event_type"], "field_name": name, "value": value}
            events.append(listed)
        else:
            events.append(
                {**child, "type": child["event_type"]} if isinstance(child, dict) else child
            )
    via = {"channel": {"Web form": "web", "Mail": "email"}.get(audit["via"], audit["via"])}
    return record | {"author_id": audit["updater_id"], "via": via, "events": events}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeZendesk:
    """The account: its clock, people, tickets and ticket events, and what fails next."""

    def __init__(self) -> None:
        self.now = float(START)
        self.page = 1000
        self.whole_seconds = True  # False: its pages of events end anywhere
        self.hidden = HIDDEN_SECONDS
        self.limits: dict[str, int] = {}
        self.compress = False
        self.users = {
            CUSTOMER: {"id": CUSTOMER, "name": "Ada Customer", "role": "end-user"},
            OTHER_CUSTOMER: {"id": OTHER_CUSTOMER, "name": "Bob Customer", "role": "end-user"},
            AGENT: {"id": AGENT, "name": "Eve Agent", "role": "agent"},
            ROBOT: {"id": ROBOT, "name": "Robot", "role": "admin"},
        }
        self.ticket_fields: list[Any] = []
        self.organizations = {7: {"id": 7, "name": "Acme"}, 8: {"id": 8, "name": "Umbrella"}}
        self.tickets: dict[int, dict[str, Any]] = {}
        self.archived: set[int] = set()
        self.audits: list[dict[str, Any]] = []
        self.comments: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        self.faults: list[tuple[str, Any]] = []
        self.change_faults: list[Any] = []  # what the next changes meet, one each
        self.asked: list[Asked] = []
        self.forgets_cursors = False
        self.hides_audits = False
        self.indigestible: set[int] = set()
        self._numbers = 1000
        self._cursors: dict[str, tuple[int, int]] = {}
        self._windows: dict[str, tuple[float, int]] = {}
        self._answered: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.RLock()
        self.address = ""

    # What people do in it.

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def raise_ticket(
        self, *, by: int = CUSTOMER, submitter: int | None = None, **fields: Any
    ) -> int:
        """A new ticket with its creation's event; the id. `fields` replace the row's."""
        ticket = self.number()
        row = {
            "id": ticket,
            "subject": f"Help {ticket}",
            "description": "It is broken",
            "status": "new",
            "priority": None,
            "requester_id": by,
            "submitter_id": submitter or by,
            "assignee_id": None,
            "organization_id": 7,
            "tags": [],
            "external_id": None,
            "via": {"channel": "web", "source": {"rel": None}},
            "custom_fields": [],
            "created_at": iso(self.now),
            "updated_at": iso(self.now),
            "generated_timestamp": int(self.now),
            "a_field_of_next_year": {"beta": True},
        } | fields
        self.tickets[ticket] = row
        create = [
            {"event_type": "Create", name: row[name]}
            for name in ("subject", "status", "requester_id", "organization_id")
        ]
        create += [
            {"event_type": "Create", name: row[name]}
            for name in ("priority", "assignee_id", "tags")
            if row[name]
        ]
        if row["custom_fields"]:
            custom = {str(each["id"]): each.get("value") for each in row["custom_fields"]}
            create.append({"event_type": "Create", "custom_ticket_fields": custom})
        children = [*create, self._comment(row["description"], row["submitter_id"], public=True)]
        self.audit(ticket, children, by=row["submitter_id"])
        return ticket

    def audit(self, ticket: int, children: list[Any], *, by: int = AGENT, **fields: Any) -> dict:
        """An update of a ticket with these child events; the export's record."""
        for child in children:
            if isinstance(child, dict):
                child.setdefault("id", self.number())
        record = {
            "id": self.number(),
            "ticket_id": ticket,
            "timestamp": int(self.now),
            "created_at": iso(self.now),
            "updater_id": by,
            "via": "Web form",
            "system": {"ip_address": "192.0.2.1"},
            "event_type": "Audit",
            "child_events": children,
        } | fields
        self.audits.append(record)
        self.touch(ticket)
        return record

    def comment(self, ticket: int, text: str, *, by: int = AGENT, public: bool = True) -> None:
        self.comments[ticket].insert(0, {"body": text, "public": public, "author_id": by})
        self.audit(ticket, [self._comment(text, by, public)], by=by)

    def change(self, ticket: int, name: str, value: Any, *, by: int = AGENT, **fields: Any) -> None:
        before = self.tickets[ticket].get(name)
        self.tickets[ticket][name] = value
        child = {"event_type": "Change", name: value, "previous_value": before} | fields
        self.audit(ticket, [child], by=by)

    def merge(self, ticket: int, into: int) -> None:
        text = f'This request was closed and merged into request #{into} "Other".'
        before = self.tickets[ticket]["tags"]
        self.tickets[ticket] |= {"status": "closed", "tags": [*before, "closed_by_merge"]}
        children = [
            {"event_type": "Change", "status": "closed", "previous_value": "open"},
            {
                "event_type": "Change",
                "tags": [*before, "closed_by_merge"],
                "previous_value": before,
                "added_tags": ["closed_by_merge"],
                "removed_tags": [],
            },
            self._comment(text, AGENT, public=False),
        ]
        self.audit(ticket, children)

    def delete(self, ticket: int) -> None:
        self.tickets[ticket]["status"] = "deleted"
        self.touch(ticket)

    def restore(self, ticket: int, status: str = "open") -> None:
        self.tickets[ticket]["status"] = status
        self.touch(ticket)

    def archive(self, ticket: int) -> None:
        """Old closed tickets: still exported, in no list any more."""
        self.tickets[ticket]["status"] = "closed"
        self.archived.add(ticket)
        self.bump(ticket)

    def destroy(self, ticket: int) -> None:
        """Deleted for good: exports no longer show that it ever existed."""
        del self.tickets[ticket]
        self.audits = [audit for audit in self.audits if audit["ticket_id"] != ticket]

    def retract(self, ticket: int, comment: int) -> None:
        """A public comment made private afterwards, in an event type of its own."""
        child = {"event_type": "CommentPrivacyChange", "comment_id": comment, "public": False}
        self.audit(ticket, [child])

    def touch(self, ticket: int) -> None:
        if ticket in self.tickets:
            self.tickets[ticket]["updated_at"] = iso(self.now)
            self.bump(ticket)

    def bump(self, ticket: int) -> None:
        """A system's update: only `generated_timestamp` moves."""
        self.tickets[ticket]["generated_timestamp"] = int(self.now)

    def fail(self, place: str, *faults: Any) -> None:
        """The next requests whose path holds `place` meet `faults`, one each."""
        self.faults += [(place, fault) for fault in faults]

    def requests(self, place: str) -> list[Asked]:
        return [asked for asked in self.asked if place in asked.path]

    def _comment(self, text: str, by: int, public: bool) -> dict[str, Any]:
        return {
            "event_type": "Comment",
            "type": "Comment",
            "author_id": by,
            "body": text,
            "plain_body": text,
            "html_body": f"<div class='zd-comment'>{text}</div>",
            "public": public,
            "attachments": [],
            "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
            "via_reference_id": None,
        }

    # What it answers.

    def answer(self, asked: Asked, body: Any) -> tuple[int, Any]:
        if not self._authorized(asked.headers):
            return 401, {"error": "Couldn't authenticate you"}
        path = asked.path.removeprefix("/api/v2/").removesuffix(".json")
        match path.split("/"):
            case ["incremental", "tickets", "cursor"]:
                return self._ticket_page(asked.query)
            case ["incremental", "ticket_events"]:
                return self._event_page(asked.query)
            case [("users" | "organizations") as what, "show_many"]:
                known = self.users if what == "users" else self.organizations
                ids = [int(one) for one in asked.query["ids"].split(",")]
                assert len(ids) <= 100
                if any(one in self.indigestible for one in ids):
                    return 400, {"error": "InvalidValue"}
                return 200, {what: [known[one] for one in ids if one in known], "next_page": None}
            case ["ticket_fields"]:
                return 200, {"ticket_fields": self.ticket_fields, "next_page": None}
            case ["tickets"] if asked.method == "GET":
                wanted = asked.query.get("external_id", "").lower()
                return 200, {"tickets": [r for r in self._listed() if _external(r) == wanted]}
            case ["tickets"]:
                return 201, {"ticket": self._create(body["ticket"])}
            case ["tickets", ticket] if int(ticket) not in self.tickets:
                return 404, {"error": "RecordNotFound"}
            case ["tickets", ticket] if asked.method == "GET":
                return 200, {"ticket": self.tickets[int(ticket)]}
            case ["tickets", ticket] if self.tickets[int(ticket)]["status"] == "closed":
                return 422, {"error": "RecordInvalid"}
            case ["tickets", ticket]:
                self._update(int(ticket), body["ticket"])
                return 200, {"ticket": self.tickets[int(ticket)]}
            case ["tickets", ticket, "audits"]:
                return self._audits_page(int(ticket), asked.query)
            case ["tickets", ticket, "comments"]:
                return 200, {"comments": self.comments[int(ticket)]}
        return 404, {"error": "RecordNotFound"}

    def _update(self, ticket: int, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            if name == "comment":
                self.comment(ticket, value["body"], by=ROBOT, public=value["public"])
            else:
                self.change(ticket, name, value, by=ROBOT)

    def _audits_page(self, ticket: int, query: Mapping[str, str]) -> tuple[int, Any]:
        """A ticket's own updates, which have no hidden minute and other words than the export."""
        if self.tickets.get(ticket, {}).get("status") in (None, "deleted") or self.hides_audits:
            return 404, {"error": "RecordNotFound"}
        own = [_listed_audit(audit) for audit in self.audits if audit["ticket_id"] == ticket]
        begin, size = int(query.get("page[after]", 0)), int(query["page[size]"])
        end = begin + min(size, self.page)
        more = end < len(own)
        return 200, {
            "audits": own[begin:end],
            "meta": {"has_more": more, "after_cursor": str(end) if more else None},
        }

    def _authorized(self, headers: Mapping[str, str]) -> bool:
        basic = base64.b64encode(f"{LOGIN}:{TOKEN}".encode()).decode()
        return headers.get("authorization") in (f"Basic {basic}", f"Bearer {OAUTH}")

    def _ticket_page(self, query: Mapping[str, str]) -> tuple[int, Any]:
        if "cursor" in query:
            if self.forgets_cursors or query["cursor"] not in self._cursors:
                return 400, {"error": "InvalidValue", "description": "cursor is invalid"}
            after = self._cursors[query["cursor"]]
        else:
            after = (int(query["start_time"]), -1)
        rows = sorted(self.tickets.values(), key=_position)
        visible = [row for row in rows if row["generated_timestamp"] <= self.now - self.hidden]
        rest = [row for row in visible if _position(row) > after]
        page = rest[: self.page]
        cursor = self._cursor(_position(page[-1]) if page else after)
        return 200, {
            "tickets": page,
            "after_cursor": cursor,
            "after_url": f"{self.address}/api/v2/incremental/tickets/cursor.json?cursor={cursor}",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(rest) <= self.page,
        }

    def _event_page(self, query: Mapping[str, str]) -> tuple[int, Any]:
        start = int(query["start_time"])
        found = sorted(self.audits, key=lambda audit: (audit["timestamp"], audit["id"]))
        rest = [a for a in found if start <= a["timestamp"] <= self.now - self.hidden]
        page = rest[: self.page]
        if page:
            # A page never ends within a second: it takes all of its last one.
            end = page[-1]["timestamp"]
            if self.whole_seconds:
                page += [a for a in rest[self.page :] if a["timestamp"] == end]
        else:
            end = start
        if query.get("include") != "comment_events":
            page = [_without_comments(audit) for audit in page]
        return 200, {
            "ticket_events": page,
            "count": len(page),
            "end_time": end,
            "next_page": f"{self.address}/api/v2/incremental/ticket_events.json?start_time={end}",
            "end_of_stream": len(page) == len(rest),
        }

    def _cursor(self, position: tuple[int, int]) -> str:
        digest = hashlib.sha256(f"salt {position}".encode()).digest()
        cursor = base64.b64encode(digest[:15]).decode() + "=="
        self._cursors[cursor] = position
        return cursor

    def _listed(self) -> list[dict[str, Any]]:
        return [row for key, row in self.tickets.items() if key not in self.archived]

    def _create(self, ticket: Mapping[str, Any]) -> dict[str, Any]:
        comment = ticket["comment"]
        fields = {k: v for k, v in ticket.items() if k != "comment"}
        number = self.raise_ticket(by=ROBOT, description=comment["body"], **fields)
        self.comments[number].insert(0, comment)
        return self.tickets[number]

    # How it answers.

    def handle(self, asked: Asked, content: bytes) -> tuple[int, dict[str, str], bytes, Any]:
        """Status, headers, body, and the fault of the wire that strikes this answer."""
        with self._lock:
            self.asked.append(asked)
            changes = asked.method == "PUT" and bool(self.change_faults)
            fault = self.change_faults.pop(0) if changes else self._fault(asked.path)
            headers = self._headers(asked.path)
            if isinstance(fault, Status):
                return fault.code, headers | fault.headers, fault.body, None
            if isinstance(fault, Body):
                return 200, headers, fault.content, None
            if isinstance(fault, Reset) and not fault.carried_out:
                return 200, headers, b"", fault
            if self._over_limit(asked.path, headers):
                return 429, headers, b'{"error": "Too many requests"}', None
            status, body = self._remembered(asked, content)
            if isinstance(fault, Patch):
                body = body | fault.fields
            if isinstance(fault, Lost):
                status, body = fault.code, {"error": "a gateway in between"}
            return status, headers, json.dumps(body).encode(), fault

    def _remembered(self, asked: Asked, content: bytes) -> tuple[int, Any]:
        key = asked.headers.get("idempotency-key")
        at, body = self._answered.get(key or "", (0.0, b""))
        if key and body and self.now - at < IDEMPOTENT_SECONDS:
            return 201, json.loads(body)
        status, answer = self.answer(asked, json.loads(content) if content else None)
        if key and status < 300:
            self._answered[key] = (self.now, json.dumps(answer).encode())
        return status, answer

    def _fault(self, path: str) -> Any:
        for place, (where, fault) in enumerate(self.faults):
            if where in path:
                del self.faults[place]
                return fault
        return None

    def _headers(self, path: str) -> dict[str, str]:
        left = 700 - len(self.asked) % 60
        return {
            "Date": formatdate(self.now, usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
            "X-Rate-Limit": "700",
            "X-Rate-Limit-Remaining": str(left),
            "ratelimit-limit": "700",
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(int(60 - self.now % 60)),
        }

    def _over_limit(self, path: str, headers: dict[str, str]) -> bool:
        """Counts a request against its endpoint's minute, whatever the account has left."""
        for name, most in self.limits.items():
            if name not in path:
                continue
            began, count = self._windows.get(name, (self.now, 0))
            if self.now - began >= 60:
                began, count = self.now, 0
            self._windows[name] = (began, count + 1)
            resets = int(began + 60 - self.now) + 1
            headers[f"zendesk-ratelimit-{name.replace('_', '-')}"] = (
                f"total={most}; remaining={max(0, most - count - 1)}; resets={resets}"
            )
            if count >= most:
                headers["Retry-After"] = str(resets)
                return True
        return False


def _external(row: Mapping[str, Any]) -> str:
    return str(row["external_id"] or "").lower()


def _position(row: Mapping[str, Any]) -> tuple[int, int]:
    return (row["generated_timestamp"], row["id"])


def _without_comments(audit: dict[str, Any]) -> dict[str, Any]:
    children = [
        child
        if child.get("event_type") != "Comment"
        else {
            "id": child["id"],
            "event_type": "Comment",
            "comment_present": True,
            "comment_public": child["public"],
        }
        for child in audit["child_events"]
    ]
    return audit | {"child_events": children}
