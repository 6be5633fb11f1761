"""A desk that people work at in a browser: what they do, and what the store holds afterwards.

`ada` and `eve` may act, everybody else only reads. The messages of the receivers and the checks of
the site `Here` go to a server of this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fastapi import Header, HTTPException
from sqlalchemy import Engine, RowMapping, Table

from supportops.alerts import hold
from supportops.alerts.description import incident_path
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts
from supportops.sites.check import Reason
from supportops.sites.site import FIVE_MINUTES, Site
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, EventKind
from supportops.web.app import make_app
from supportops.web.page import Viewer
from web.boards import NOON, live_through, site_entry, slots_until, write_config
from web.browser.serving import Server, serving
from web.desk import event

HOSTILE = '"><img src=x onerror="document.title=1"><script>document.title=2</script>'
DOWN = ("Atlas Books", "Borealis Tea", "Cobalt Cycles", "Dunes Hotel", "Ember Grill", HOSTILE)
# Of the receivers of alerts.yaml the chat of the support has no address.
REACHED = ("engineer_sms", "engineer_chat", "team_email", "manager_email")
UP = tuple(f"Quiet site {number}" for number in range(12))
NOW = NOON + timedelta(minutes=1)
BEGAN = NOON - 3 * FIVE_MINUTES


@dataclass
class Desk:
    """The board at `url`, which ends with a slash, over a store; `posted`: what receivers got."""

    engine: Engine
    server: Server
    posted: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.server.url}/"

    def rows(self, table: Table, **values: Any) -> list[RowMapping]:
        """The rows with these values, as they were written one after another."""
        chosen = table.select().where(*(table.c[name] == value for name, value in values.items()))
        with reading(self.engine) as connection:
            return list(connection.execute(chosen.order_by(*table.primary_key)).mappings())

    def outage(self, site: str) -> RowMapping:
        """The open alert of a site that is down."""
        return self.rows(alerts, kind="outage", site=site)[0]

    def incident(self, site: str) -> str:
        """The address of its page."""
        return self.url + incident_path(self.outage(site)["key"])


@contextmanager
def desk(engine: Engine, folder: Path) -> Iterator[Desk]:
    """Fills the empty store behind `engine`; its configuration is written into `folder`."""
    posted: list[str] = []
    with _neighbour(posted) as port:
        sites = [site_entry(name, "Acme", host=f"web-{n}") for n, name in enumerate(DOWN)]
        sites += [site_entry(name, "Umbrella", host="web-9") for name in UP]
        here = {"url": f"http://127.0.0.1:{port}/", "allow_private": True, "host": "web-9"}
        sites.append(site_entry("Here", "Umbrella", **here))
        context = Context(
            engine,
            write_config(folder, sites),
            {f"apprise_{name}": f"json://127.0.0.1:{port}/" for name in REACHED}.get,
        )
        live_through(engine, folder, slots_until(NOON, 5), _answer)
        with writing(engine) as connection:
            hold.release(connection, "ada", NOON)
            append_events(connection, list(_tickets()), NOON)
        with serving(_app(context), user=None) as server:
            yield Desk(engine, server, posted)


def _answer(site: Site, page: str, at: datetime) -> Reason:
    return Reason.REFUSED if site.name in DOWN and at >= BEGAN else Reason.OK


def _tickets() -> Iterator[Any]:
    tickets = (("501", 1, "bug_fix", HOSTILE), ("502", 5, "mission_critical", "The till is dead"))
    for number, minutes, tier, subject in tickets:
        at = NOON - timedelta(minutes=minutes)
        yield event(number, EventKind.CREATED, at, Author.CUSTOMER, subject=subject, text=HOSTILE)
        yield event(number, EventKind.TIER, at, value=tier)
        yield event(number, EventKind.CUSTOMER, at, value="Acme")


def _app(context: Context) -> Any:
    def viewer(x_user: str | None = Header(None)) -> Viewer:
        if x_user is None:
            raise HTTPException(401)
        return Viewer(x_user, may_act=x_user in ("ada", "eve"))

    @contextmanager
    def open_context() -> Iterator[Context]:
        yield context

    return make_app(open_context, LastConfiguration(), lambda: NOW, viewer=viewer)


@contextmanager
def _neighbour(posted: list[str]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
