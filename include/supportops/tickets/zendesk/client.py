"""A small client of Zendesk's API: the exports that a sync reads, and tickets that we create."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from supportops.tickets.source import NUMBER
from supportops.tickets.validation import LONGEST_WORD, clean
from supportops.tickets.zendesk.http import RateLimiter, ZendeskHttp
from supportops.tickets.zendesk.model import (
    Account,
    EventPage,
    TicketPage,
    UnsureError,
    ZendeskError,
)
from supportops.tickets.zendesk.records import optional_number

MOST_IDS = 100
PRIORITIES = ("urgent", "high", "normal", "low")
# How often a write is looked up and sent again before it fails.
WRITE_TRIES = 4


class Client:
    """A connection to one account; close it, or use it with `with`.

    Every method raises ZendeskError with one clear line. Reads are retried after rate limits,
    server errors and cut connections; a write only after looking up whether it was carried out.
    """

    def __init__(
        self,
        account: Account,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        http: ZendeskHttp | None = None,
    ) -> None:
        self.account = account
        self._sleep = sleep
        self._http = http or ZendeskHttp(account, sleep=sleep, monotonic=monotonic)
        self._exports = RateLimiter(monotonic, sleep)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the session."""
        self._http.close()

    @property
    def remote_time(self) -> datetime | None:
        """The time by Zendesk's clock when it last answered."""
        return self._http.remote_time

    def tickets(self, *, start: int = 0, cursor: str | None = None) -> TicketPage:
        """The next page of tickets after `cursor`; the very first one begins at `start`."""
        query = {"start_time": str(start)} if cursor is None else {"cursor": cursor}
        path = "/api/v2/incremental/tickets/cursor.json"
        body = self._export(path, query)
        after = body.get("after_cursor")
        if after is not None and not isinstance(after, str):
            raise ZendeskError(f"Zendesk: GET {path}: after_cursor is no text")
        return TicketPage(_list(body, "tickets", path), after, body.get("end_of_stream") is True)

    def events(self, *, start: int) -> EventPage:
        """The ticket events from the second `start` on, that second included."""
        path = "/api/v2/incremental/ticket_events.json"
        query = {"start_time": str(start), "include": "comment_events"}
        body = self._export(path, query)
        events = _list(body, "ticket_events", path)
        end = body.get("end_time")
        if end is not None and (isinstance(end, bool) or not isinstance(end, int)):
            raise ZendeskError(f"Zendesk: GET {path}: end_time is no number")
        # Some time-based exports omit end_of_stream; then a page that moves on is not the last.
        last = body.get("end_of_stream", end is None or end <= start)
        return EventPage(events, end, last is True)

    def people(self, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Role and name by id; people whom Zendesk no longer knows are left out."""
        return {
            key: (clean(user.get("role"), LONGEST_WORD), clean(user.get("name"), LONGEST_WORD))
            for key, user in self._show_many("users", ids)
        }

    def organizations(self, ids: Iterable[str]) -> dict[str, str]:
        """Names by id; empty where this account may not read organizations."""
        try:
            found = list(self._show_many("organizations", ids))
        except ZendeskError as error:
            if error.status != 403:
                raise
            return {}
        return {key: clean(one.get("name"), LONGEST_WORD) for key, one in found if one.get("name")}

    def field_titles(self) -> dict[str, str]:
        """Titles of ticket fields by id; empty where this account may not read them.

        A title that two fields share names neither.
        """
        path = "/api/v2/ticket_fields.json"
        try:
            found = _list(self._http.get(path), "ticket_fields", path)
        except ZendeskError as error:
            if error.status not in (403, 404):
                raise
            return {}
        titles = {
            key: clean(one.get("title"), LONGEST_WORD)
            for one in found
            if isinstance(one, Mapping) and (key := optional_number(one.get("id")))
        }
        counted = Counter(titles.values())
        return {key: title for key, title in titles.items() if title and counted[title] == 1}

    def create_ticket(
        self,
        external_id: str,
        subject: str,
        text: str,
        priority: str,
        tags: Iterable[str],
        idempotency_key: str,
    ) -> str:
        """The id of the one ticket with `external_id`, which is created where there is none yet.

        Zendesk honours the key for a limited time only, so the ticket is looked up before each
        attempt: calling this again, from another process and days later, creates no second one.
        `priority` is urgent, high, normal or low.
        """
        if priority not in PRIORITIES:
            raise ValueError(f"a priority {priority!r}; expected one of {', '.join(PRIORITIES)}")
        ticket = {
            "external_id": external_id,
            "subject": clean(subject, LONGEST_WORD),
            "comment": {"body": clean(text), "public": False},
            "priority": priority,
            "tags": list(tags),
        }

        def send() -> str:
            path = "/api/v2/tickets.json"
            body = self._http.write("POST", path, {"ticket": ticket}, idempotency_key)
            return _ticket_id(body.get("ticket"), path)

        return self._once(lambda: self.find_ticket(external_id), send)

    def find_ticket(self, external_id: str) -> str | None:
        """The oldest ticket with `external_id` that is not deleted."""
        path = "/api/v2/tickets.json"
        body = self._http.get(path, external_id=external_id)
        found = [
            _ticket_id(ticket, path)
            for ticket in _list(body, "tickets", path)
            if isinstance(ticket, Mapping)
            and ticket.get("external_id") == external_id
            and ticket.get("status") != "deleted"
        ]
        return min(found, key=int, default=None)

    def comment(self, ticket_id: str, text: str, *, public: bool = False) -> None:
        """Adds `text` to a ticket, once: a ticket that has such a comment already is left alone."""
        path = f"/api/v2/tickets/{int(ticket_id)}.json"
        text = clean(text)
        body = {"ticket": {"comment": {"body": text, "public": public}}}

        def send() -> str:
            self._http.write("PUT", path, body)
            return ticket_id

        self._once(lambda: ticket_id if self._has_comment(ticket_id, text) else None, send)

    def solve_untouched(self, ticket_id: str) -> bool:
        """Solves a ticket of ours, once; returns whether it is solved now.

        It is left alone once people work on it: it has an assignee, a status that somebody set, or
        a comment by another person than the one who created it. So are one that is closed, which
        includes one that was merged, and one that is gone.
        """
        path = f"/api/v2/tickets/{int(ticket_id)}.json"
        try:
            ticket = self._http.get(path).get("ticket")
            comments = _list(self._comments(ticket_id), "comments", path)
        except ZendeskError as error:
            if error.status not in (404, 410):
                raise
            return False
        if not isinstance(ticket, Mapping):
            raise ZendeskError(f"Zendesk: GET {path}: ticket is no object")
        if ticket.get("status") == "solved":
            return True
        own = (None, ticket.get("submitter_id"))
        others = any(c.get("author_id") not in own for c in comments if isinstance(c, Mapping))
        if others or ticket.get("status") != "new" or ticket.get("assignee_id") is not None:
            return False

        def look() -> str | None:
            found = self._http.get(path).get("ticket")
            solved = isinstance(found, Mapping) and found.get("status") == "solved"
            return ticket_id if solved else None

        def send() -> str:
            self._http.write("PUT", path, {"ticket": {"status": "solved"}})
            return ticket_id

        self._once(look, send)
        return True

    def audits(self, ticket_id: str) -> tuple[Any, ...] | None:
        """All updates of a ticket, the oldest first; None where Zendesk shows them to nobody.

        At most 100 requests, which is 10,000 updates.
        """
        path = f"/api/v2/tickets/{int(ticket_id)}/audits.json"
        found: list[Any] = []
        query = {"page[size]": str(MOST_IDS)}
        for _ in range(MOST_IDS):
            try:
                body = self._http.get(path, **query)
            except ZendeskError as error:
                if error.status not in (403, 404, 410):
                    raise
                return None
            found += _list(body, "audits", path)
            meta = body.get("meta")
            after = meta.get("after_cursor") if isinstance(meta, Mapping) else None
            more = isinstance(meta, Mapping) and meta.get("has_more") is True
            if not more or not isinstance(after, str) or after == query.get("page[after]"):
                break
            query["page[after]"] = after
        return tuple(found)

    def _comments(self, ticket_id: str) -> Mapping[str, Any]:
        path = f"/api/v2/tickets/{int(ticket_id)}/comments.json"
        body: Mapping[str, Any] = self._http.get(path, sort_order="desc")
        return body

    def act(self, ticket_id: str, text: str, *, public: bool, status: str | None) -> None:
        """Adds a comment, unless `text` is empty, and sets a status, in one update and once.

        A comment of this text that the ticket has already is not added again.
        """
        path = f"/api/v2/tickets/{int(ticket_id)}.json"
        text = clean(text)
        wanted: dict[str, Any] = {}

        def missing() -> dict[str, Any]:
            fields: dict[str, Any] = {}
            if text and not self._has_comment(ticket_id, text):
                fields["comment"] = {"body": text, "public": public}
            if status is not None and self._status(path) != status:
                fields["status"] = status
            return fields

        def look() -> str | None:
            nonlocal wanted
            wanted = missing()
            return None if wanted else ticket_id

        def send() -> str:
            self._http.write("PUT", path, {"ticket": wanted})
            return ticket_id

        self._once(look, send)

    def _status(self, path: str) -> Any:
        ticket = self._http.get(path).get("ticket")
        return ticket.get("status") if isinstance(ticket, Mapping) else None

    def ticket_page(self, ticket_id: str) -> str:
        """The address of a ticket in the agents' interface."""
        return self.ticket_pages.replace(NUMBER, str(int(ticket_id)))

    @property
    def ticket_pages(self) -> str:
        """The form of these addresses."""
        return f"{self.account.address}/agent/tickets/{NUMBER}"

    def _has_comment(self, ticket_id: str, text: str) -> bool:
        path = f"/api/v2/tickets/{int(ticket_id)}/comments.json"
        body = self._comments(ticket_id)
        bodies = (one.get("body") for one in _list(body, "comments", path) if isinstance(one, dict))
        # Zendesk trims what it stores.
        return text.split() in [clean(one).split() for one in bodies]

    def _once(self, look: Callable[[], str | None], send: Callable[[], str]) -> str:
        for attempt in range(WRITE_TRIES):
            found = look()
            if found is not None:
                return found
            try:
                return send()
            except UnsureError as error:
                unsure = error
                self._sleep(2.0**attempt)
        found = look()
        if found is None:
            raise unsure
        return found

    def _export(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        self._exports.wait()
        body: Mapping[str, Any] = self._http.get(path, **query)
        return body

    def _show_many(self, what: str, ids: Iterable[str]) -> Iterable[tuple[str, Mapping[str, Any]]]:
        wanted = sorted(set(ids), key=int)
        path = f"/api/v2/{what}/show_many.json"
        for place in range(0, len(wanted), MOST_IDS):
            for one in self._known(what, path, wanted[place : place + MOST_IDS]):
                key = optional_number(one.get("id")) if isinstance(one, Mapping) else None
                if key is not None:
                    yield key, one

    def _known(self, what: str, path: str, ids: Sequence[str]) -> tuple[Any, ...]:
        """The records of `ids`. One id that Zendesk rejects does not hide the others."""
        try:
            return _list(self._http.get(path, ids=",".join(ids)), what, path)
        except ZendeskError as error:
            if error.status not in (400, 404, 422):
                raise
        if len(ids) == 1:
            return ()
        half = len(ids) // 2
        return self._known(what, path, ids[:half]) + self._known(what, path, ids[half:])


def _list(body: Mapping[str, Any], name: str, path: str) -> tuple[Any, ...]:
    found = body.get(name)
    if not isinstance(found, list):
        raise ZendeskError(f"Zendesk: GET {path}: {name} is no list")
    return tuple(found)


def _ticket_id(ticket: Any, path: str) -> str:
    found = optional_number(ticket.get("id")) if isinstance(ticket, Mapping) else None
    if found is None:
        raise ZendeskError(f"Zendesk: {path}: a ticket without an id")
    return found
