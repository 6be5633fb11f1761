from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.notify.masking import mask

SECRET = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=5, max_size=20
).filter(lambda text: text.strip("*") != "")


@pytest.mark.parametrize(
    ("url", "text", "masked"),
    [
        ("mailto://u5er:p%40ss@mx.example.com", "u5er p@ss p%40ss mx.example.com",
         "*** *** *** mx.example.com"),
        ("json://hooks.example.com/T0KEN/x", "POST /T0KEN/x to hooks.example.com failed",
         "POST /***/x to hooks.example.com failed"),
        ("json://h/?+X-Key=abc%20def", "header abc def", "header ***"),
        ("json://h/?-key=q123", "with url: /?key=q123", "with url: /?key=***"),
        ("slack://TOKENA/TOKENB/TOKENC", "TOKENA TOKENB TOKENC", "*** *** ***"),
        ("tgram://123456:ABCdef/789789", "123456:ABCdef ABCdef 789789", "*** *** ***"),
        ("mailto://h?to=a@example.com,b@example.com", "b@example.com was refused",
         "*** was refused"),
        ("mailto://h?mode=ssl", "ssl handshake failed", "ssl handshake failed"),
        ("json://h/abc", "abc is not in abcdef", "*** is not in abcdef"),
        ("json://h/x", "https://other.example/whatever?t=1 said no", "https://*** said no"),
    ],
)  # fmt: skip
def test_the_secret_parts_of_an_address_are_masked(url: str, text: str, masked: str) -> None:
    assert mask(text, url) == masked


def test_the_credentials_of_basic_authentication_are_masked_too() -> None:
    sent = base64.b64encode(b"robot:hunter22").decode()
    assert sent not in mask(f"Authorization: Basic {sent}", "json://robot:hunter22@h/")


@given(
    SECRET, st.sampled_from(["json://u:{}@h/", "json://h/{}", "json://h/?-k={}", "gotify://h/{}"])
)
def test_a_secret_of_five_characters_is_masked_as_written_and_encoded(
    secret: str, shape: str
) -> None:
    encoded = quote(secret, safe="")
    url = shape.format(encoded)
    masked = mask(f"<<{secret}>> [[{encoded}]]", url)
    assert secret not in masked
    assert encoded not in masked
    assert "***" in masked


@given(st.text(max_size=60), st.text(max_size=60))
def test_masking_never_raises(text: str, url: str) -> None:
    assert isinstance(mask(text, url), str)
