"""The demo's configuration folder: copied afresh at each start, with ports that are free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from supportops.config.loader import load
from supportops.files import make_folder
from supportops.local.demo import registry
from supportops.local.demo.clock import utc_now
from supportops.local.demo.jobs import token
from supportops.local.install.credentials import replace
from supportops.local.install.installation import Installation
from supportops.local.supervisor.port import free_from

SOURCE = Path(__file__).with_name("demo_config")
SHIPPED = Path(__file__).parents[3] / "config"
# What the demo has no version of its own of.
AS_SHIPPED = ("triage.yaml", "imports/*.yaml")
LOCAL_ADDRESS = re.compile(r"(?<=127\.0\.0\.1:)\d{2,5}")
UI_PORT = 8080
SMTP_PORT = 18025
HTTP_PORT = 18026
STATUS_PORT = 18091
PUBLIC_PORT = 18090
# The pages are for this machine; a secret that stays keeps their addresses.
PAGES_SECRET = "the status pages of the demo on this machine"  # noqa: S105


@dataclass(frozen=True, slots=True)
class DemoPorts:
    """Port written in the demo's files to the port taken for it; and the inbox's two."""

    files: Mapping[int, int]
    smtp: int
    http: int


def choose_ports(ui: int) -> DemoPorts:
    """A free port for each that the files name, the same one where it is free."""
    taken = {ui}
    files = {UI_PORT: ui}
    for port in sorted(named_ports() - {UI_PORT}):
        files[port] = free_from(port, taken)
        taken.add(files[port])
    smtp = free_from(SMTP_PORT, taken)
    return DemoPorts(files, smtp, free_from(HTTP_PORT, taken | {smtp}))


def named_ports() -> set[int]:
    """The ports on this machine that the demo's files name."""
    texts = (path.read_text() for path in SOURCE.glob("*.yaml"))
    return {int(port) for text in texts for port in LOCAL_ADDRESS.findall(text)}


def write(here: Installation, ports: DemoPorts) -> None:
    """Puts the files where the running demo reads them."""
    make_folder(here.demo_config)
    for path in (each for pattern in AS_SHIPPED for each in SHIPPED.glob(pattern)):
        _put(here.demo_config / path.relative_to(SHIPPED), path.read_text(encoding="utf-8"))
    for path in SOURCE.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        text = LOCAL_ADDRESS.sub(lambda found: str(ports.files[int(found[0])]), text)
        _put(here.demo_config / path.relative_to(SOURCE), text)
    policy = load(SOURCE).domains
    registry.write_files(here.demo_config, policy.special if policy else (), utc_now())


def _put(there: Path, text: str) -> None:
    there.parent.mkdir(mode=0o700, exist_ok=True)
    replace(there, text)


def status_pages(here: Installation) -> dict[str, str]:
    """The variables by which the checks write status pages."""
    return {
        "SUPPORTOPS_STATUS_PAGES": str(here.status_pages),
        "AIRFLOW_CONN_STATUS_PAGES": PAGES_SECRET,
    }


def jobs() -> dict[str, str]:
    """The tokens of the jobs that report, by the variables that sites.yaml refers to."""
    monitors = load(SOURCE).monitors.all
    return {f"AIRFLOW_CONN_{each.token.upper()}": token(each) for each in monitors}


def secrets(ports: DemoPorts) -> dict[str, str]:
    """Apprise URLs of the demo's receivers, by the variables that alerts.yaml refers to.

    The addresses end in the inbox on this machine; nothing leaves it.
    """
    mail = f"mailto://127.0.0.1:{ports.smtp}?from=alerts@agency.example&to="
    web = f"json://127.0.0.1:{ports.http}"
    return {
        "AIRFLOW_CONN_APPRISE_TEAM_EMAIL": f"{mail}support-team@agency.example",
        "AIRFLOW_CONN_APPRISE_MANAGER_EMAIL": f"{mail}manager@agency.example",
        "AIRFLOW_CONN_APPRISE_BLUEBIRD_EMAIL": f"{mail}contact@bluebird.example",
        "AIRFLOW_CONN_APPRISE_KESTREL_EMAIL": f"{mail}kontakt@kestrel.example",
        "AIRFLOW_CONN_APPRISE_NORTHGATE_EMAIL": f"{mail}office@northgate.example",
        "AIRFLOW_CONN_APPRISE_HARBOUR_EMAIL": f"{mail}contact@harbour.example",
        "AIRFLOW_CONN_APPRISE_ENGINEER_SMS": f"{web}/sms",
        "AIRFLOW_CONN_APPRISE_ENGINEER_CHAT": f"{web}/chat",
    }
