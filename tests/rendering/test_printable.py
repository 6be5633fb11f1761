"""What is shown of an address in a traceback."""

from __future__ import annotations

import pytest

from supportops.rendering.printable import mask_logins


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to postgresql+psycopg://u:p@host/db", "to postgresql+psycopg://***@host/db"),
        ("'redis://:p@ss/w0rd@redis:6379/0'", "'redis://***@redis:6379/0'"),
        ("netloc 'u:p\u2100w@h' contains", "netloc '***@h' contains"),
        ("https://a.example/x, ask me@b.example", "https://a.example/x, ask me@b.example"),
        ("expected http://user:password@host", "expected http://user:password@host"),
    ],
)
def test_a_traceback_is_shown_without_logins(text: str, masked: str) -> None:
    assert mask_logins(text) == masked


@pytest.mark.timeout(20)
def test_the_time_does_not_grow_with_the_square_of_a_text() -> None:
    long = "://" * 100_000
    assert mask_logins(long) == long
