"""An installation on which the commands of the docs can be run: `installation()`."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import openpyxl
from sqlalchemy import update

from airflow_home import ROOT
from cli.hostile.test_every_argument import answer
from supportops.alerts.acts.reference import reference_of
from supportops.db.engine import make_engine, writing
from supportops.db.schema import alert_hold
from web.boards import NOON
from web.browser.seeding import INCIDENT, seeded

_CUSTOMERS = "notices: {signature: us}\ncustomers: [{name: Bluebird, contacts: [manager]}]\n"
_GENERIC = (
    "ticket,event,at,kind,value,author,subject,text,requester,priority,site,customer,tags\n"
    "1,1,2026-11-02T09:00:00Z,created,,customer,Help,Please,ada,normal,shop,Acme,\n"
)
_SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://tutorials.example/how-to-add-a-page</loc></url></urlset>"""
_DATA = ROOT / "tests/data"


class Installation:
    """A store with something of each kind, the shipped files, and the files that the docs name."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder, self.seed, self.config = folder, folder / "seed.db", folder / "config"
        shutil.copy(template, self.seed)
        shutil.copytree(ROOT / "include/config", self.config)
        shutil.copy(_DATA / "tutorials/tutorials.yaml", self.config)
        (self.config / "customers.yaml").write_text(_CUSTOMERS)
        engine = make_engine(f"sqlite+pysqlite:///{self.seed}")
        seeded(engine, self.config)
        with writing(engine) as connection:  # live since long before the outage
            connection.execute(update(alert_hold).values(released_at=NOON - timedelta(days=9)))
        engine.dispose()
        imports = self.config / "imports"
        shutil.copy(imports / "zendesk.yaml", imports / "mine.yaml")
        shutil.copy(self.config / "service_levels.yaml", folder / "stricter.yaml")
        shutil.copy(_DATA / "imports/zendesk.csv", folder / "export.csv")
        _workbook(_DATA / "imports/zendesk.csv", folder / "export.xlsx")
        (folder / "sitemap.xml").write_text(_SITEMAP)
        (folder / "log.csv").write_text(_GENERIC)
        for _ in range(3):
            self.run(
                ["alerts", "silence", "add", "host=web-9", "--for", "5h", "--reason", "x"],
                self.seed,
            )
        called = self.run(["log-call", "Acme", "It is down", "--json"], self.seed)[1]
        call = called.split('"ticket": "')[1].split('"')[0]
        outage = f"#{reference_of(INCIDENT)}"
        self.real = {
            "#1a2b3c": outage,
            "#1f3a9c": outage,
            "phone/3f2a61c0d9e4": call,
            "12": "1",
            "bluebird-shop": "Site 0",
            "engineer_sms": "team_email",
            "https://www.example.com/sitemap.xml": str(folder / "sitemap.xml"),
        }

    def settings(self, store: Path) -> dict[str, str]:
        return {
            "SUPPORTOPS_DATABASE_URL": f"sqlite+pysqlite:///{store}",
            "SUPPORTOPS_CONFIG": str(self.config),
            "SUPPORTOPS_LOCAL": str(self.folder / "local"),
            "AIRFLOW_CONN_STATUS_PAGES": "https://status.agency.example/a-secret-of-sixteen",
        }

    def run(self, words: list[str], store: Path) -> tuple[int, str, str]:
        return answer(words, **self.settings(store))

    def try_out(self, words: Iterable[str]) -> tuple[int, str, str]:
        """Runs the command on a copy, with what exists here in the place of what the docs name."""
        store = self.folder / "run.db"
        shutil.copy(self.seed, store)
        here = [self.real.get(word, word) for word in words]
        here = [
            _tomorrow() if before == "--until" else word for before, word in pairwise(["", *here])
        ]
        for root in ("/srv/www/", "/var/lib/"):
            here = [word.replace(root, f"{self.folder}/") for word in here]
        for word in here:
            if word.startswith(f"{self.folder}/"):
                Path(word).parent.mkdir(parents=True, exist_ok=True)
        if "decide" in here:
            here = ["zendesk/4713" if word == "zendesk/4711" else word for word in here]
        if "texts.csv" in here:
            of = "tutorials/texts.csv" if here[0] == "tutorials" else "triage/cases.csv"
            shutil.copy(_DATA / of, self.folder / "texts.csv")
        if "unack" in here:
            self.run(["alerts", "ack", here[-1], "--by", "ben"], store)
        return self.run(here, store)


def _tomorrow() -> str:
    """An instant that is not over, as those of the docs may be."""
    return f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"


def _workbook(rows: Path, to: Path) -> None:
    book = openpyxl.Workbook()
    with rows.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            book.active.append(row)
    book.save(to)
