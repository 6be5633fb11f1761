"""Makes a store with the code of another commit: checks, an outage, tickets, a sweep, a report.

    git archive COMMIT | tar -x -C /tmp/old
    cd /tmp/old && PYTHONPATH=include python PATH/make.py 0007.sqlite

It works with the flows of every commit since the first reports; README.md says which were used.
"""

from __future__ import annotations

import gzip
import inspect
import os
import shutil
import sqlite3
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import ModuleType

import yaml

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
REPORTED = MONDAY + timedelta(days=7, minutes=5)
EVENTS = """ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags
1,1,2026-11-16T09:30:00Z,created,customer,,How do I add a page?,Zoë asks 网站,zoe@acme.example,,Shop,Acme,
1,2,2026-11-16T11:30:00Z,comment,agent,,,Like this,,,,,
1,3,2026-11-17T09:00:00Z,status,agent,solved,,,,,,,
2,1,2026-11-16T10:00:00Z,created,customer,,The checkout shows error 500,It is down,bo@acme.example,urgent,Shop,Acme,shop
2,2,2026-11-16T10:20:00Z,priority,agent,high,,,,,,,
2,3,2026-11-17T16:00:00Z,comment,agent,,,We look at it,,,,,
3,1,2026-11-18T08:00:00Z,created,customer,,The logo is broken,,cy@other.example,normal,Blog,Other,
4,1,2026-11-18T15:00:00Z,created,customer,,Please change my password,,cy@other.example,low,,Other,
4,2,2026-11-19T15:00:00Z,status,agent,pending,,,,,,,
4,3,2026-11-19T17:00:00Z,comment,customer,,,Hello?,,,,,
"""  # noqa: E501
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As the first versions did it; the later ones log an act as well.
ACKNOWLEDGED = (
    "UPDATE alerts SET acknowledged_at = :at, acknowledged_by = 'Ada' "
    "WHERE kind = 'outage' AND resolved_at IS NULL AND (SELECT version_num < '0009' "
    "FROM alembic_version)"
)


class Server(BaseHTTPRequestHandler):
    down = False

    def do_GET(self) -> None:
        broken = self.path == "/shop" and Server.down
        self.send_response(500 if broken else 204 if self.path == "/control" else 200)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


class Clock:
    def __init__(self) -> None:
        self.set(MONDAY)

    def set(self, at: datetime) -> None:
        self.at, self.began = at, time.monotonic()

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.began)


def configure(folder: Path, address: str) -> None:
    shutil.copytree("include/config", folder, dirs_exist_ok=True)
    sites = {
        "check": {"confirm_after": ["1s", "2s"]},
        "vantage": [f"{address}/control"],
        "sites": [
            {"name": "Shop", "customer": "Acme", "url": f"{address}/shop", "allow_private": True},
            {"name": "Blog", "customer": "Other", "url": f"{address}/blog", "allow_private": True},
        ],
    }
    (folder / "sites.yaml").write_text(yaml.safe_dump(sites))
    (folder / "events.csv").write_text(EVENTS)


def flow_of(name: str) -> ModuleType:
    """The flow `name`: a file of supportops/flows or, since later, of one of its folders."""
    package = import_module("supportops")
    root = Path(package.__path__[0]).parent
    file = next((root / "supportops" / "flows").rglob(f"{name}.py"))
    return import_module(".".join(file.relative_to(root).with_suffix("").parts))


def main() -> None:
    store = Path(sys.argv[1]).absolute()
    work = store.with_suffix(".work")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    configure(work, address)
    os.environ["SUPPORTOPS_DATABASE_URL"] = f"sqlite+pysqlite:///{store}"
    os.environ["SUPPORTOPS_CONFIG"] = str(work)
    for name in ("ENGINEER_SMS", "ENGINEER_CHAT", "TEAM_EMAIL", "SUPPORT_CHAT", "MANAGER_EMAIL"):
        os.environ[f"AIRFLOW_CONN_APPRISE_{name}"] = address.replace("http", "json")
    bootstrap = import_module("supportops.bootstrap")
    opener = getattr(bootstrap, "open_context", None) or bootstrap.open_workplace
    migrate = import_module("supportops.db.migrate")
    flows = {
        name: flow_of(name)
        for name in ("site_check", "alert_dispatch", "sla_sweep", "weekly_report", "ticket_import")
    }
    clock = Clock()
    with opener(migrated=False) as context:
        migrate.upgrade(context.engine)
        with suppress(StopIteration, AttributeError):
            flow_of("go_live").run(context, "Ada", clock())
        for minute, down in ((0, False), (60, True), (65, False), (70, False), (75, True)):
            clock.set(MONDAY + timedelta(minutes=minute))
            Server.down = down
            print(flows["site_check"].run(context, clock))
            flows["alert_dispatch"].run(context.engine, context.secrets, clock)
        read = flows["ticket_import"].run
        known = inspect.signature(read).parameters
        values = {
            "place": context,
            "engine": context.engine,
            "config": work,
            "path": work / "events.csv",
            "mapping": "generic",
            "now": MONDAY + timedelta(days=4),
        }
        print(read(**{name: each for name, each in values.items() if name in known}))
        for hour in (25, 49, 97):
            clock.set(MONDAY + timedelta(hours=hour))
            flows["sla_sweep"].hourly(context, clock(), clock())
            flows["alert_dispatch"].run(context.engine, context.secrets, clock)
        print(flows["weekly_report"].run(context, REPORTED, REPORTED, audience="team", send=True))
        clock.set(REPORTED)
        flows["alert_dispatch"].run(context.engine, context.secrets, clock)
        context.engine.dispose()
    server.shutdown()
    shutil.rmtree(work)
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(ACKNOWLEDGED, {"at": (MONDAY - EPOCH) // timedelta(microseconds=1)})
        connection.commit()
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode=DELETE")
    packed = gzip.compress(store.read_bytes(), 9, mtime=0)
    store.with_name(f"{store.name}.gz").write_bytes(packed)
    store.unlink()


if __name__ == "__main__":
    main()
