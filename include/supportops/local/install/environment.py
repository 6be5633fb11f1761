"""The environment of every process of the local installation: Airflow's settings and ours."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from supportops.airflow_settings import USERS_VARIABLE
from supportops.local.install.credentials import Credentials
from supportops.local.install.installation import Installation

LINKS_VARIABLE = "AIRFLOW_CONN_ALERT_LINKS"
ADMIN = "admin"
ROLES = ("viewer", "user", "op", "admin")
# What would lead a demo to the store, the configuration, the ticket sources or the receivers of
# whoever starts it.
_OPERATORS = ("SUPPORTOPS_CONFIG", "SUPPORTOPS_DATABASE_URL", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


def environment(
    here: Installation,
    credentials: Credentials,
    *,
    port: int,
    inherited: Mapping[str, str],
    config: Path | None = None,
    secrets: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """`inherited` without another Airflow's settings, then everything that this one needs.

    `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` stay: they are how operators hand over secrets. An
    inherited SUPPORTOPS_DATABASE_URL or SUPPORTOPS_CONFIG is respected; `config` overrides. The
    users of `USERS_VARIABLE` may sign in, and `admin` beside them. Raises ValueError.
    """
    base = {name: value for name, value in inherited.items() if not foreign(name)}
    store = base.get("SUPPORTOPS_DATABASE_URL") or f"sqlite+pysqlite:///{here.store}"
    folder = config or Path(base.get("SUPPORTOPS_CONFIG") or here.root / "include" / "config")
    return (
        {LINKS_VARIABLE: credentials.alert_links}
        | base
        | airflow_settings(here, port)
        | {USERS_VARIABLE: ",".join(f"{name}:{role}" for name, role in users(inherited).items())}
        | airflow_secrets(credentials)
        | dict(secrets or {})
        | {
            "AIRFLOW_CONN_SUPPORT_DB": store,
            "SUPPORTOPS_DATABASE_URL": store,
            "SUPPORTOPS_CONFIG": str(folder.absolute()),
            "PYTHONPATH": str(here.root / "include"),
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}:{base.get('PATH', '')}",
            # Airflow's parts talk to each other on this machine; no proxy has a part in that.
            "NO_PROXY": no_proxy(base),
            "no_proxy": no_proxy(base),
        }
    )


def users(inherited: Mapping[str, str]) -> dict[str, str]:
    """Who may sign in to Airflow, name to role: `admin`, with which supportops itself signs in,
    and those of `USERS_VARIABLE`. A customer's login has no role: "". Raises ValueError with one
    line.
    """
    found = {ADMIN: "admin"}
    for entry in filter(None, map(str.strip, inherited.get(USERS_VARIABLE, "").split(","))):
        name, colon, role = entry.partition(":")
        if not name or not colon or role.lower() not in (*ROLES, ""):
            roles = ", ".join(ROLES)
            raise ValueError(
                f"{USERS_VARIABLE} is name:role,... of {roles}, or name: without a role; "
                f"found {entry!r}"
            )
        if name != ADMIN:
            found[name] = role.lower()
        elif role.lower() != "admin":
            raise ValueError(f"{USERS_VARIABLE}: {ADMIN} keeps the role admin; found {entry!r}")
    return found


def without_operators(inherited: Mapping[str, str]) -> dict[str, str]:
    """What a demo inherits: nothing that leads to an operator's data or receivers."""
    return {name: value for name, value in inherited.items() if not name.startswith(_OPERATORS)}


def foreign(name: str) -> bool:
    """Whether an inherited variable would mix another installation's settings into this one."""
    return name.startswith(("AIRFLOW__", "PYTHON")) or name in ("AIRFLOW_HOME", "AIRFLOW_CONFIG")


def no_proxy(base: Mapping[str, str]) -> str:
    found = base.get("NO_PROXY") or base.get("no_proxy") or ""
    return ",".join(part for part in (found, "127.0.0.1", "localhost") if part)


def airflow_settings(here: Installation, port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    settings = {
        "CORE__DAGS_FOLDER": here.root / "dags",
        "CORE__PLUGINS_FOLDER": here.root / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "CORE__EXECUTOR": "LocalExecutor",
        # Every worker is forked at the start and costs memory, used or not.
        "CORE__PARALLELISM": 4,
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": here.passwords,
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{here.airflow_database}",
        "API__BASE_URL": url,
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__WORKERS": 1,
        "API__INSTANCE_NAME": "supportops",
        "LOGGING__BASE_LOG_FOLDER": here.airflow_home / "logs",
        "LOGGING__COLORED_CONSOLE_LOG": False,
        "DAG_PROCESSOR__REFRESH_INTERVAL": 30,
        # As in docker-compose.yaml: a killed task runs again within the interval of the site check.
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60,
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 60,
    }
    named = {f"AIRFLOW__{name}": str(value) for name, value in settings.items()}
    return {"AIRFLOW_HOME": str(here.airflow_home)} | named


def airflow_secrets(credentials: Credentials) -> dict[str, str]:
    """The three that must be equal in all components, or they refuse each other's tokens."""
    return {
        "AIRFLOW__API_AUTH__JWT_SECRET": credentials.jwt_secret,
        "AIRFLOW__API__SECRET_KEY": credentials.api_secret_key,
        "AIRFLOW__CORE__FERNET_KEY": credentials.fernet_key,
    }
