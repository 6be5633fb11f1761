"""Instants as OpenSSL prints them, read as Python's own library reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.sites.probe import presented
from supportops.sites.probe.presented import instant_of

SLOWLY = presented._by_the_library


YEAR_1950, YEAR_9999 = -631_152_000, 253_402_300_799


@given(st.integers(YEAR_1950, YEAR_9999))
def test_an_instant_as_openssl_prints_it(seconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    text = f"{at:%b} {at.day:2d} {at:%H:%M:%S} {at.year:04d} GMT".encode()
    assert instant_of(text) == SLOWLY(text) == at


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"GMT",
            b"Nov 20 22:46:31 2026",
            b"Nov 20 22:46:31 2026 UTC",
            b"nov 20 22:46:31 2026 GMT",
        ),
        *(b"Nov 31 22:46:31 2026 GMT", b"Feb 30 00:00:00 2026 GMT", b"Nov 20 24:00:00 2026 GMT"),
        *(b"Nov 20 23:59:60 2026 GMT", b"Nov 20 23:59:61 2026 GMT", b"Nov 00 22:46:31 2026 GMT"),
        *(b"Nox 20 22:46:31 2026 GMT", b"Nov 5 22:46:31 2026 GMT", b"Nov  5 2:46:31 2026 GMT"),
        *(b"Nov 20 22:46:31 0000 GMT", b"Nov 20 22:46:31 1949 GMT", b"Nov 20 22:46:31 \xb2026 GMT"),
        *(
            b"Nov 20 22:46:31 2026 GMT\n",
            b" Nov 20 22:46:31 2026 GMT",
            b"Nov 20 22:46:31 12026 GMT",
        ),
    ],
)
def test_all_else_is_what_the_library_makes_of_it(text: bytes) -> None:
    assert instant_of(text) == SLOWLY(text)


def test_a_certificate_of_the_last_day_of_a_month_ends_on_it() -> None:
    expected = datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert instant_of(b"Feb 28 23:59:59 2027 GMT") == expected
    assert instant_of(b"Mar  1 00:00:00 2027 GMT") == expected + timedelta(seconds=1)
