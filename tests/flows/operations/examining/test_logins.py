"""The doctor names logins that access.yaml binds to customers and that Airflow lets see all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import configure
from supportops.airflow_settings import ALL_ADMINS_VARIABLE, AUTH_VARIABLE, USERS_VARIABLE
from supportops.config.loader import load
from supportops.context import Context
from supportops.flows.operations.examining.finding import Installation
from supportops.flows.operations.examining.logins import logins
from web.boards import NOON


class Examined:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.set = configure(folder, []), monkeypatch.setenv
        for name in (USERS_VARIABLE, AUTH_VARIABLE, ALL_ADMINS_VARIABLE):
            monkeypatch.delenv(name, raising=False)
        entries = [
            {"name": "Acme-Portal", "customers": ["Acme"]},
            {"name": "boss", "customers": "all"},
        ]
        (self.folder / "access.yaml").write_text(json.dumps({"logins": entries}))

    def found(self) -> list[tuple[str, str]]:
        context = Context(None, self.folder, lambda _: None)  # type: ignore[arg-type]
        installation = Installation(context, load(self.folder), NOON, online=False)
        return [(each.level.value, each.what) for each in logins(installation)]


@pytest.fixture
def examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examined:
    return Examined(tmp_path / "config", monkeypatch)


def test_a_bound_login_with_a_role_is_named(examined: Examined) -> None:
    examined.set(USERS_VARIABLE, "admin:admin, acme-portal:viewer ,boss:viewer")
    words = "acme-portal is bound to customers and has the role viewer in Airflow"
    assert examined.found() == [("warning", words)]


@pytest.mark.parametrize("users", ["admin:admin,acme-portal:", "acme-portal", "admin:admin"])
def test_a_bound_login_without_a_role_is_fine(examined: Examined, users: str) -> None:
    examined.set(USERS_VARIABLE, users)
    assert [level for level, _ in examined.found()] == ["fine"]


def test_users_that_another_manager_keeps_are_unknown(examined: Examined) -> None:
    assert [level for level, _ in examined.found()] == ["unknown"]
    examined.set(USERS_VARIABLE, "acme-portal:viewer")
    examined.set(AUTH_VARIABLE, "airflow.providers.fab.auth_manager.FabAuthManager")
    assert [level for level, _ in examined.found()] == ["unknown"]


def test_an_airflow_without_a_login_binds_nobody(examined: Examined) -> None:
    examined.set(ALL_ADMINS_VARIABLE, "True")
    words = "Airflow takes whoever opens it for an administrator"
    assert examined.found() == [("fault", words)]


def test_where_nobody_is_bound_nothing_is_asked(examined: Examined) -> None:
    (examined.folder / "access.yaml").unlink()
    assert examined.found() == [("fine", "no login is bound to customers")]
