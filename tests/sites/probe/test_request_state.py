"""The decisions between responses, without any network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from supportops.sites.check import Phases, Reason
from supportops.sites.probe.request_state import (
    Certificate,
    DnsAnswer,
    RequestState,
    Response,
    Target,
)
from supportops.sites.site import Expectation

MOMENT = datetime(2026, 4, 4, 11, tzinfo=UTC)
DAY = timedelta(days=1)


def request(url: str = "http://93.184.216.34/", *, allow_private: bool = False) -> RequestState:
    return RequestState(0, Target(url, Expectation(), allow_private), 10.0, MOMENT)


def response(
    location: str | None = None, *, took: float = 0.1, ends: datetime | None = None
) -> Response:
    return Response(
        Reason.OK,
        status=302 if location else 200,
        location=location,
        phases=Phases(connect=1.0, total=took * 1000),
        certificates=() if ends is None else (Certificate(ends),),
    )


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
        "http://0x7f.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
    ],
)
def test_a_public_site_that_leads_to_a_private_address_is_a_finding(location: str) -> None:
    state = request()
    state.responded(response(location))
    assert state.result is not None
    assert (state.result.reason, state.result.redirects) == (Reason.BLOCKED_ADDRESS, 1)
    assert state.addresses == ()


def test_a_redirect_to_a_name_looks_the_name_up_again() -> None:
    state = request("http://www.example.com/")
    state.resolved(DnsAnswer(("93.184.216.34",)), 0.01)
    assert state.addresses == ("93.184.216.34",)
    state.responded(response("/again"))
    assert state.addresses == ()
    state.resolved(DnsAnswer(("10.0.0.1",)), 0.01)
    assert state.result is not None
    assert state.result.reason is Reason.BLOCKED_ADDRESS


def test_look_ups_count_against_the_deadline_and_towards_the_total() -> None:
    state = request("http://www.example.com/")
    state.resolved(DnsAnswer(("93.184.216.34",)), 4.0)
    assert state.seconds_left == pytest.approx(6.0)
    state.responded(response(took=1.0))
    assert state.result is not None
    phases = state.result.phases
    assert (phases.dns, phases.connect) == (4000.0, 4001.0)
    assert phases.total == pytest.approx(5000.0)


def test_a_redirect_at_the_deadline_is_a_timeout() -> None:
    state = request()
    state.responded(response("/again", took=10.0))
    assert state.result is not None
    assert state.result.reason is Reason.TIMEOUT


def test_of_several_certificates_the_first_to_expire_counts() -> None:
    state = request()
    state.responded(response("https://93.184.216.34/", ends=MOMENT + 3 * DAY))
    state.responded(response(ends=MOMENT + 80 * DAY))
    assert state.result is not None
    assert state.result.certificate_expires == MOMENT + 3 * DAY


@pytest.mark.parametrize(
    ("chain", "days"),
    [
        ([Certificate(MOMENT + 80 * DAY), Certificate(MOMENT + 5 * DAY)], 5),
        ([Certificate(MOMENT + 8 * DAY), Certificate(MOMENT + 50 * DAY)], 8),
        ([Certificate(MOMENT + 80 * DAY), Certificate(MOMENT + DAY, self_signed=True)], 80),
        ([Certificate(MOMENT + 80 * DAY), Certificate(MOMENT - 400 * DAY)], 80),
        ([Certificate(MOMENT + 80 * DAY, self_signed=True)], 80),
        ([Certificate(None), Certificate(MOMENT + 9 * DAY)], 9),
    ],
    ids=["intermediate", "own", "root", "not-needed", "self-signed", "unreadable"],
)
def test_of_a_chain_the_earliest_end_that_matters_counts(
    chain: list[Certificate], days: int
) -> None:
    state = request()
    state.responded(replace(response(), certificates=tuple(chain)))
    assert state.result is not None
    assert state.result.certificate_expires == MOMENT + days * DAY


def test_a_redirects_hostile_address_is_shown_on_one_ascii_line() -> None:
    state = request()
    state.responded(response("ftp://u:secret@x/\r\n<script>\u202e" + "y" * 500))
    assert state.result is not None
    assert state.result.reason is Reason.BAD_REDIRECT
    assert "secret" not in state.result.detail
    assert state.result.detail.isprintable()
    assert len(state.result.detail) <= 200
