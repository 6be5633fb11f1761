"""The probe against well-behaved servers, and against many at once."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sites.probing import MOMENT, OK, policy, probe_all, probe_one
from sites.servers import (
    Authority,
    NameServer,
    Server,
    answer,
    drips,
    hangs,
    request,
    server,
)
from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.probe.probe import Target, probe
from supportops.sites.site import Expectation


def test_a_site_that_answers_is_up(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"welcome")))
    result = probe_one(site.url("/start?a=1"))
    assert (result.state, result.reason, result.status) == (State.UP, Reason.OK, 200)
    assert (result.address, result.bytes, result.redirects) == ("127.0.0.1", 7, 0)
    assert result.checked_at == MOMENT
    assert result.detail == ""
    assert site.heads[0].startswith(b"GET /start?a=1 HTTP/1.1\r\n")
    assert b"User-Agent: supportops site check\r\n" in site.heads[0]


def test_the_phases_come_one_after_the_other(running: ExitStack) -> None:
    authority = Authority()
    site = running.enter_context(server(answer(), tls=authority.context("localhost")))
    with authority.ca.cert_pem.tempfile() as trust:
        result = probe_one(site.url(host="localhost", scheme="https"), trust=Path(trust))
    phases = result.phases
    assert result.reason is Reason.OK
    assert None not in (phases.dns, phases.connect, phases.tls, phases.first_byte, phases.total)
    assert 0 <= phases.dns <= phases.connect <= phases.tls <= phases.first_byte <= phases.total


def test_results_come_in_the_order_of_the_targets(running: ExitStack) -> None:
    slow = running.enter_context(server(drips(OK + b"Content-Length: 3\r\n\r\n", b"x", 0.1)))
    quick = running.enter_context(server(answer()))
    urls = [slow.url(), quick.url("/1"), "nonsense", slow.url("/2"), quick.url("/3")]
    order: list[int] = []
    targets = [Target(url, Expectation(), True) for url in urls]
    results = probe(targets, policy(), lambda: MOMENT, on_result=lambda i, _: order.append(i))
    assert [result.url for result in results] == urls
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert order.index(4) < order.index(0)


def test_no_targets_have_no_results() -> None:
    assert probe([], policy(), lambda: MOMENT) == []


def test_every_check_makes_its_own_connection_and_keeps_no_cookie(running: ExitStack) -> None:
    site = running.enter_context(server(answer(headers={"Set-Cookie": "a=b"})))
    assert all(result.good for result in probe_all([site.url()] * 5))
    assert site.connections == 5
    assert not any(b"cookie:" in head.lower() for head in site.heads)


def test_a_broken_ipv6_address_does_not_hide_a_good_ipv4_one(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    with NameServer({"both.test": ["::1", "fd00:dead::1", "127.0.0.1"]}) as names:
        result = probe_one(site.url(host="both.test"), nameservers=[names.address])
    assert (result.reason, result.address) == (Reason.OK, "127.0.0.1")


def test_a_site_on_ipv6_alone_is_up(running: ExitStack) -> None:
    site = running.enter_context(server(answer(), host="::1"))
    result = probe_one(site.url(host="[::1]"))
    assert (result.reason, result.address) == (Reason.OK, "::1")


def test_an_international_name_is_looked_up_in_its_ascii_form(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    with NameServer({"xn--bcher-kva.test": ["127.0.0.1"]}) as names:
        result = probe_one(site.url(host="Bücher.test"), nameservers=[names.address])
    assert result.reason is Reason.OK
    assert f"Host: xn--bcher-kva.test:{site.port}\r\n".encode() in site.heads[0]


def test_no_environment_steers_a_probe(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = running.enter_context(server(answer()))
    trap = running.enter_context(server(answer(status="502 Trap")))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.url())
    (tmp_path / ".netrc").write_text("default login trap password trap\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert probe_one(site.url()).reason is Reason.OK
    assert trap.connections == 0
    assert b"authorization" not in site.heads[0].lower()


def test_dead_names_make_no_healthy_site_look_down(running: ExitStack) -> None:
    """14 in a hundred names are never answered; the name server is alive for the rest."""
    site = running.enter_context(server(answer()))
    hosts = [f"{'dead' if n % 7 == 0 else 'site'}{n}.test" for n in range(300)]
    zone = {host: ["127.0.0.1"] for host in hosts}
    with NameServer(zone, dead=lambda name: name.startswith("dead")) as names:
        results = probe_all(
            [site.url(host=host) for host in hosts], deadline=3, nameservers=[names.address]
        )
    for host, result in zip(hosts, results, strict=True):
        assert result.reason is (Reason.DNS if host.startswith("dead") else Reason.OK), result


def test_hanging_sites_make_no_healthy_site_look_down(running: ExitStack) -> None:
    good = running.enter_context(server(answer()))
    bad = running.enter_context(server(hangs))
    sites = [bad if n % 5 == 0 else good for n in range(200)]
    results = probe_all([site.url() for site in sites], deadline=2)
    for site, result in zip(sites, results, strict=True):
        assert result.reason is (Reason.TIMEOUT if site is bad else Reason.OK), result


def test_no_more_are_in_flight_than_the_policy_says(running: ExitStack) -> None:
    lock = threading.Lock()
    open_now = most = 0

    def counts(connection: socket.socket, here: Server) -> None:
        nonlocal open_now, most
        request(connection, here)
        with lock:
            open_now += 1
            most = max(most, open_now)
        here.closing.wait(0.05)
        with lock:
            open_now -= 1
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    site = running.enter_context(server(counts))
    targets = [Target(site.url(), Expectation(), True)] * 20
    results = probe(targets, policy(in_flight=3), lambda: MOMENT)
    assert all(result.good for result in results)
    assert most == 3


def test_starts_are_paced(running: ExitStack) -> None:
    """A rate of 50 a second and jitter of half a gap: 20 starts need at least 0.19 s."""
    site = running.enter_context(server(answer()))
    starts: list[datetime] = []

    def clock() -> datetime:
        starts.append(datetime.now(UTC))
        return MOMENT

    probe([Target(site.url(), Expectation(), True)] * 20, policy(rate=50), clock)
    assert len(starts) == 20
    assert starts[-1] - starts[0] >= timedelta(seconds=0.17)


def test_a_listener_that_raises_stops_the_run_and_leaves_nothing_open(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))

    def objects(_index: int, _result: ProbeResult) -> None:
        raise RuntimeError("the disk is full")

    targets = [Target(site.url(), Expectation(), True)] * 5
    with pytest.raises(RuntimeError, match="the disk is full"):
        probe(targets, policy(), lambda: MOMENT, on_result=objects)
    assert probe_one(site.url()).good
