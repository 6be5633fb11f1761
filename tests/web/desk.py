"""A support desk: a store with sites, tickets and calls, and the board over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import Header, HTTPException
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.tickets.log.store import append_events
from supportops.tickets.source import TicketSource
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.web.app import make_app
from supportops.web.page import Viewer
from web.boards import ACTOR, CONFIG, NOON, READER, site_entry, visible, write_config

SITES = [
    site_entry("shop.example", "Acme", host="web-1"),
    site_entry("wiki.example", "Umbrella", host="web-2"),
]


class Desk:
    """The desk at `now`, a Wednesday's noon in London; `sources` are connected."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.now = NOON
        self.sources: Sequence[TicketSource] = ()
        self.context = Context(engine, write_config(folder, SITES), lambda _: None)
        shutil.copy(CONFIG / "triage.yaml", folder)
        load_or_last_good(engine, folder, NOON - timedelta(days=30))
        self.client = TestClient(self._app())

    def _app(self) -> Any:
        def viewer(x_user: str | None = Header(None)) -> Viewer:
            if x_user is None:
                raise HTTPException(401)
            return Viewer(x_user, may_act=x_user == "ada")

        @contextmanager
        def open_context() -> Iterator[Context]:
            yield self.context

        @contextmanager
        def open_sources() -> Iterator[Sequence[TicketSource]]:
            yield self.sources

        return make_app(
            open_context,
            LastConfiguration(),
            lambda: self.now,
            viewer=viewer,
            open_sources=open_sources,
        )

    def ticket(
        self,
        number: str,
        *more: Event,
        ago: timedelta = timedelta(minutes=5),
        subject: str = "The form does not send",
        source: str = "zendesk",
        tier: str = "bug_fix",
        tier_facts: Mapping[str, Any] | None = None,
        customer: str = "Acme",
        **values: str,
    ) -> None:
        """A customer's ticket of `ago`, with `more` events and other values by their kinds."""
        at = self.now - ago
        facts = {"subject": subject, "text": "Please help.", "requester": "jo@acme.example"}
        created = event(number, EventKind.CREATED, at, Author.CUSTOMER, source=source, **facts)
        given = {"tier": tier, "customer": customer} | values
        kinds = [
            event(
                number,
                EventKind(name),
                at,
                Author.AGENT,
                value,
                source=source,
                **(dict(tier_facts or {}) if name == "tier" else {}),
            )
            for name, value in given.items()
        ]
        self.append(created, *kinds, *more)

    def append(self, *events: Event) -> None:
        with writing(self.engine) as connection:
            append_events(connection, events, self.now)

    def get(self, path: str, status: int = 200, **query: str) -> str:
        response = self.client.get(path, params=query, headers=dict(READER))
        assert response.status_code == status, response.text
        return response.text

    def text(self, path: str, status: int = 200, **query: str) -> str:
        """What a reader sees."""
        return visible(self.get(path, status, **query))

    def acting(self, path: str, **query: str) -> str:
        """A page as it is for somebody who may act."""
        response = self.client.get(path, params=query, headers=dict(ACTOR))
        assert response.status_code == 200, response.text
        return response.text

    def act(self, name: str, /, **body: Any) -> Response:
        return self.client.post(f"/act/{name}", json=body, headers=dict(ACTOR))


def event(
    number: str,
    kind: EventKind,
    at: datetime,
    author: Author = Author.AGENT,
    value: str | None = None,
    source: str = "zendesk",
    **facts: Any,
) -> Event:
    """An event of a ticket; two of a kind at one instant have the same key."""
    key = f"{number}/{kind.value}/{at.isoformat()}"
    return Event(source, key, number, kind, at, at, author, value, facts)
