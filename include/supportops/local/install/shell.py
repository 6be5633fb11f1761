"""The settings of a shell that names no store: those of the installation in this checkout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from supportops.airflow_settings import AIRFLOW_VARIABLE
from supportops.bootstrap import STORE_VARIABLE
from supportops.connections import STORE_CONNECTION
from supportops.local.install.credentials import as_json, replace
from supportops.local.install.environment import LINKS_VARIABLE
from supportops.local.install.installation import Installation
from supportops.local.supervisor.instance_lock import running_url

STORE_VARIABLES = (STORE_VARIABLE, f"AIRFLOW_CONN_{STORE_CONNECTION.upper()}")
LOCAL_VARIABLE = "SUPPORTOPS_LOCAL"


def shell_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a command needs to work on the local installation, without those set.

    Empty where the environment names a store, or where there is no local one. An installation that
    runs comes before one that does not, and the one of `make up` before the demo.
    """
    if any(environment.get(name) for name in STORE_VARIABLES):
        return {}
    local = environment.get(LOCAL_VARIABLE)
    here = Installation(local=Path(local).absolute()) if local else Installation()
    found = _chosen(here)
    if found is None:
        return {}
    settings = _of_demo(found) if found == here.demo else {}
    settings |= _of_links(found) | _of_airflow(found)
    settings[STORE_VARIABLE] = store_address(found)
    return {name: value for name, value in settings.items() if not environment.get(name)}


def is_demo(settings: Mapping[str, str]) -> bool:
    """Whether `shell_settings` chose the demo."""
    address = settings.get(STORE_VARIABLE, "")
    return address != "" and Path(address).parent.name == Installation().demo.local.name


def store_address(here: Installation) -> str:
    """The address of the store that an installation makes for itself."""
    return f"sqlite+pysqlite:///{here.store}"


def write_demo_settings(here: Installation, settings: Mapping[str, str]) -> None:
    """Stores what a shell needs to reach the demo's configuration and receivers."""
    replace(here.demo_settings, as_json(settings))


def _chosen(here: Installation) -> Installation | None:
    if running_url(here.running) is not None:
        return here if here.store.exists() else None  # it was given a store elsewhere
    if running_url(here.demo.running) is not None:
        return here.demo
    return next((each for each in (here, here.demo) if each.store.exists()), None)


def _of_links(here: Installation) -> dict[str, str]:
    """The secret that signs links, so that a shell's `supportops public` reads them; nothing where
    the file is missing or damaged."""
    try:
        return {LINKS_VARIABLE: str(json.loads(here.secrets.read_text())["alert_links"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _of_airflow(here: Installation) -> dict[str, str]:
    """How `supportops doctor` asks the Airflow of an installation that runs for its DAGs."""
    url = running_url(here.running)
    if url is None:
        return {}
    try:
        password = str(json.loads(here.secrets.read_text())["admin_password"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    login = {"host": url.rstrip("/"), "login": "admin", "password": password}
    return {AIRFLOW_VARIABLE: json.dumps(login)}


def _of_demo(here: Installation) -> dict[str, str]:
    """What `write_demo_settings` stored; nothing where the file is missing or damaged."""
    try:
        found = json.loads(here.demo_settings.read_text())
        return {str(name): str(value) for name, value in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}
