from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.rendering.gsm7 import fit_sms, gsm7, septets

# 3GPP TS 23.038, table by table, written out here a second time on purpose.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "^{}\\[~]|€"


def slow_septets(text: str) -> int:
    total = 0
    for sign in text:
        if sign in BASIC:
            total += 1
        else:
            assert sign in EXTENSION, f"{sign!r} is outside the alphabet"
            total += 2
    return total


@given(st.text(max_size=400))
def test_any_text_becomes_encodable_in_the_gsm_alphabet(text: str) -> None:
    slow_septets(gsm7(text))


@given(st.text(max_size=400), st.integers(min_value=3, max_value=160))
def test_any_text_fits_the_room_it_is_given(text: str, room: int) -> None:
    assert slow_septets(fit_sms(text, room)) <= room


@given(st.text(alphabet=BASIC + EXTENSION, max_size=400))
def test_text_in_the_alphabet_stays_and_is_counted_by_the_table(text: str) -> None:
    assert gsm7(text) == text
    assert septets(text) == slow_septets(text)


@given(st.text(max_size=400))
def test_converting_twice_changes_nothing_more(text: str) -> None:
    assert gsm7(gsm7(text)) == gsm7(text)


@given(st.text(alphabet="abcdefgh", max_size=400))
def test_only_text_that_does_not_fit_is_cut(text: str) -> None:
    cut = fit_sms(text)
    assert cut == text if len(text) <= 160 else cut == text[:157] + "..."


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Łódź Çeşme Škoda œuvre", "Lodz Çesme Skoda oeuvre"),
        ("“Acme” – it’s…", '"Acme" - it\'s...'),
        ("Café Zürich Ñandú", "Café Zürich Ñandu"),
        ("e\u0301", "é"),
        ("fire 🔥 name 日本", "fire ? name ??"),
        ("a\u202eb\u200bc\tb", "abc b"),
        ("`x`", "'x'"),
    ],
)
def test_signs_outside_the_alphabet_become_the_nearest_in_it(text: str, plain: str) -> None:
    assert gsm7(text) == plain


def test_an_extension_sign_counts_two_and_is_not_cut_in_half() -> None:
    assert fit_sms("€" * 80) == "€" * 80
    assert fit_sms("€" * 81) == "€" * 78 + "..."
