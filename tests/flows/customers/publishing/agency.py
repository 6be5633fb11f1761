"""An agency with four customers on two servers, whose status pages are written to a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from supportops.context import Context
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.customers import status_pages
from supportops.sites.check import Reason
from supportops.sites.site import FIVE_MINUTES, Site
from web.boards import NOON, live_through, site_entry, slots_until, write_config

SECRET = "a secret that is long enough for pages"
SITES = [
    site_entry("bluebird-shop.example", "Bluebird Books", host="web-1.internal"),
    site_entry("bluebird-blog.example", "Bluebird Books", host="web-1.internal"),
    site_entry("kestrel.example", "Kestrel Cycles", host="web-1.internal"),
    site_entry("harbour.example", "Harbour Trust", host="web-2.internal"),
    site_entry("umbrella.example", "Umbrella", host="web-2.internal"),
]
CUSTOMERS: list[dict[str, Any]] = [
    {"name": "Bluebird Books", "page": "public", "colour": "#0a5c36"},
    {"name": "Kestrel Cycles", "language": "de", "aliases": ["Kestrel"]},
    {"name": "Umbrella", "page": "none"},
]


class Agency:
    """Its store, and the folder of its pages as of `now`."""

    def __init__(self, engine: Engine, root: Path, sites: list[dict[str, Any]] = SITES) -> None:
        self.engine, self.now = engine, NOON
        self.folder = root / "pages"
        self.config = root / "config"
        self.down: dict[str, Reason] = {}
        self.secrets: dict[str, str] = {"status_pages": SECRET}
        self.configure(sites)

    @property
    def context(self) -> Context:
        return Context(self.engine, self.config, self.secrets.get, self.folder)

    def configure(
        self,
        sites: list[dict[str, Any]],
        customers: list[dict[str, Any]] = CUSTOMERS,
        **settings: Any,
    ) -> None:
        write_config(self.config, sites)
        document = {"customers": customers, **settings}
        (self.config / "customers.yaml").write_text(json.dumps(document))

    def activate(self) -> None:
        _, error = load_or_last_good(self.engine, self.config, self.now)
        assert error is None, error

    def check(self, runs: int = 1) -> None:
        """So many runs of checks, the last one at `now`."""
        live_through(self.engine, self.config, slots_until(self.now, runs), self._answer)

    def later(self, runs: int = 1) -> None:
        """Time passes, with its runs."""
        self.now += runs * FIVE_MINUTES
        self.check(runs)

    def _answer(self, site: Site, _page: str, _at: datetime) -> Reason:
        return self.down.get(site.name, Reason.OK)

    def write(self) -> status_pages.Written:
        return status_pages.write(self.context, self.now)

    def addresses(self) -> Mapping[str | None, str]:
        return {each.customer: each.path for each in status_pages.addresses(self.context)}

    def page(self, customer: str | None = None, name: str = "index.html") -> str:
        return (self.folder / self.addresses()[customer] / name).read_text()

    def json(self, customer: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.page(customer, "status.json"))
        return found

    def files(self) -> dict[str, bytes]:
        """All that a web server could serve."""
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}
