"""An installation with push monitors: jobs push to its endpoint, and minutes pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, insert, select, update

from builders import configure
from supportops.alerts.alert import Alert
from supportops.alerts.store import find_all, list_open
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, incidents
from supportops.flows.active_configuration import active_configuration
from supportops.flows.sites import push_check
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.store import list_incidents

NOON = datetime.fromisoformat("2026-04-07T12:00:00+00:00")
TOKEN, KEY = "t" * 24, "k" * 32
HOURLY = {"name": "backup", "site": "shop", "token": "push_backup", "every": "1h", "grace": "10m"}


class Jobs:
    """`minute` is the time since noon. The endpoint serves unless a test stops it."""

    def __init__(self, store: Engine, folder: Path) -> None:
        self.engine, self.folder = store, folder
        self.secrets: dict[str, str] = {"push_backup": TOKEN, "push_key": KEY}
        self.context = Context(store, folder, self.secrets.get)
        self.minute = 0.0
        self.serves = True

    @property
    def now(self) -> datetime:
        return NOON + timedelta(minutes=self.minute)

    def configure(self, *monitors: Mapping[str, Any], sites: Iterable[Any] = ("shop",)) -> None:
        entries = [
            {"name": s, "url": f"https://{s}.example/", "host": "web-1"}
            if isinstance(s, str)
            else s
            for s in sites
        ]
        configure(self.folder, entries)
        file = self.folder / "sites.yaml"
        data = yaml.safe_load(file.read_text()) | {"monitors": list(monitors)}
        file.write_text(yaml.safe_dump(data))

    def start(self, *monitors: Mapping[str, Any], **more: Any) -> None:
        self.configure(*(monitors or (HOURLY,)), **more)
        push_check.beat(self.context, self.now, started=True)
        self.judge()

    def judge(self) -> dict[str, Any]:
        if self.serves:
            push_check.beat(self.context, self.now)
        return push_check.judge(self.context, self.now)

    def until(self, minute: float, *, every: float = 5) -> None:
        """Time passes, and is judged each five minutes, at `minute` too."""
        while self.minute + every < minute:
            self._pass(self.minute + every)
            self.judge()
        self._pass(minute)
        self.judge()

    def _pass(self, minute: float) -> None:
        while self.serves and self.minute + 2 < minute:
            self.minute += 2
            push_check.beat(self.context, self.now)
        self.minute = minute

    def push(self, ending: str = "", body: bytes = b"", **fields: Any) -> push_check.Answer:
        with reading(self.engine) as connection:
            configuration = active_configuration(connection)
        token = fields.pop("token", TOKEN)
        request = push_check.Request(token, ending, body=body, **fields)
        return push_check.receive(self.context, configuration, request, self.now)

    def state(self) -> str:
        return push_check.standing_of(self.context, self.now)[0].state

    def open(self) -> list[tuple[str, str]]:
        """Kind and words of the open alerts about jobs."""
        with reading(self.engine) as connection:
            found = list_open(connection)
        kinds = ("push_missing", "push_failed", "push_limit")
        return [(a.kind.value, a.headline) for a in found if a.kind.value in kinds]

    def alert(self, kind: str) -> Alert:
        """The open one of a kind, else the newest."""
        c = alerts.c
        with reading(self.engine) as connection:
            newest = (
                select(c.key)
                .where(c.kind == kind)
                .order_by(c.resolved_at.is_not(None), c.opened_at.desc(), c.key)
            )
            key = connection.execute(newest.limit(1)).scalar_one()
            return find_all(connection, [key])[key]

    def incidents(self) -> list[Incident]:
        with reading(self.engine) as connection:
            return list_incidents(connection, NOON - timedelta(days=900), NOON + _YEARS)

    def outage(self, site: str = "shop", kind: IncidentKind = IncidentKind.OUTAGE) -> None:
        """Begins now."""
        of_server = kind is IncidentKind.HOST_OUTAGE
        facts = {"sites": [site]} if of_server else {}
        row = {
            "key": f"{kind}:{site}:{self.now.isoformat()}",
            "kind": kind.value,
            "subject": "web-1" if of_server else site,
            "site": None if of_server else site,
            "host": "web-1",
            "reason": "timeout",
            "started_at": self.now,
            "opened_at": self.now,
            "flapping": False,
            "facts": facts,
        }
        with writing(self.engine) as connection:
            connection.execute(insert(incidents).values(**row))

    def outages_end(self) -> None:
        kinds = ("outage", "host_outage", "blind")
        with writing(self.engine) as connection:
            over = update(incidents).where(incidents.c.kind.in_(kinds))
            connection.execute(over.values(ended_at=self.now, closed_at=self.now))


_YEARS = timedelta(days=900)
