"""Certificates and handshakes that fail."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from sites.probing import probe_one
from sites.servers import (
    Authority,
    Server,
    answer,
    server,
)
from supportops.sites.check import Reason


@pytest.mark.parametrize(
    ("names", "start", "end", "reason"),
    [
        (["localhost"], -10, 30, Reason.OK),
        (["localhost"], -10, -1, Reason.TLS_EXPIRED),
        (["localhost"], 1, 30, Reason.TLS_NOT_YET_VALID),
        (["elsewhere.test"], -10, 30, Reason.TLS_NAME),
    ],
)
def test_a_failed_certificate_has_its_reason_and_its_end(
    running: ExitStack, names: list[str], start: int, end: int, reason: Reason
) -> None:
    authority = Authority()
    context = authority.context(*names, start=timedelta(days=start), end=timedelta(days=end))
    site = running.enter_context(server(answer(), tls=context))
    with authority.ca.cert_pem.tempfile() as trust:
        result = probe_one(site.url(host="localhost", scheme="https"), trust=Path(trust))
    assert result.reason is reason
    ends = (authority.now + timedelta(days=end)).replace(microsecond=0)
    assert result.certificate_expires == ends
    assert len(site.heads) == (1 if reason is Reason.OK else 0), "nothing is sent to a stranger"


def test_a_certificate_of_an_unknown_authority_is_untrusted_and_has_its_end(
    running: ExitStack,
) -> None:
    stranger = Authority()
    site = running.enter_context(server(answer(), tls=stranger.context("localhost")))
    result = probe_one(site.url(host="localhost", scheme="https"))
    assert result.reason is Reason.TLS_UNTRUSTED
    assert result.certificate_expires is not None
    assert site.heads == []


def test_a_handshake_that_is_none_is_a_tls_failure(running: ExitStack) -> None:
    def gibberish(connection: socket.socket, _here: Server) -> None:
        connection.recv(100)
        connection.sendall(b"this is no TLS at all\r\n" * 10)

    site = running.enter_context(server(gibberish))
    assert probe_one(site.url(scheme="https")).reason is Reason.TLS


def test_a_trust_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        probe_one("http://127.0.0.1/", trust=tmp_path / "missing.pem")
