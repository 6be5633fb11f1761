"""A small round of chaos, and that the comparison notices what it is for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chaos.receivers import MAIL_FAULTS, Arrival, HttpReceiver, MailReceiver, unreachable_port
from chaos.rounds import one_round
from chaos.verdict import judge
from chaos.world import World, world, write_file
from supportops.alerts.words.notification import MAY_BE_REPEATED
from supportops.notify.outgoing import OutgoingMessage
from supportops.notify.send import send

BRIEF = (timedelta(minutes=10),) * 2 + (timedelta(hours=9),) * 3


@pytest.fixture
def quiet(store_address: str, tmp_path: Path) -> Iterator[World]:
    """An installation with one site down, a call and a ticket, all of it told."""
    with world(store_address, tmp_path, random.Random(0), 2) as made:
        made.step("site check", calm=True)
        made.down.add("Site001")
        made.calls.append("chaoscall")
        made.pass_time(timedelta(minutes=5))
        assert made.step("call", calm=True, what="chaoscall", id="1")
        assert made.step("import", calm=True, file=str(write_file(made, 1)))
        for flow in ("ticket sync", "site check", "dispatch"):
            made.pass_time(timedelta(minutes=1))
            assert made.step(flow, calm=True)
        yield made


@pytest.mark.timeout(300)
def test_the_comparison_notices_what_is_lost_and_what_is_doubled(quiet: World) -> None:
    fine = judge(quiet)
    assert fine.fine
    assert (fine.due, fine.once, fine.marked) == (4, 4, 0)

    taken = quiet.arrivals.pop()
    assert len(judge(quiet).lost) == 1
    quiet.arrivals += [taken, taken]
    assert len(judge(quiet).doubled) == 1
    quiet.arrivals[-1] = Arrival(taken.target, f"{taken.text}\n{MAY_BE_REPEATED}")
    assert (judge(quiet).fine, judge(quiet).marked) == (True, 1)

    quiet.down.add("Site000")
    quiet.calls.append("another")
    write_file(quiet, 1)
    assert len(judge(quiet).lost) == 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_few_kills_and_faults_lose_and_double_nothing(
    database: str, postgres_server: str
) -> None:
    found, tried = one_round(database, postgres_server, random.Random(5), 8, BRIEF)
    assert found.fine, (found.lost, found.doubled)
    assert found.due >= 6
    assert tried["kill -9"] >= 3


@pytest.mark.parametrize("fault", MAIL_FAULTS)
def test_a_mail_arrives_whole_or_not_at_all(fault: str) -> None:
    arrivals: list[Arrival] = []
    receiver = MailReceiver("team_email", arrivals)
    receiver.fault = fault
    url = f"mailto://127.0.0.1:{receiver.port}?from=a@example.com&to=b@example.com"
    outcome = send(url, OutgoingMessage("Title", "Text"), timeout=0.5).outcome.value
    receiver.close()
    late = fault in ("mail: hangs at dot", "mail: drops at dot")
    assert [each.text.split("\n")[0] for each in arrivals] == (["Title"] if late else [])
    assert outcome == ("unknown" if late else "failed")


def test_an_unreachable_port_refuses_or_never_answers() -> None:
    for how in ("refused", "nobody accepts"):
        with unreachable_port(how) as port:
            url = f"json://127.0.0.1:{port}/"
            found = send(url, OutgoingMessage("Title", "Text"), timeout=0.5)
        assert found.outcome.value == "failed", how


def test_http_arrives_once_it_is_read() -> None:
    for fault, expected in (("", 1), ("http: 500", 0), ("http: drops once read", 1)):
        arrivals: list[Arrival] = []
        receiver = HttpReceiver("team_chat", arrivals)
        receiver.fault = fault
        send(f"json://127.0.0.1:{receiver.port}/", OutgoingMessage("a", "b"), timeout=2)
        receiver.close()
        assert len(arrivals) == expected, fault
