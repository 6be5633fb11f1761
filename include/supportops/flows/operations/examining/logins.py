"""Logins that access.yaml binds to customers, and what Airflow lets them do besides."""

from __future__ import annotations

from collections.abc import Iterator

from supportops.airflow_settings import airflow_users
from supportops.flows.operations.examining.finding import (
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)
from supportops.names import folded

_WHY = "Airflow's own pages and API show it the logs and results of every customer's tasks."
_MOST_NAMED = 5


def logins(installation: Installation) -> Iterator[Finding]:
    """Whether a bound login has a role in Airflow. Only its simple auth manager says so here."""
    access = installation.configuration.access
    bound = {login for login, customers in access.bound.items() if customers}
    if not bound:
        yield fine("no login is bound to customers")
        return
    known = airflow_users()
    if known is None:
        yield unknown(
            f"{len(bound)} logins are bound to customers; who has a role cannot be seen from here",
            _WHY,
            "look in Airflow (Security) whether one of them has a role, and take it away",
        )
        return
    if known.all_admins:
        yield Finding(
            Level.FAULT,
            "Airflow takes whoever opens it for an administrator",
            "No login is bound to anything.",
            "unset AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS",
        )
    roles = {login: role for login, role in known.roles.items() if role and folded(login) in bound}
    for login, role in sorted(roles.items())[:_MOST_NAMED]:
        yield Finding(
            Level.WARNING,
            f"{login} is bound to customers and has the role {role} in Airflow",
            _WHY,
            f"UI_USERS in .env: `{login}:` with nothing behind the colon; docker compose up -d",
        )
    if not roles and not known.all_admins:
        yield fine(f"{len(bound)} logins are bound to customers, none has a role in Airflow")
