"""What this process's environment says of Airflow: its workers, its users, and its API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from supportops.connections import SetupError, fields_of, parts_of

AIRFLOW_CONNECTION = "airflow_api"
AIRFLOW_VARIABLE = "AIRFLOW_CONN_AIRFLOW_API"
EXECUTOR_VARIABLE = "AIRFLOW__CORE__EXECUTOR"
BROKER_VARIABLE = "AIRFLOW__CELERY__BROKER_URL"
AUTH_VARIABLE = "AIRFLOW__CORE__AUTH_MANAGER"
USERS_VARIABLE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
ALL_ADMINS_VARIABLE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"


@dataclass(frozen=True, slots=True)
class Workers:
    """Tasks run in workers of their own, as Airflow's settings have it. `broker`: the address of
    their queues, None where it is not known in this process."""

    broker: str | None = field(repr=False)


def several_workers() -> Workers | None:
    """None where tasks run in the scheduler, or this process knows nothing of Airflow."""
    if "CeleryExecutor" not in os.environ.get(EXECUTOR_VARIABLE, ""):
        return None
    return Workers(os.environ.get(BROKER_VARIABLE) or None)


@dataclass(frozen=True, slots=True)
class AirflowUsers:
    """The users of Airflow's simple auth manager, as its settings have them. `roles` by login, ""
    for none; `all_admins`: nobody has to sign in."""

    roles: Mapping[str, str]
    all_admins: bool = False


def airflow_users() -> AirflowUsers | None:
    """None where another auth manager keeps the users, or this process knows nothing of Airflow."""
    written = os.environ.get(USERS_VARIABLE)
    all_admins = os.environ.get(ALL_ADMINS_VARIABLE, "").strip().lower() in ("true", "t", "1")
    if "SimpleAuthManager" not in os.environ.get(AUTH_VARIABLE, "SimpleAuthManager"):
        return None
    if written is None and not all_admins:
        return None
    parts = [each.strip().split(":") for each in (written or "").split(",") if each.strip()]
    roles = {login: "".join(more[:1]).strip() for login, *more in parts}
    return AirflowUsers(roles, all_admins)


@dataclass(frozen=True, slots=True)
class AirflowLogin:
    """Where Airflow's own API is, without a slash at the end, and who asks there."""

    url: str
    user: str
    password: str = field(repr=False)


def airflow_login() -> AirflowLogin | None:
    """From the variable `AIRFLOW_CONN_AIRFLOW_API`; None where it is not set.

    Raises SetupError where it names no address with a user and a password.
    """
    written = os.environ.get(AIRFLOW_VARIABLE)
    if not written:
        return None
    fields = fields_of(AIRFLOW_CONNECTION, written)
    address = str(fields.get("host") or "")
    if not written.lstrip().startswith("{"):
        named = parts_of(AIRFLOW_CONNECTION, written)
        address = f"{named.scheme}://{address}{named.path}"
    parts = parts_of(AIRFLOW_CONNECTION, address)
    user, password = str(fields.get("login") or ""), str(fields.get("password") or "")
    if parts.scheme not in ("http", "https") or not (parts.hostname and user and password):
        raise SetupError(
            f"{AIRFLOW_VARIABLE}: expected http://user:password@host, or JSON with host, login "
            "and password"
        )
    return AirflowLogin(address.rstrip("/"), user, password)
