"""Trouble of this machine, which says nothing about a site."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from types import SimpleNamespace
from unittest import mock

from sites.behaviours.behaviour import Arranged
from sites.probing import MOMENT, policy, probe_one
from sites.servers import Authority, answer, closed_port, hangs, server
from supportops.context import no_secrets
from supportops.flows.sites.checking.targets import target_of
from supportops.sites.check import ProbeResult, Reason
from supportops.sites.probe import standstill, transfer, transfer_pool
from supportops.sites.probe.probe import probe
from supportops.sites.probe.request_state import RequestState
from supportops.sites.site import Expectation, RequestOptions, Site


def without_files(running: ExitStack) -> ProbeResult:
    def none_left(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    site = running.enter_context(server(answer()))
    few = SimpleNamespace(socket=none_left)
    running.enter_context(mock.patch.object(transfer_pool, "_SHORTAGE_PAUSE", 0.01))
    running.enter_context(mock.patch.object(transfer, "socket", few))
    return probe_one(site.url())


def without_route(running: ExitStack) -> ProbeResult:
    running.enter_context(mock.patch.object(transfer_pool, "has_route", return_value=False))
    return probe_one("http://127.0.0.1/")


def without_authorities(running: ExitStack) -> ProbeResult:
    damaged = Path(running.enter_context(TemporaryDirectory())) / "authorities.pem"
    damaged.write_text("no certificate")
    site = running.enter_context(server(answer(), tls=Authority().context("localhost")))
    return probe_one(site.url(host="localhost", scheme="https"), trust=damaged)


def without_name_server(running: ExitStack) -> ProbeResult:
    dead = f"127.0.0.1:{closed_port()}"
    return probe_one("http://shop.test/", nameservers=[dead], deadline=5)


def without_login(running: ExitStack) -> ProbeResult:
    site = running.enter_context(server(answer()))
    options = RequestOptions(login="shop_login")
    of = Site("shop", "Acme", site.url(), allow_private=True, request=options)
    target = target_of(of, of.url, Expectation(), no_secrets)
    (result,) = probe([target], policy(), lambda: MOMENT)
    return result


def ten_times_as_fast() -> float:
    return 10 * monotonic()


def at_a_standstill(running: ExitStack) -> ProbeResult:
    """By its clock each wait takes ten times as long as it was meant to."""
    running.enter_context(mock.patch.object(standstill, "_now", ten_times_as_fast))
    return probe_one(running.enter_context(server(hangs)).url(), deadline=1)


def with_a_defect(running: ExitStack) -> ProbeResult:
    site = running.enter_context(server(answer()))
    running.enter_context(mock.patch.object(RequestState, "_judge", side_effect=RecursionError))
    return probe_one(site.url())


OURSELVES = (
    Arranged(
        "our own machine",
        "It has no file or port left for a connection",
        without_files,
        Reason.INTERNAL,
        "It tries again for some seconds; the site was never asked.",
    ),
    Arranged(
        "our own machine",
        "It has no route to the address",
        without_route,
        Reason.INTERNAL,
        "No packet left this machine.",
    ),
    Arranged(
        "our own machine",
        "Its certificate authorities are damaged",
        without_authorities,
        Reason.INTERNAL,
        "No certificate can be judged by them.",
    ),
    Arranged(
        "our own machine",
        "No name server answers anything",
        without_name_server,
        Reason.INTERNAL,
        "Nothing was learnt about the name.",
    ),
    Arranged(
        "our own machine",
        "The login of the site is not set",
        without_login,
        Reason.INTERNAL,
        "Without it the answer would not be the one that is expected.",
    ),
    Arranged(
        "our own machine",
        "It stood still for more than a quarter of the deadline, and the site did not answer",
        at_a_standstill,
        Reason.INTERNAL,
        "Stopped, suspended or starved of CPU, it cannot tell its own delay from the server's.",
    ),
    Arranged(
        "our own machine",
        "The check itself has a defect",
        with_a_defect,
        Reason.INTERNAL,
        "A page that breaks the program is no page that is down.",
    ),
)
