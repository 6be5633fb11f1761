from __future__ import annotations

import logging
import socket
import threading

import pytest

from inboxes import Behaviour, Endpoint, free_port
from supportops.notify.heartbeat import beat

SECRET = "9f2c-heartbeat-key"


def url(http: Endpoint) -> str:
    return http.url(f"ping/{SECRET}?token={SECRET}", scheme="http")


def test_an_answer_is_ok(http: Endpoint) -> None:
    assert beat(url(http)) == "ok"
    (request,) = http.requests
    assert (request.method, request.path) == ("GET", f"/ping/{SECRET}?token={SECRET}")


@pytest.mark.parametrize(
    ("behaviour", "result"),
    [
        (Behaviour.REFUSE, "answered 500"),
        (Behaviour.REDIRECT, "answered 302"),
        (Behaviour.CLOSE, "no answer: ConnectionError"),
    ],
)
def test_any_other_answer_is_reported_with_its_status(
    http: Endpoint, behaviour: Behaviour, result: str
) -> None:
    http.behaviour = behaviour
    assert beat(url(http)) == result
    assert len(http.requests) == 1


@pytest.mark.parametrize("behaviour", [Behaviour.HANG, Behaviour.DRIP])
def test_a_server_that_hangs_or_drips_is_left_at_the_deadline(
    http: Endpoint, behaviour: Behaviour
) -> None:
    http.behaviour = behaviour
    assert beat(url(http), timeout=0.5) in (
        "no answer within 0.5 s",
        "no answer: ReadTimeout",
    )


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("http://127.0.0.1:{port}/x", "no answer: ConnectionError"),
        ("no-address", "no answer: MissingSchema"),
        ("http://[::1/x", "no answer: InvalidURL"),
        ("gopher://127.0.0.1/x", "no answer: InvalidSchema"),
    ],
)
def test_an_address_that_leads_nowhere_never_raises(address: str, result: str) -> None:
    assert beat(address.format(port=free_port())) == result


def test_no_proxy_of_the_environment_is_used(
    http: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert beat(url(http)) == "ok"


@pytest.mark.parametrize("behaviour", [Behaviour.ACCEPT, Behaviour.REFUSE, Behaviour.CLOSE])
def test_the_address_is_neither_logged_nor_returned(
    http: Endpoint,
    behaviour: Behaviour,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    http.behaviour = behaviour
    result = beat(url(http))
    shown = capfd.readouterr()
    assert len(http.requests) == 1
    assert SECRET not in result + caplog.text + shown.out + shown.err


def test_the_urllib3_lines_of_other_threads_are_still_logged(
    http: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    import requests

    caplog.set_level(logging.DEBUG)
    beat(url(http))
    requests.get(http.url("mine", scheme="http"), timeout=5)
    assert "GET /mine" in caplog.text


def test_a_server_that_answers_garbage_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def garbage() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(b"\0\xff\xfe nonsense\r\n\r\n")
            connection.close()

        answering = threading.Thread(target=garbage)
        answering.start()
        result = beat(f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}")
        answering.join(10)
    assert result == "no answer: ConnectionError"
