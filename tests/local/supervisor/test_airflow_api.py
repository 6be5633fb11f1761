"""Against a server that answers as a busy Airflow does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from supportops.local.supervisor.airflow_api import AirflowApi, AirflowError

Serve = Callable[[list[int]], AirflowApi]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """An API that signs in, and answers every other request with the next of these codes."""
    servers: list[ThreadingHTTPServer] = []

    def start(codes: list[int]) -> AirflowApi:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                signing_in = self.path == "/auth/token"
                code = 200 if signing_in else codes.pop(0) if len(codes) > 1 else codes[0]
                body = json.dumps({"access_token": "x", "dag_run_id": "run 1"}).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return AirflowApi(f"http://127.0.0.1:{server.server_port}", "secret")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("busy", [500, 503])
def test_a_busy_airflow_is_asked_again(serve: Serve, busy: int) -> None:
    assert serve([busy, busy, 200]).trigger("site_check").startswith("manual__")


def test_a_run_that_was_started_although_the_answer_said_otherwise_is_not_started_twice(
    serve: Serve,
) -> None:
    assert serve([500, 409]).trigger("site_check").startswith("manual__")


def test_an_airflow_that_stays_busy_is_an_error(serve: Serve) -> None:
    api = replace(serve([503]), busy_for=0.0)
    with pytest.raises(AirflowError, match="answered 503"):
        api.trigger("site_check")


def test_a_refusal_is_not_repeated(serve: Serve) -> None:
    with pytest.raises(AirflowError, match="answered 404"):
        serve([404, 200]).trigger("site_check")
