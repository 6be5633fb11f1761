"""Name servers that are late, lossy or half broken: the first good answer counts, whenever."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic

import pytest

from sites.name_servers import Asked, Behaviour, Reply, ScriptedNameServer
from sites.probing import probe_all, probe_one
from sites.servers import Server, answer, closed_port, server
from supportops.sites.check import ProbeResult, Reason, State

SERVFAIL, REFUSED = 2, 5
DROPPED, FAILED = Reply(dropped=True), Reply(rcode=SERVFAIL)


@pytest.fixture
def site(running: ExitStack) -> Server:
    return running.enter_context(server(answer()))


def looked_up(
    site: Server, running: ExitStack, *behaviours: Behaviour | Reply, deadline: float = 10
) -> ProbeResult:
    """The check of a site whose name servers behave like that, in the order they are listed."""
    servers = [
        running.enter_context(
            ScriptedNameServer(b if callable(b) else (lambda _asked, reply=b: reply))
        )
        for b in behaviours
    ]
    addresses = [each.address for each in servers]
    return probe_one(site.url(host="shop.test"), nameservers=addresses, deadline=deadline)


def dns_seconds(result: ProbeResult) -> float:
    assert result.phases.dns is not None
    return result.phases.dns / 1000


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.7, 1.5, 5.5])
def test_an_answer_costs_what_it_takes_however_often_the_query_was_repeated(
    site: Server, running: ExitStack, seconds: float
) -> None:
    result = looked_up(site, running, Reply(after=seconds))
    assert result.state is State.UP
    assert seconds - 0.01 <= dns_seconds(result) < seconds + 0.25


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_lost_queries_are_repeated(site: Server, running: ExitStack, lost: int) -> None:
    result = looked_up(site, running, lambda asked: DROPPED if asked.number < lost else Reply())
    assert result.state is State.UP
    assert dns_seconds(result) < 5


def test_a_server_that_fails_first_is_asked_again(site: Server, running: ExitStack) -> None:
    result = looked_up(site, running, lambda asked: FAILED if asked.number == 0 else Reply())
    assert result.state is State.UP


def test_a_failure_does_not_hide_a_later_answer_to_an_earlier_try(
    site: Server, running: ExitStack
) -> None:
    def slow_then_failing(asked: Asked) -> Reply:
        return Reply(after=2) if asked.number == 0 else Reply(rcode=SERVFAIL, after=0.1)

    assert looked_up(site, running, slow_then_failing).state is State.UP


@pytest.mark.parametrize("rcode", [1, SERVFAIL, 4, REFUSED])
def test_the_second_server_is_asked_at_once_when_the_first_fails(
    site: Server, running: ExitStack, rcode: int
) -> None:
    result = looked_up(site, running, Reply(rcode=rcode), Reply())
    assert result.state is State.UP
    assert dns_seconds(result) < 0.3


@pytest.mark.parametrize("first", [DROPPED, Reply(after=5.5)], ids=["silent", "late"])
def test_the_second_server_is_asked_soon_when_the_first_says_nothing(
    site: Server, running: ExitStack, first: Reply
) -> None:
    result = looked_up(site, running, first, Reply())
    assert result.state is State.UP
    assert dns_seconds(result) < 1


def test_a_first_server_that_is_not_there_costs_nothing(site: Server, running: ExitStack) -> None:
    with ScriptedNameServer(lambda _asked: Reply()) as names:
        nobody = f"127.0.0.1:{closed_port()}"
        result = probe_one(site.url(host="shop.test"), nameservers=[nobody, names.address])
    assert result.state is State.UP
    assert dns_seconds(result) < 0.5


def test_a_cut_answer_is_asked_for_again_over_tcp(site: Server, running: ExitStack) -> None:
    with ScriptedNameServer(
        lambda asked: Reply() if asked.over_tcp else Reply((), truncated=True)
    ) as names:
        result = probe_one(site.url(host="shop.test"), nameservers=[names.address])
    assert result.state is State.UP
    assert {asked.over_tcp for asked in names.asked} == {False, True}


def test_what_a_cut_answer_held_is_used_where_tcp_is_closed(
    site: Server, running: ExitStack
) -> None:
    def only_udp(asked: Asked) -> Reply:
        return DROPPED if asked.over_tcp else Reply(truncated=True)

    assert looked_up(site, running, only_udp).state is State.UP


@pytest.mark.parametrize("broken", [DROPPED, FAILED, Reply(rcode=3)], ids=["no", "fail", "deny"])
def test_servers_that_cannot_do_ipv6_are_no_hindrance(
    site: Server, running: ExitStack, broken: Reply
) -> None:
    result = looked_up(site, running, lambda asked: broken if asked.kind == 28 else Reply())
    assert result.state is State.UP
    assert dns_seconds(result) < 0.4


def test_ipv4_that_is_late_is_waited_for_where_ipv6_alone_is_known(
    site: Server, running: ExitStack
) -> None:
    def late_ipv4(asked: Asked) -> Reply:
        return Reply(("::1",)) if asked.kind == 28 else Reply(after=1)

    assert looked_up(site, running, late_ipv4).state is State.UP


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (FAILED, "the name server failed"),
        (Reply(rcode=REFUSED), "the name server refused"),
        (Reply(rcode=3), "the name does not exist"),
        (Reply(()), "the name has no address"),
    ],
)
def test_what_every_try_fails_with_is_the_sites_and_said(
    site: Server, running: ExitStack, reply: Reply, words: str
) -> None:
    result = looked_up(site, running, reply, deadline=5)
    assert (result.reason, result.detail) == (Reason.DNS, f"shop.test: {words}")


def test_a_name_that_a_living_server_never_answers_is_dead(
    site: Server, running: ExitStack
) -> None:
    result = looked_up(site, running, DROPPED, deadline=3)
    assert (result.state, result.reason) == (State.DOWN, Reason.DNS)


@pytest.mark.parametrize("servers", [1, 2])
def test_a_server_that_answers_nothing_at_all_is_our_own_trouble(
    site: Server, running: ExitStack, servers: int
) -> None:
    silent = [
        running.enter_context(ScriptedNameServer(lambda _: DROPPED, answers_the_root=False))
        for _ in range(servers)
    ]
    addresses = [each.address for each in silent]
    result = probe_one(site.url(host="shop.test"), nameservers=addresses, deadline=3)
    assert (result.state, result.reason) == (State.UNKNOWN, Reason.INTERNAL)


def test_no_server_where_one_should_be_is_our_own_trouble(site: Server) -> None:
    nobody = [f"127.0.0.1:{closed_port()}"]
    result = probe_one(site.url(host="shop.test"), nameservers=nobody)
    assert (result.state, result.reason) == (State.UNKNOWN, Reason.INTERNAL)
    assert "Connection refused" in result.detail


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"x" * 11, b"\xff" * 40, b"\x00\x01\x81\x80" + b"\xc0" * 60]
)
def test_packets_that_are_no_answers_are_passed_over(
    site: Server, running: ExitStack, raw: bytes
) -> None:
    noise = Reply(raw=raw)
    result = looked_up(site, running, lambda asked: noise if asked.number == 0 else Reply())
    assert result.state is State.UP


def test_an_answer_to_another_question_does_not_count(site: Server, running: ExitStack) -> None:
    forged = _forged_answers()
    result = looked_up(site, running, lambda asked: forged if asked.number == 0 else Reply())
    assert result.state is State.UP
    assert result.address == "127.0.0.1"


def _forged_answers() -> Reply:
    packet = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
    packet += b"\x05other\x04test\x00\x00\x01\x00\x01"
    packet += b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + socket.inet_aton("127.0.0.9")
    return Reply(raw=packet)


def test_many_late_names_cost_the_time_of_one(site: Server, running: ExitStack) -> None:
    names = running.enter_context(ScriptedNameServer(lambda _asked: Reply(after=1.5)))
    urls: Sequence[str] = [site.url(host=f"shop{n}.test") for n in range(60)]
    begun = monotonic()
    results = probe_all(urls, nameservers=[names.address], deadline=10)
    assert {result.state for result in results} == {State.UP}
    assert monotonic() - begun < 6
