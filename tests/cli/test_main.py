"""The command line as a user runs it: real processes, exit codes, one clear line for a fault."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from airflow_home import ROOT
from cli.process.running import run_command as supportops
from sites.servers import answer, closed_port, server
from supportops.cli.main import app

LEVELS = (ROOT / "include/config/service_levels.yaml").read_text()
ALERTS = """
receivers: {team: [{name: team, channel: email, secret: apprise_nobody}]}
routes: [{name: all, steps: [{receivers: [team]}]}]
"""


def folder(tmp_path: Path, sites: str, alerts: str = ALERTS) -> str:
    for name, text in (("sites", sites), ("alerts", alerts), ("service_levels", LEVELS)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return str(tmp_path)


def every_command() -> list[tuple[str, ...]]:
    found = []

    def walk(command, path: tuple[str, ...]) -> None:
        found.append(path)
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*path, name))

    walk(get_command(app), ())
    return found


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_every_command_and_each_of_its_parameters_has_help(path: tuple[str, ...]) -> None:
    command = get_command(app)
    for name in path:
        command = command.commands[name]
    assert len((command.help or "").split()) >= 2
    assert [each.name for each in command.params if not each.help] == []


def test_the_module_and_its_folder_are_the_same_program() -> None:
    environment = {"PYTHONPATH": str(ROOT / "include"), "PATH": os.environ["PATH"]}
    shown = [
        subprocess.run(
            [sys.executable, "-m", f"supportops.cli{name}", "--help"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        for name in ("", ".main")
    ]
    assert [done.returncode for done in shown] == [0, 0]
    assert shown[0].stdout == shown[1].stdout
    assert "Usage: supportops " in shown[0].stdout


@pytest.mark.parametrize("path", [p for p in every_command() if len(p) == 1], ids=" ".join)
def test_the_page_of_commands_shows_every_command(path: tuple[str, ...]) -> None:
    prose = (ROOT / "docs/commands.md").read_text()
    assert f"supportops {path[0]}" in prose


def test_probe_answers_in_the_order_asked_and_finds_what_is_down() -> None:
    with server(answer(b"Welcome")) as site:
        dead = f"http://127.0.0.1:{closed_port()}/"
        done = supportops("probe", dead, site.url(), "--allow-private", "--json")
    rows = json.loads(done.stdout)
    assert done.returncode == 1
    assert [row["url"] for row in rows] == [dead, site.url()]
    assert [row["state"] for row in rows] == ["down", "up"]
    assert [row["reason"] for row in rows] == ["refused", "ok"]
    assert rows[1]["status"] == 200
    assert set(rows[1]["phases"]) == {"dns", "connect", "tls", "first_byte", "total"}
    assert rows[1]["certificate_expires"] is None


def test_probe_of_healthy_sites_ends_with_0() -> None:
    with server(answer(b"Welcome")) as site:
        done = supportops("probe", site.url(), "--allow-private", "--contains", "Welcome")
    assert done.returncode == 0
    assert "up" in done.stdout


def test_probe_misses_a_text() -> None:
    with server(answer(b"Welcome")) as site:
        done = supportops("probe", site.url(), "--allow-private", "--contains", "Bye", "--json")
    assert json.loads(done.stdout)[0]["reason"] == "text_missing"
    assert done.returncode == 1


def test_probe_refuses_private_addresses_unless_allowed() -> None:
    with server(answer(b"Welcome")) as site:
        done = supportops("probe", site.url(), "--json")
        assert site.connections == 0
    assert json.loads(done.stdout)[0]["reason"] == "blocked_address"


def test_probe_without_an_address_is_a_usage_fault() -> None:
    assert supportops("probe").returncode == 2
    assert supportops("probe", "http://127.0.0.1/", "--deadline", "0").returncode == 2


def test_config_check_of_the_shipped_files_is_fine() -> None:
    done = supportops("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" 2 audiences, 9 import mappings\n")


def test_config_check_reports_every_fault_with_its_line(tmp_path: Path) -> None:
    where = folder(tmp_path, "sites:\n  - {name: A, customer: B, url: ftp://a/}\nfoo: 1\n")
    done = supportops("config", "check", where)
    assert done.returncode == 2
    assert re.search(r"sites\.yaml:2 sites\[0\]\.url: found 'ftp://a/', expected", done.stderr)
    assert re.search(r"sites\.yaml:3 foo: found 1, expected no such key", done.stderr)


def test_config_check_ends_with_1_for_findings_and_with_2_for_faults(tmp_path: Path) -> None:
    sites = "sites:\n  - {name: A, customer: B, url: 'https://a/'}\n"
    few = ALERTS.replace("name: all,", "name: all, match: {kind: [host_outage]},")
    done = supportops("config", "check", where := folder(tmp_path, sites, few))
    assert done.returncode == 1
    assert "finding: alerts.yaml:3 routes: found no route for outage of" in done.stdout
    assert f"{where}: usable, 1 site" in done.stdout
    folder(tmp_path, sites, f"{ALERTS}limit: {{}}\n")
    done = supportops("config", "check", where, "--json")
    assert done.returncode == 2
    (fault,) = json.loads(done.stdout)
    assert (fault["level"], fault["hint"]) == ("fault", "did you mean limits?")


def test_config_schema_is_a_json_schema_of_each_file() -> None:
    for name in ("sites", "alerts", "service_levels", "reports", "triage", "imports"):
        schema = json.loads(supportops("config", "schema", name).stdout)
        assert schema["type"] == "object"
    assert supportops("config", "schema", "nonsense").returncode == 2


def test_without_a_store_every_command_that_needs_one_says_what_to_set() -> None:
    for arguments in (["site-check"], ["alert-dispatch"], ["alerts", "list"], ["db", "upgrade"]):
        done = supportops(*arguments)
        assert done.returncode == 2
        assert "SUPPORTOPS_DATABASE_URL" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_store_that_was_not_migrated_says_what_to_run(tmp_path: Path) -> None:
    done = supportops("site-check", SUPPORTOPS_DATABASE_URL=f"sqlite+pysqlite:///{tmp_path}/s.db")
    assert done.returncode == 2
    assert "supportops db upgrade" in done.stderr


def test_a_server_that_does_not_answer_is_one_line_without_the_password() -> None:
    address = f"postgresql+psycopg://u:hunter22@127.0.0.1:{closed_port()}/x"
    done = supportops("alerts", "list", SUPPORTOPS_DATABASE_URL=address)
    assert done.returncode == 2
    assert "does not answer" in done.stderr
    assert "hunter22" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_the_whole_path_from_a_shell(store_address: str, tmp_path: Path) -> None:
    sites = (
        "check: {confirm_after: [1s], deadline: 2s}\nsites:\n"
        f"  - {{name: Shop, customer: A, url: 'http://127.0.0.1:{closed_port()}/',"
        " allow_private: true}\n"
    )
    settings = {
        "SUPPORTOPS_DATABASE_URL": store_address,
        "SUPPORTOPS_CONFIG": folder(tmp_path, sites),
    }
    assert supportops("db", "upgrade", **settings).returncode == 0
    checked = supportops("site-check", "--json", **settings)
    assert checked.returncode == 1
    summary = json.loads(checked.stdout)
    assert [change["subject"] for change in summary["changes"]] == ["Shop"]

    sent = supportops("alert-dispatch", "--json", **settings)
    assert sent.returncode == 1
    assert json.loads(sent.stdout)["nobody"] >= 1

    listed = json.loads(supportops("alerts", "list", "--json", **settings).stdout)
    outage = next(alert for alert in listed if alert["kind"] == "outage")
    assert supportops("alerts", "ack", outage["key"], "--by", "anna", **settings).returncode == 0
    assert supportops("alerts", "ack", outage["key"], "--by", "bob", **settings).returncode == 2

    up = supportops(
        "availability", "--from", "2026-01-01", "--to", "2027-01-01", "--json", **settings
    )
    assert json.loads(up.stdout)[0]["checks"] == 1

    # The site is removed: it keeps its row.
    folder(tmp_path, sites.replace("name: Shop", "name: Store"))
    assert supportops("site-check", **settings).returncode == 1
    shown = supportops(
        "availability", "--from", "2026-01-01", "--to", "2027-01-01", "--site", "Shop", **settings
    )
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("Shop")]
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d, until \d{4}", line)
    assert "too little" in line
    unknown = supportops(
        "availability", "--from", "2026-01-01", "--to", "2027-01-01", "--site", "no", **settings
    )
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == "supportops: no site 'no' was configured in this period\n"


def test_a_wrong_configuration_is_reported_and_the_last_good_one_is_checked(
    store_address: str, tmp_path: Path
) -> None:
    with server(answer(b"fine")) as site:
        good = (
            f"sites:\n  - {{name: Shop, customer: A, url: '{site.url()}', allow_private: true}}\n"
        )
        settings = {
            "SUPPORTOPS_DATABASE_URL": store_address,
            "SUPPORTOPS_CONFIG": folder(tmp_path, good),
        }
        assert supportops("site-check", **settings).returncode == 0
        folder(tmp_path, "sites: nonsense\n")
        broken = supportops("site-check", "--json", **settings)
        assert site.connections == 2
    assert broken.returncode == 2
    assert json.loads(broken.stdout)["pages"] == 1
    assert "expected a list" in broken.stderr
