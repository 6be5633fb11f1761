"""Trouble of this machine: the reason is `internal`, the state unknown, and no site is down."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pycares
import pycurl
import pytest

from sites.probing import MOMENT, policy, probe_all, probe_one
from sites.servers import Authority, NameServer, answer, closed_port, server
from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.probe import local_limits, transfer, transfer_pool, trust
from supportops.sites.probe import probe as probing
from supportops.sites.probe.curl_errors import CurlError
from supportops.sites.probe.request_state import RequestState, Target
from supportops.sites.site import Expectation

_PROBE_WITH_FEW_FILES = """
import json, resource, sys
limit, trusted, *urls = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), int(limit)))
from sites.probing import probe_all
results = probe_all(urls, deadline=10, trust=trusted or None)
print(json.dumps([[r.state.value, r.reason.value, r.detail] for r in results]))
"""


def probed_with(limit: int, urls: list[str], trusted: str = "") -> list[list[str]]:
    """State, reason and detail of each URL, checked by a process that may open `limit` files."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE_WITH_FEW_FILES, str(limit), trusted, *urls],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def ours(result: ProbeResult) -> bool:
    return (result.state, result.reason) == (State.UNKNOWN, Reason.INTERNAL)


@pytest.mark.parametrize("limit", [48, 28, 20])
def test_eighty_healthy_sites_are_up_with_few_open_files(running: ExitStack, limit: int) -> None:
    site = running.enter_context(server(answer()))
    results = probed_with(limit, [site.url(f"/{n}") for n in range(80)])
    assert Counter(state for state, _, _ in results) == {"up": 80}


@pytest.mark.parametrize("limit", [48, 36, 28])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_eighty_healthy_sites_are_up_with_few_open_files_by_one_of_two_addresses(
    running: ExitStack, scheme: str, limit: int
) -> None:
    """`localhost` is ::1, which refuses, and 127.0.0.1: connections to both are open at once."""
    authority = Authority()
    tls = authority.context("localhost") if scheme == "https" else None
    site = running.enter_context(server(answer(), tls=tls))
    with authority.ca.cert_pem.tempfile() as trusted:
        urls = [site.url(f"/{n}", host="localhost", scheme=scheme) for n in range(80)]
        results = probed_with(limit, urls, trusted)
    assert Counter(state for state, _, _ in results) == {"up": 80}


def test_sites_that_really_are_down_are_so_with_few_open_files_too(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    dead = f"http://127.0.0.1:{closed_port()}/"
    results = probed_with(32, [site.url(), dead] * 20)
    assert Counter(reason for _, reason, _ in results) == {"ok": 20, "refused": 20}


def test_without_any_free_file_sites_are_unknown_and_not_down(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = running.enter_context(server(answer()))

    def none_left(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(transfer_pool, "_SHORTAGE_PAUSE", 0.01)
    monkeypatch.setattr(transfer, "socket", SimpleNamespace(socket=none_left))
    result = probe_one(site.url())
    assert ours(result)
    assert "Too many open files" in result.detail
    assert site.connections == 0


def test_a_socket_that_libcurl_cannot_take_over_is_our_own_trouble(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pycurl duplicates each, and does not say that it could not."""
    site = running.enter_context(server(answer()))

    class Unduplicable(socket.socket):
        def fileno(self) -> int:
            return 1_000_000  # no open file, so that the duplication fails

    monkeypatch.setattr(transfer_pool, "_SHORTAGE_PAUSE", 0.01)
    monkeypatch.setattr(transfer, "socket", SimpleNamespace(socket=Unduplicable))
    result = probe_one(site.url(host="localhost"))
    assert ours(result)
    assert "Too many open files" in result.detail
    assert site.connections == 0


class Unable:
    """A part of a run that this machine cannot make."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("SocketWatcher", OSError(errno.EMFILE, "Too many open files")),
        ("DnsQueue", pycares.AresError("Out of memory")),
        ("TransferPool", pycurl.error("no handle")),
        ("TransferPool", MemoryError()),
    ],
)
def test_a_run_that_cannot_begin_leaves_every_site_unknown(
    monkeypatch: pytest.MonkeyPatch, part: str, error: Exception
) -> None:
    monkeypatch.setattr(probing, part, Unable(error))
    noted: list[int] = []
    urls = ["http://127.0.0.1:1/", "no address"]
    targets = [Target(url, Expectation(), True) for url in urls]
    results = probing.probe(
        targets,
        policy(),
        lambda: MOMENT,
        on_result=lambda index, _result: noted.append(index),
        feed=Twice(targets[0]),
    )
    assert [ours(result) for result in results] == [True] * 4
    assert results[0].detail.startswith("this machine cannot check anything: ")
    assert noted == [0, 1, 2, 3]


class Twice:
    """Feeds a target, and a little later once more."""

    def __init__(self, target: Target) -> None:
        self.left = [target, target]

    def take(self) -> list[Target]:
        return [self.left.pop()] if self.left else []

    def wait(self) -> float | None:
        return 0.01 if self.left else None


def test_a_shortage_that_passes_costs_a_pause_and_no_result(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = running.enter_context(server(answer()))
    made: list[tuple[int, ...]] = []

    def sometimes(*arguments: int) -> socket.socket:
        made.append(arguments)
        if len(made) % 3:
            raise OSError(errno.ENOBUFS, "No buffer space available")
        return socket.socket(*arguments)

    monkeypatch.setattr(transfer_pool, "_SHORTAGE_PAUSE", 0.01)
    monkeypatch.setattr(transfer, "socket", SimpleNamespace(socket=sometimes))
    results = probe_all([site.url(f"/{n}") for n in range(5)])
    assert {result.state for result in results} == {State.UP}


@pytest.mark.parametrize("count", [0, 5, 100])
def test_no_more_requests_run_at_once_than_there_are_files_for(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(local_limits, "files_left", lambda: count)
    assert local_limits.requests_at_once(64) == max(1, (count - 16) // 2)
    assert local_limits.requests_at_once(1) == 1


def test_an_address_that_this_machine_has_no_route_to_is_our_own_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer_pool, "has_route", lambda _address: False)
    result = probe_one("http://192.0.2.1/")
    assert ours(result)
    assert result.detail == "this machine has no route to 192.0.2.1"


def test_a_site_whose_other_family_has_no_route_is_judged_by_the_one_that_has(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_pool, "has_route", lambda address: ":" not in address)
    site = running.enter_context(server(answer()))
    with NameServer({"both.test": ["2001:db8::1", "127.0.0.1"]}) as names:
        up = probe_one(site.url(host="both.test"), nameservers=[names.address])
        dead = f"http://both.test:{closed_port()}/"
        down = probe_one(dead, nameservers=[names.address])
    assert (up.reason, down.reason) == (Reason.OK, Reason.REFUSED)


def test_routes_are_known_without_sending_anything() -> None:
    assert local_limits.has_route("127.0.0.1")
    if not any(kind == socket.AF_INET6 for kind, *_ in _outward()):
        assert not local_limits.has_route("2001:db8::1")


def _outward() -> list[tuple[int, str]]:
    found = []
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            if way.connect_ex((address, 9)) == 0:
                found.append((int(family), address))
    return found


@pytest.mark.parametrize(
    "code",
    [
        errno.ENETUNREACH,
        errno.EADDRNOTAVAIL,
        errno.ENOMEM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENETDOWN,
    ],
    ids=errno.errorcode.get,
)
def test_a_connection_that_this_machine_could_not_make_is_internal(code: int) -> None:
    error = CurlError(pycurl.E_COULDNT_CONNECT, "", code, 0, Phases())
    assert error.reason is Reason.INTERNAL


@pytest.mark.parametrize(
    "code",
    [
        pycurl.E_OUT_OF_MEMORY,
        pycurl.E_FAILED_INIT,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ENGINE_INITFAILED,
        pycurl.E_INTERFACE_FAILED,
        pycurl.E_READ_ERROR,
        pycurl.E_ABORTED_BY_CALLBACK,
        pycurl.E_COULDNT_RESOLVE_HOST,
    ],
)
def test_what_libcurl_reports_of_itself_is_internal(code: int) -> None:
    assert CurlError(code, "", 0, 0, Phases()).reason is Reason.INTERNAL


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_damaged_authorities_make_https_sites_unknown_and_leave_the_others(
    running: ExitStack, tmp_path: Path, content: bytes
) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_bytes(content)
    authority = Authority()
    secure = running.enter_context(server(answer(), tls=authority.context("localhost")))
    plain = running.enter_context(server(answer()))
    urls = [secure.url(host="localhost", scheme="https"), plain.url()]
    https, http = probe_all(urls, trust=damaged)
    assert ours(https)
    assert str(damaged) in https.detail
    assert http.state is State.UP


@pytest.mark.parametrize("content", [b"", b"garbage\n", None], ids=["empty", "garbage", "gone"])
def test_a_damaged_bundle_of_the_system_takes_no_site_down(
    running: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    bundle = tmp_path / "system.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setattr(trust, "_SYSTEM_BUNDLES", (str(bundle),))
    monkeypatch.setattr(trust.certifi, "where", lambda: str(tmp_path / "none.pem"))
    site = running.enter_context(server(answer(), tls=Authority().context("localhost")))
    assert ours(probe_one(site.url(host="localhost", scheme="https")))


def test_an_expired_certificate_is_the_sites_trouble_whatever_we_trust(
    running: ExitStack, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("garbage")
    context = Authority().context("localhost", start=timedelta(days=-9), end=timedelta(days=-1))
    site = running.enter_context(server(answer(), tls=context))
    result = probe_one(site.url(host="localhost", scheme="https"), trust=damaged)
    assert result.reason in {Reason.TLS_EXPIRED, Reason.INTERNAL}


def test_a_page_that_breaks_the_program_ends_no_other_check(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = running.enter_context(server(answer()))
    judge = RequestState._judge

    def breaks(state: RequestState, response: object) -> None:
        if state.target.url.endswith("/bad"):
            raise RecursionError
        judge(state, response)  # type: ignore[arg-type]

    monkeypatch.setattr(RequestState, "_judge", breaks)
    bad, good = probe_all([site.url("/bad"), site.url("/good")])
    assert ours(bad)
    assert good.state is State.UP
