"""The addresses of pushes over real sockets: what curl and hostile clients get to see."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from flows.sites.pushing.jobs import HOURLY, TOKEN, Jobs
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.activity import Flow, last_worked
from supportops.db.engine import reading
from supportops.db.schema import endpoint_stops, pushes
from supportops.web.public import push as routes
from supportops.web.public.app import make_public_app

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


class Endpoint(Jobs):
    """Jobs whose endpoint listens on a port of this machine."""

    address = ""
    broken = False

    @contextmanager
    def opened(self) -> Iterator[Context]:
        if self.broken:
            raise OSError("the store is away")
        yield self.context

    def curl(self, path: str, *options: str) -> tuple[int, str]:
        """HTTP status and body, as a cron job's curl gets them."""
        command = ["curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *options]
        done = subprocess.run(
            [*command, f"{self.address}{path}"], capture_output=True, text=True, check=True
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body.strip()

    def outcomes(self) -> list[str]:
        with reading(self.engine) as connection:
            return list(
                connection.execute(select(pushes.c.outcome).order_by(pushes.c.id)).scalars()
            )


@pytest.fixture
def endpoint(store: Engine, tmp_path: Path) -> Iterator[Endpoint]:
    found = Endpoint(store, tmp_path / "config")
    found.start(HOURLY | {"get": True})
    app = make_public_app(found.opened, LastConfiguration(), None, lambda: found.now)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        found.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield found
        server.should_exit = True
        running.join()


def test_what_cron_calls_is_recorded(endpoint: Endpoint) -> None:
    assert endpoint.curl(f"/push/{TOKEN}", "-X", "POST") == (200, "ok")
    assert endpoint.curl(f"/push/{TOKEN}/7", "--data-binary", "tar: no space") == (200, "ok")
    assert endpoint.curl(f"/push/{TOKEN}/fail", "-d", "") == (200, "ok")
    assert endpoint.curl(f"/push/{TOKEN}") == (200, "ok")
    assert endpoint.curl(f"/push/{TOKEN}", "-I")[0] == 200
    assert endpoint.outcomes() == ["ok", "fail", "fail", "ok", "ok"]
    assert [kind for kind, _ in endpoint.open()] == ["push_failed"]


def test_what_a_stranger_sends_is_answered_alike_and_changes_nothing(endpoint: Endpoint) -> None:
    large = ("--data-binary", "x" * 20_000)
    assert endpoint.curl(f"/push/{TOKEN}", *large)[0] == 413
    assert endpoint.curl("/push/nobody", *large)[0] == 413
    for path in ("/push/nobody", "/push/nobody/fail", "/push/nobody/9", f"/push/{'x' * 3000}"):
        for options in (("-X", "POST"), ("-d", "{"), (), ("-X", "DELETE")):
            assert endpoint.curl(path, *options) == (404, "not found")
    for path in ("/push", "/push/", f"/push/{TOKEN}/fail/more", f"/push/../push/%2e%2e/{TOKEN}x/"):
        status, text = endpoint.curl(path, "-X", "POST", "--path-as-is")
        assert status in (404, 405), path
        assert TOKEN not in text
    assert endpoint.outcomes() == []


def test_a_browser_and_what_it_fetches_ahead_push_nothing(endpoint: Endpoint) -> None:
    for header in ("Sec-Fetch-Mode: navigate", "Sec-Purpose: prefetch", "Purpose: prefetch"):
        status, text = endpoint.curl(f"/push/{TOKEN}", "-H", header)
        assert (status, text) == (405, "a push is a POST, and not by a browser")
    assert endpoint.outcomes() == []


def test_a_body_that_never_comes_holds_nobody_up(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BODY_SECONDS", 0.2)
    port = int(endpoint.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
        slow.sendall(
            f"POST /push/{TOKEN} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx".encode()
        )
        assert slow.recv(200).startswith(b"HTTP/1.1 408 ")
    assert endpoint.outcomes() == []


def test_a_push_while_the_store_is_away_is_to_be_sent_again(endpoint: Endpoint) -> None:
    endpoint.broken = True
    status, text = endpoint.curl(f"/push/{TOKEN}", "-X", "POST")
    assert (status, text) == (503, "the push could not be recorded; try again")
    assert endpoint.curl("/push/nobody", "-X", "POST")[0] == 503
    endpoint.broken = False
    assert endpoint.curl(f"/push/{TOKEN}", "-X", "POST")[0] == 200


def test_a_push_before_the_first_configuration_is_to_be_sent_again_and_one_line_in_the_log(
    store: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = Endpoint(store, tmp_path / "config")
    app = make_public_app(jobs.opened, LastConfiguration(), None, lambda: jobs.now)
    answer = TestClient(app).post(f"/push/{TOKEN}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    (said,) = (r for r in caplog.records if r.name.startswith("supportops"))
    assert (said.levelname, said.exc_info) == ("WARNING", None)
    assert "no configuration was activated yet" in said.getMessage()


def test_the_endpoint_says_that_it_serves_and_when_it_did_not(endpoint: Endpoint) -> None:
    with reading(endpoint.engine) as connection:
        assert last_worked(connection, Flow.PUBLIC_ENDPOINT) == endpoint.now
        stops = connection.execute(select(endpoint_stops).order_by(endpoint_stops.c.id)).all()
    assert len(stops) == 2, "before the first start, and at the one that this test made"
