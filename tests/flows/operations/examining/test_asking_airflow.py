"""`supportops doctor` asks Airflow's own API which DAGs are paused, where it has a login."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from builders import SHIPPED
from supportops.airflow_settings import AIRFLOW_VARIABLE, airflow_login
from supportops.cli.main import app
from supportops.connections import SetupError
from supportops.flows.operations.examining.airflow import DAGS

ANSWERS = {
    "/auth/token": {"access_token": "a-token"},
    "/api/v2/dags": {
        "dags": [{"dag_id": name, "is_paused": name == "site_check"} for name in DAGS]
    },
    "/api/v2/importErrors": {
        "import_errors": [{"filename": "mailbox.py", "stack_trace": "x\nSyntaxError"}]
    },
    "/api/v2/monitor/health": {"scheduler": {"status": "unhealthy"}},
}


@pytest.fixture
def airflow() -> Iterator[tuple[str, list[Any]]]:
    """The address of a small Airflow, and who signed in there."""
    logins: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = json.dumps(ANSWERS[self.path.partition("?")[0].removeprefix("/below")])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def do_POST(self) -> None:
            logins.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", logins
        server.shutdown()


@pytest.fixture
def doctor(store_address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(SHIPPED))

    def run(*arguments: str) -> dict[str, str]:
        found = CliRunner().invoke(app, ["doctor", "--json", *arguments])
        assert found.exit_code == 1, found.output
        assert "hidden-word" not in found.output
        return {
            row["what"]: row["level"] for row in json.loads(found.stdout) if row["check"] == "dags"
        }

    return run


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_paused_dag_is_found_from_a_shell(
    doctor: Any, airflow: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, logins = airflow
    monkeypatch.setenv(AIRFLOW_VARIABLE, f"http://ada:hidden-word@{address}/below")
    assert doctor() == {
        "the DAG site_check is paused": "fault",
        "mailbox.py cannot be loaded": "fault",
        "Airflow says that its scheduler does not work": "fault",
    }
    assert logins == [{"username": "ada", "password": "hidden-word"}]
    assert set(doctor("--offline").values()) == {"unknown"}


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_an_airflow_that_is_away_is_unknown_at_once(
    doctor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AIRFLOW_VARIABLE, "http://ada:hidden-word@127.0.0.1:9")
    assert set(doctor().values()) == {"unknown"}
    monkeypatch.delenv(AIRFLOW_VARIABLE)
    assert set(doctor().values()) == {"unknown"}


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://a:b%2Fc@host:8080", "http://host:8080"),
        ("https://a:b%2Fc@host/below/", "https://host/below"),
        ('{"host": "http://host:8080/", "login": "a", "password": "b/c"}', "http://host:8080"),
    ],
)
def test_the_login_is_written_as_a_connection(
    written: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AIRFLOW_VARIABLE, written)
    found = airflow_login()
    assert found is not None
    assert (found.url, found.user, found.password) == (url, "a", "b/c")
    assert "b/c" not in repr(found)


@pytest.mark.parametrize("written", ["http://host", "x", "ftp://a:b@host", "{", '{"host": "h"}'])
def test_a_login_that_cannot_be_used_says_so(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AIRFLOW_VARIABLE, written)
    with pytest.raises(SetupError):
        airflow_login()
