from __future__ import annotations

from pathlib import Path

import pytest

from supportops.airflow_settings import USERS_VARIABLE
from supportops.local.__main__ import port_of
from supportops.local.install.credentials import Credentials
from supportops.local.install.environment import (
    environment,
    users,
    without_operators,
)
from supportops.local.install.installation import Installation

SECRETS = Credentials("jwt", "api", "fernet", "password", "links")


def made(tmp_path: Path, config: Path | None = None, **inherited: str) -> dict[str, str]:
    here = Installation(tmp_path, tmp_path / ".local")
    return environment(here, SECRETS, port=8123, inherited=inherited, config=config)


def test_airflow_and_the_command_line_use_the_same_store(tmp_path: Path) -> None:
    env = made(tmp_path)

    assert env["SUPPORTOPS_DATABASE_URL"] == f"sqlite+pysqlite:///{tmp_path}/.local/supportops.db"
    assert env["AIRFLOW_CONN_SUPPORT_DB"] == env["SUPPORTOPS_DATABASE_URL"]


def test_a_store_that_was_named_is_used_by_both(tmp_path: Path) -> None:
    named = "postgresql+psycopg://support@127.0.0.1/support"

    env = made(tmp_path, SUPPORTOPS_DATABASE_URL=named, AIRFLOW_CONN_SUPPORT_DB="sqlite:///other")

    assert env["SUPPORTOPS_DATABASE_URL"] == env["AIRFLOW_CONN_SUPPORT_DB"] == named


def test_another_airflows_settings_stay_outside(tmp_path: Path) -> None:
    env = made(
        tmp_path,
        AIRFLOW_HOME="/elsewhere",
        AIRFLOW_CONFIG="/elsewhere/airflow.cfg",
        AIRFLOW__CORE__LOAD_EXAMPLES="True",
        AIRFLOW__SMTP__SMTP_HOST="mail.example.org",
        PYTHONHOME="/elsewhere",
    )

    assert env["AIRFLOW_HOME"] == f"{tmp_path}/.local/airflow"
    assert env["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert env.keys().isdisjoint({"AIRFLOW_CONFIG", "AIRFLOW__SMTP__SMTP_HOST", "PYTHONHOME"})


def test_links_are_signed_without_anything_to_set(tmp_path: Path) -> None:
    assert made(tmp_path)["AIRFLOW_CONN_ALERT_LINKS"] == "links"
    assert made(tmp_path, AIRFLOW_CONN_ALERT_LINKS="mine")["AIRFLOW_CONN_ALERT_LINKS"] == "mine"


def test_the_operators_own_connections_are_handed_on(tmp_path: Path) -> None:
    env = made(tmp_path, AIRFLOW_CONN_APPRISE_TEAM_EMAIL="mailto://x", HOME="/home/me")

    assert env["AIRFLOW_CONN_APPRISE_TEAM_EMAIL"] == "mailto://x"
    assert env["HOME"] == "/home/me"


def test_the_configuration_is_the_repositorys_unless_another_is_named(tmp_path: Path) -> None:
    assert made(tmp_path)["SUPPORTOPS_CONFIG"] == f"{tmp_path}/include/config"
    assert made(tmp_path, SUPPORTOPS_CONFIG="/etc/desk")["SUPPORTOPS_CONFIG"] == "/etc/desk"
    demo = made(tmp_path, config=tmp_path / "demo", SUPPORTOPS_CONFIG="/etc/desk")
    assert demo["SUPPORTOPS_CONFIG"] == f"{tmp_path}/demo"


def test_airflows_parts_reach_each_other_past_any_proxy(tmp_path: Path) -> None:
    env = made(tmp_path, HTTP_PROXY="http://proxy:3128", NO_PROXY="intranet")

    assert env["NO_PROXY"] == env["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_every_address_follows_the_port(tmp_path: Path) -> None:
    env = made(tmp_path)

    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    assert env["AIRFLOW__API__PORT"] == "8123"


def test_the_port_comes_from_its_variable() -> None:
    assert port_of({}) == 8080
    assert port_of({"SUPPORTOPS_PORT": ""}) == 8080
    assert port_of({"SUPPORTOPS_PORT": "9000"}) == 9000


@pytest.mark.parametrize("text", ["x", "0", "70000", "-1", "80.5"])
def test_a_port_that_is_none_is_one_clear_line(text: str) -> None:
    with pytest.raises(ValueError, match="SUPPORTOPS_PORT is a port from 1 to 65535; found"):
        port_of({"SUPPORTOPS_PORT": text})


def test_the_named_users_may_sign_in_beside_the_administrator(tmp_path: Path) -> None:
    named = {USERS_VARIABLE: "viewer:viewer, op:Op"}

    assert made(tmp_path)[USERS_VARIABLE] == "admin:admin"
    assert made(tmp_path, **named)[USERS_VARIABLE] == "admin:admin,viewer:viewer,op:op"
    assert users({USERS_VARIABLE: "admin:admin,x:user"}) == {"admin": "admin", "x": "user"}
    assert made(tmp_path, **{USERS_VARIABLE: "acme:"})[USERS_VARIABLE] == "admin:admin,acme:"


@pytest.mark.parametrize("text", ["me", "me:root", ":admin", "admin:viewer", "a:admin;b:op"])
def test_a_user_without_a_known_role_is_one_clear_line(text: str) -> None:
    with pytest.raises(ValueError, match=USERS_VARIABLE):
        users({USERS_VARIABLE: text})


def test_a_demo_inherits_nothing_that_leads_to_an_operators_data() -> None:
    inherited = {
        "SUPPORTOPS_DATABASE_URL": "postgresql+psycopg://live",
        "SUPPORTOPS_CONFIG": "/etc/desk",
        "AIRFLOW_CONN_ZENDESK": "{}",
        "AIRFLOW_CONN_APPRISE_TEAM_EMAIL": "mailto://x",
        "AIRFLOW_VAR_X": "1",
        "HOME": "/home/me",
        USERS_VARIABLE: "me:op",
    }

    assert without_operators(inherited) == {"HOME": "/home/me", USERS_VARIABLE: "me:op"}
