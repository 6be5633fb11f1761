"""The decisions between hops, without any network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from supportops.sites.check import Phases, Reason
from supportops.sites.probe.request_state import Inquiry, Target
from supportops.sites.probe.response import Answer, Hop
from supportops.sites.site import Expectation

MOMENT = datetime(2026, 4, 4, 11, tzinfo=UTC)
DAY = timedelta(days=1)


def inquiry(url: str = "http://93.184.216.34/", *, allow_private: bool = False) -> Inquiry:
    return Inquiry(0, Target(url, Expectation(), allow_private), 10.0, MOMENT)


def hop(location: str | None = None, *, took: float = 0.1, ends: datetime | None = None) -> Hop:
    return Hop(
        Reason.OK,
        status=302 if location else 200,
        location=location,
        phases=Phases(connect=1.0, total=took * 1000),
        certificate_expires=ends,
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
    asked = inquiry()
    asked.answered(hop(location))
    assert asked.result is not None
    assert (asked.result.reason, asked.result.redirects) == (Reason.BLOCKED_ADDRESS, 1)
    assert asked.addresses == ()


def test_a_redirect_to_a_name_asks_for_the_name_again() -> None:
    asked = inquiry("http://www.example.com/")
    asked.named(Answer(("93.184.216.34",)), 0.01)
    assert asked.addresses == ("93.184.216.34",)
    asked.answered(hop("/again"))
    assert asked.addresses == ()
    asked.named(Answer(("10.0.0.1",)), 0.01)
    assert asked.result is not None
    assert asked.result.reason is Reason.BLOCKED_ADDRESS


def test_names_count_against_the_deadline_and_towards_the_total() -> None:
    asked = inquiry("http://www.example.com/")
    asked.named(Answer(("93.184.216.34",)), 4.0)
    assert asked.seconds_left == pytest.approx(6.0)
    asked.answered(hop(took=1.0))
    assert asked.result is not None
    phases = asked.result.phases
    assert (phases.dns, phases.connect) == (4000.0, 4001.0)
    assert phases.total == pytest.approx(5000.0)


def test_a_redirect_at_the_deadline_is_a_timeout() -> None:
    asked = inquiry()
    asked.answered(hop("/again", took=10.0))
    assert asked.result is not None
    assert asked.result.reason is Reason.TIMEOUT


def test_of_several_certificates_the_first_to_end_is_told() -> None:
    asked = inquiry()
    asked.answered(hop("https://93.184.216.34/", ends=MOMENT + 3 * DAY))
    asked.answered(hop(ends=MOMENT + 80 * DAY))
    assert asked.result is not None
    assert asked.result.certificate_expires == MOMENT + 3 * DAY


def test_a_redirects_hostile_address_is_shown_on_one_ascii_line() -> None:
    asked = inquiry()
    asked.answered(hop("ftp://u:secret@x/\r\n<script>\u202e" + "y" * 500))
    assert asked.result is not None
    assert asked.result.reason is Reason.BAD_REDIRECT
    assert "secret" not in asked.result.detail
    assert asked.result.detail.isprintable()
    assert len(asked.result.detail) <= 200
