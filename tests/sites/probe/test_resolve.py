"""Names through c-ares, against a real name server on UDP."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from time import monotonic

import pytest

from sites.servers import NameServer
from supportops.sites.probe.request_state import DnsAnswer
from supportops.sites.probe.resolve import MOST_ADDRESSES, Resolver
from supportops.sites.probe.sockets import SocketWatcher

ZONE = {
    "four.test": ["192.0.2.1"],
    "six.test": ["2001:db8::1"],
    "both.test": ["192.0.2.1", "2001:db8::1"],
    "many.test": [f"192.0.2.{n}" for n in range(1, 40)],
    "empty.test": [],
}


class Loop:
    """A resolver and the watcher that drives it, until every answer is there or time is up."""

    def __init__(self, nameservers: Sequence[str] | None, deadline: float = 5.0) -> None:
        self.answers: dict[str, DnsAnswer] = {}
        self.calls = 0
        self.watcher = SocketWatcher()
        self.resolver = Resolver(deadline=deadline, on_socket=self._watch, nameservers=nameservers)

    def _watch(self, fd: int, read: bool, write: bool) -> None:
        self.watcher.watch(fd, read, write, self.resolver.ready)

    def look_up(self, *names: str) -> None:
        for name in names:
            self.resolver.resolve(name, lambda answer, name=name: self._take(name, answer))

    def _take(self, name: str, answer: DnsAnswer) -> None:
        self.answers[name] = answer
        self.calls += 1

    def run(self, seconds: float) -> None:
        until = monotonic() + seconds
        while self.resolver.waiting and monotonic() < until:
            self.watcher.wait(min(self.resolver.pause() or 0.0, 0.05))
            self.resolver.tick()

    def close(self) -> None:
        self.resolver.close()
        self.watcher.close()


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer(ZONE, dead=lambda name: name.startswith("dead")) as server:
        yield server


@pytest.fixture
def loop(names: NameServer) -> Iterator[Loop]:
    made = Loop([names.address])
    yield made
    made.close()


def test_both_families_are_answered(loop: Loop) -> None:
    loop.look_up("four.test", "six.test", "both.test")
    loop.run(5)
    assert loop.answers["four.test"] == DnsAnswer(("192.0.2.1",))
    assert loop.answers["six.test"] == DnsAnswer(("2001:db8::1",))
    assert set(loop.answers["both.test"].addresses) == {"192.0.2.1", "2001:db8::1"}


def test_a_name_is_queried_once_however_many_wait(loop: Loop, names: NameServer) -> None:
    loop.look_up(*["four.test"] * 10)
    loop.run(5)
    loop.look_up("four.test")
    assert loop.calls == 11
    assert names.names() == ["four.test"]


def test_an_unknown_name_and_one_without_addresses_have_different_reasons(loop: Loop) -> None:
    loop.look_up("nowhere.test", "empty.test")
    loop.run(5)
    assert loop.answers["nowhere.test"].error == "the name does not exist"
    assert loop.answers["empty.test"].error == "the name has no address"


def test_dead_names_delay_no_other(loop: Loop) -> None:
    loop.look_up(*[f"dead{n}.test" for n in range(100)], "four.test")
    until = monotonic() + 5
    while "four.test" not in loop.answers and monotonic() < until:
        loop.run(0.05)
    assert loop.answers == {"four.test": DnsAnswer(("192.0.2.1",))}
    assert loop.resolver.waiting == 100


def test_a_dead_name_is_queried_again_and_again(loop: Loop, names: NameServer) -> None:
    loop.look_up("dead.test")
    until = monotonic() + 10
    while names.names().count("dead.test") < 4 and monotonic() < until:
        loop.run(0.05)
    assert names.names().count("dead.test") >= 4


def test_no_more_addresses_are_taken_than_are_useful(loop: Loop) -> None:
    loop.look_up("many.test")
    loop.run(5)
    assert len(loop.answers["many.test"].addresses) == MOST_ADDRESSES


def test_localhost_is_known_without_a_name_server(loop: Loop, names: NameServer) -> None:
    loop.look_up("localhost")
    loop.run(5)
    assert "127.0.0.1" in loop.answers["localhost"].addresses
    assert names.queries == []


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", ".", "-" * 254])
def test_a_name_that_is_none_is_answered_too(loop: Loop, name: str) -> None:
    loop.look_up(name)
    loop.run(5)
    assert loop.answers[name].addresses == ()
    assert loop.answers[name].error


def test_no_search_domain_is_added(loop: Loop, names: NameServer) -> None:
    loop.look_up("single", "nowhere.test")
    loop.run(5)
    assert set(names.names()) <= {"single", "nowhere.test"}


def test_without_a_name_server_there_is_an_answer_all_the_same() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    loop = Loop([f"127.0.0.1:{port}"], deadline=1.0)
    loop.look_up("four.test")
    loop.run(20)
    loop.close()
    assert loop.answers["four.test"].addresses == ()


def test_after_closing_no_callback_is_called(loop: Loop) -> None:
    loop.look_up("dead.test")
    loop.resolver.close()
    assert loop.answers == {}
