"""deploy/health.sh and after_apiserver.sh: who is healthy, blamed, ended, and who waits."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import pytest

from deploy.compose_file import ROOT

DEPLOY = ROOT / "deploy"


def health(
    part: str, folder: Path, url: str, *more: str, **changed: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(DEPLOY / "health.sh"), part, *more],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(folder), "AIRFLOW_HEALTH_URL": url}
        | changed,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def api_server() -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of an api-server that answers with what the dictionary holds."""
    said: dict[str, Any] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", said
        server.shutdown()


def test_what_runs_tasks_waits_for_the_api_server(tmp_path: Path) -> None:
    """As when the machine starts, and with it everything at once."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    run = subprocess.Popen(
        ["bash", str(DEPLOY / "after_apiserver.sh"), "touch", str(tmp_path / "began")],
        env={
            "PATH": os.environ["PATH"],
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        health_url = f"http://127.0.0.1:{port}/api/v2/monitor/health"
        expected = f"after_apiserver: waiting for the api-server, {health_url}\n"
        assert run.stdout.readline() == expected
        assert not (tmp_path / "began").exists()
        asked: list[str] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(503)  # it answers, and tasks may begin

            def log_message(self, format: str, *args: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            assert run.wait(20) == 0
            server.shutdown()
    assert (tmp_path / "began").exists()
    assert asked == ["/api/v2/monitor/health"]


GOOD, BAD = {"status": "healthy"}, {"status": "unhealthy"}


def test_a_part_is_healthy_as_the_api_server_says(
    tmp_path: Path, api_server: tuple[str, dict[str, Any]]
) -> None:
    url, said = api_server
    said |= {"metadatabase": GOOD, "triggerer": GOOD, "dag_processor": BAD}
    assert health("triggerer", tmp_path, url).returncode == 0
    assert health("dag_processor", tmp_path, url).returncode == 1
    said["dag_processor"] = GOOD
    assert health("dag_processor", tmp_path, url).returncode == 0
    assert not (tmp_path / "unhealthy-since").exists()  # the fault is forgotten


def test_what_serves_pages_is_healthy_as_long_as_it_answers(tmp_path: Path) -> None:
    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_port)
        assert health("serving", tmp_path, "", port).returncode == 0
        server.shutdown()
    assert health("serving", tmp_path, "", port).returncode == 1
    # One that takes connections and answers none, as a process that hangs.
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = str(hanging.getsockname()[1])
        assert health("serving", tmp_path, "", port, CURL_SECONDS="1").returncode == 1


def test_a_part_is_not_blamed_for_the_api_server_or_the_database(
    tmp_path: Path, api_server: tuple[str, dict[str, Any]]
) -> None:
    url, said = api_server
    said |= {"metadatabase": BAD, "triggerer": BAD}
    assert health("triggerer", tmp_path, url).returncode == 0
    assert health("triggerer", tmp_path, "http://127.0.0.1:9/").returncode == 0


@contextmanager
def database(answer: bytes | None) -> Iterator[dict[str, str]]:
    """Where PostgreSQL is, for health.sh: it answers so, or takes a connection and hangs."""

    class Server(BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(8) == bytes.fromhex("0000000804d2162f") and answer is not None:
                self.request.sendall(answer)
            self.request.recv(1)

    with ThreadingTCPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_address[1])
        yield {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": port, "DATABASE_SECONDS": "1"}
        server.shutdown()


@pytest.mark.parametrize("hangs", [False, True])
def test_nothing_is_ended_while_the_database_is_away(
    tmp_path: Path, api_server: tuple[str, dict[str, Any]], hangs: bool
) -> None:
    url, said = api_server
    said |= {"metadatabase": GOOD, "triggerer": BAD}
    (tmp_path / "unhealthy-since").write_text(str(int(time.time()) - 601))
    with database(None) as hanging:
        where = hanging if hangs else {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "9"}
        away = health("triggerer", tmp_path, url, **where)
    assert (away.returncode, away.stdout) == (1, "")


@pytest.mark.parametrize(("worked", "most"), [(False, 600), (True, 120)], ids=["start", "hang"])
def test_a_part_that_does_not_work_for_long_is_ended(
    tmp_path: Path, api_server: tuple[str, dict[str, Any]], worked: bool, most: int
) -> None:
    url, said = api_server
    said |= {"metadatabase": GOOD, "triggerer": GOOD}
    if worked:
        assert health("triggerer", tmp_path, url).returncode == 0
    said["triggerer"] = BAD
    # This machine's first process is none of a container's, so nothing is ended here.
    with database(b"N") as answering:
        first = health("triggerer", tmp_path, url, **answering)
        assert (first.returncode, first.stdout) == (1, "")
        (tmp_path / "unhealthy-since").write_text(str(int(time.time()) - most + 20))
        soon = health("triggerer", tmp_path, url, **answering)
        assert (soon.returncode, soon.stdout) == (1, "")
        (tmp_path / "unhealthy-since").write_text(str(int(time.time()) - most - 1))
        late = health("triggerer", tmp_path, url, **answering)
    assert late.returncode == 1
    assert re.search(r"triggerer has not worked for (12|60)\d s", late.stdout)
    # What was started again has the time of a start.
    assert not list(tmp_path.iterdir())
