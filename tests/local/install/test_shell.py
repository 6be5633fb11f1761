"""Which installation a command works on where the shell names no store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from supportops.local.install.credentials import credentials
from supportops.local.install.installation import ROOT, Installation
from supportops.local.install.shell import is_demo, shell_settings, write_demo_settings
from supportops.local.supervisor.instance_lock import instance_lock


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(local=tmp_path / ".local")


def made(here: Installation) -> Installation:
    here.prepare_demo()
    here.store.touch()
    return here


def settings(here: Installation, **more: str) -> dict[str, str]:
    return shell_settings({"SUPPORTOPS_LOCAL": str(here.local), **more})


def store(here: Installation) -> dict[str, str]:
    return {"SUPPORTOPS_DATABASE_URL": f"sqlite+pysqlite:///{here.store}"}


def test_without_an_installation_nothing_is_set(here: Installation) -> None:
    assert settings(here) == {}


def test_the_installation_of_make_up_comes_before_the_demo(here: Installation) -> None:
    made(here.demo)
    assert is_demo(settings(here))
    made(here)
    assert settings(here) == store(here)
    assert not is_demo(settings(here))


def test_a_shells_public_endpoint_reads_the_links_that_are_sent(here: Installation) -> None:
    made(here)
    signed = credentials(here.secrets).alert_links
    assert settings(here) == store(here) | {"AIRFLOW_CONN_ALERT_LINKS": signed}
    assert settings(here, AIRFLOW_CONN_ALERT_LINKS="mine") == store(here)
    here.secrets.write_text("damaged")
    assert settings(here) == store(here)


def test_the_one_that_runs_comes_first(here: Installation) -> None:
    made(here)
    made(here.demo)
    with instance_lock(here.demo.running, "http://127.0.0.1:1"):
        assert settings(here) == store(here.demo)
        with instance_lock(here.running, "http://127.0.0.1:2"):
            assert settings(here) == store(here)


def test_the_doctor_of_a_shell_asks_the_airflow_that_runs(here: Installation) -> None:
    made(here)
    password = credentials(here.secrets).admin_password
    assert "AIRFLOW_CONN_AIRFLOW_API" not in settings(here)
    with instance_lock(here.running, "http://127.0.0.1:2/"):
        written = settings(here)["AIRFLOW_CONN_AIRFLOW_API"]
    login = {"host": "http://127.0.0.1:2", "login": "admin", "password": password}
    assert json.loads(written) == login


def test_one_that_runs_on_a_store_elsewhere_is_not_replaced_by_the_demo(here: Installation) -> None:
    made(here.demo)
    here.prepare()
    with instance_lock(here.running, "http://127.0.0.1:1"):
        assert settings(here) == {}


@pytest.mark.parametrize("name", ["SUPPORTOPS_DATABASE_URL", "AIRFLOW_CONN_SUPPORT_DB"])
def test_a_named_store_is_left_alone(here: Installation, name: str) -> None:
    made(here)
    assert settings(here, **{name: "sqlite:///elsewhere"}) == {}


def test_of_the_demo_a_shell_gets_its_configuration_and_receivers(here: Installation) -> None:
    made(here.demo)
    known = {"SUPPORTOPS_CONFIG": "/demo", "AIRFLOW_CONN_APPRISE_X": "json://127.0.0.1:1"}
    write_demo_settings(here.demo, known)

    assert settings(here) == known | store(here.demo)
    assert "SUPPORTOPS_CONFIG" not in settings(here, SUPPORTOPS_CONFIG="/mine")
    here.demo.demo_settings.write_text("[damaged")
    assert settings(here) == store(here.demo)


def test_a_command_finds_the_store_and_says_that_it_is_the_demos(
    here: Installation, sqlite_template: Path
) -> None:
    made(here.demo).store.write_bytes(sqlite_template.read_bytes())
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "SUPPORTOPS_LOCAL": str(here.local),
    }
    argv = [sys.executable, "-m", "supportops.cli.main", "alerts", "list", "--json"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert "this is the demo's store" in done.stderr
