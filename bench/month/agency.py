"""The agency's configuration: the shipped files, with the script's sites, customers and jobs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from bench.month.script import Script

CONFIG = Path(__file__).parents[2] / "include" / "config"
CONTROLS = ("/control-a", "/control-b")
LANGUAGES = ("en-GB", "de-DE", "fr-FR")
PAGES_SECRET = "the pages of a month that never was"
PAGES = "https://status.month.example/"


def configure(folder: Path, script: Script, address: str) -> None:
    """Writes the files. `address`: of the server that has the sites."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, "sites", _sites(script, address))
    _write(folder, "alerts", _alerts(script))
    _write(folder, "customers", _customers(script))
    reports = _read("reports")
    managers = next(each for each in reports["audiences"] if each["name"] == "managers")
    managers["reports"] = ["weekly", "monthly"]
    _write(folder, "reports", reports)
    _write(folder, "triage", _triage())
    _write(folder, "mailbox", _mailbox())
    shutil.copy(CONFIG / "service_levels.yaml", folder)
    (folder / "imports").mkdir(exist_ok=True)
    for part in ("new", "cur", "tmp"):
        (folder.parent / "box" / part).mkdir(parents=True, exist_ok=True)


def contact(customer: str) -> str:
    """The receiver of a customer."""
    return f"{customer.lower().replace(' ', '_')}_email"


def token(job: str) -> str:
    """The secret token of a job."""
    return f"token-of-{job.lower().replace(' ', '-')}-{'0' * 20}"


def secrets(script: Script, address: Callable[[str], str]) -> dict[str, str]:
    """Every secret by its name. `address`: the Apprise URL of a receiver."""
    known = _read("alerts")["receivers"].values()
    names = [each["name"] for receivers in known for each in receivers]
    names += [contact(each) for each in script.customers]
    found = {f"apprise_{name}": address(name) for name in names}
    found |= {f"push_{_word(job.name)}": token(job.name) for job in script.jobs}
    return found | {"status_pages": PAGES_SECRET}


def _word(name: str) -> str:
    return name.lower().replace(" ", "_")


def _read(name: str) -> Any:
    return yaml.safe_load((CONFIG / f"{name}.yaml").read_text(encoding="utf-8"))


def _write(folder: Path, name: str, content: Any) -> None:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def _sites(script: Script, address: str) -> Any:
    minutes = round(script.every.total_seconds() / 60)
    entries = [
        {
            "name": name,
            "customer": customer,
            "host": host,
            "url": f"{address}/{name}",
            "allow_private": True,
            "interval": f"{minutes}m",
        }
        for name, (customer, host) in script.sites.items()
    ]
    monitors = [
        {
            "name": job.name,
            "server": next(iter(script.sites.values()))[1],
            "token": f"push_{_word(job.name)}",
            "cron": f"{job.minute % 60} {job.minute // 60} * * *",
            "zone": "UTC",
            "grace": "30m",
        }
        for job in script.jobs
    ]
    return {
        "check": {"rate": 1000},
        "vantage": [f"{address}{path}" for path in CONTROLS],
        "sites": entries,
        "monitors": monitors,
    }


def _alerts(script: Script) -> Any:
    found = _read("alerts")
    for customer in script.customers:
        name = contact(customer)
        found["receivers"][name.removesuffix("_email")] = [
            {"name": name, "channel": "email", "secret": f"apprise_{name}"}
        ]
    return found


def _customers(script: Script) -> Any:
    return {
        "region": "GB",
        "notices": {
            "approval": "required",
            "after": "5m",
            "timeout": "send",
            "first": "10m",
            "every": "1h",
            "tickets": "none",
            "signature": "The agency of the month",
        },
        "status_pages": {"title": "Status of the month", "url": PAGES},
        "customers": [
            {
                "name": customer,
                "contacts": [contact(customer).removesuffix("_email")],
                "language": LANGUAGES[number % len(LANGUAGES)],
                "page": "public" if number % 2 else "private",
                "reports": ["monthly"],
            }
            for number, customer in enumerate(script.customers)
        ],
    }


def _triage() -> Any:
    found = _read("triage")
    own = [
        {"name": f"by the form: {tier}", "tier": tier, "tags": [tag]}
        for tier, tag in (
            ("user_support", "form_question"),
            ("bug_fix", "form_bug"),
            ("mission_critical", "form_outage"),
        )
    ]
    return found | {"rules": [*own, *found["rules"]]}


def _mailbox() -> Any:
    return {
        "region": "GB",
        "mailboxes": [{"name": "answerphone", "kind": "voicemail", "maildir": "../box"}],
    }
