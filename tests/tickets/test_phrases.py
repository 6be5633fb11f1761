"""Phrases of operators in texts of customers."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.tickets.phrases import MAX_TEXT, Phrase, Words, matches


def find(phrase: str, text: str) -> str | None:
    return Words.of(text).find(Phrase.of(phrase))


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("site is down", "Our SITE is\n down!", "site is down"),
        ("site is down", "site, is (down)", "site is down"),
        ("site down", "site is down", None),
        ("site ... down", "site is down", "site is down"),
        ("site ... down", "site has gone down", "site has gone down"),
        ("site ... down", "site has now gone down", None),
        ("site ... ... down", "site has now gone down", "site has now gone down"),
        ("site|server down", "the server down", "server down"),
        ("4##", "error 404", "404"),
        ("4##", "4044", None),
        ("4##", "x404", None),
        ("error*", "many errors", "errors"),
        ("*script", "a JavaScript thing", "javascript"),
        ("site cant load", "The site can’t load", "site cant load"),
        ("can't load", "cant load", "cant load"),
        ("straße", "STRASSE", "strasse"),
        ("a b", "a a b", "a b"),
        ("a ... c d", "a c x x c d", None),
        ("a ... c d", "a x c d", "a x c d"),
        ("word", "", None),
    ],
)
def test_a_phrase_is_found_word_by_word(phrase: str, text: str, found: str | None) -> None:
    assert find(phrase, text) == found


@pytest.mark.parametrize(
    "written", ["", "   ", "... down", "down ...", "a.b", "(a+)+", "a||b", "*"]
)
def test_what_is_no_phrase_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="word"):
        Phrase.of(written)


@given(st.text("ab*#1", min_size=1, max_size=12), st.text("ab1", max_size=12))
def test_a_word_matches_as_the_shell_would(pattern: str, word: str) -> None:
    shell = pattern.replace("#", "[0-9]")
    assert matches(pattern, word) == fnmatch.fnmatchcase(word, shell)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(0, 2))
def test_a_gap_is_up_to_two_words_each(words: list[str], gaps: int) -> None:
    phrase = " ".join(["a", *["..."] * gaps, "b"])
    expected = any(
        word == "a" and "b" in words[place + 1 : place + 2 + 2 * gaps]
        for place, word in enumerate(words)
    )
    assert (find(phrase, " ".join(words)) is not None) == expected


def test_a_text_without_end_is_read_up_to_a_limit() -> None:
    assert find("needle", "x " * MAX_TEXT + "needle") is None
    assert find("needle", "x " * (MAX_TEXT // 2 - 10) + "needle") == "needle"


def test_the_worst_pattern_ends_at_once() -> None:
    assert not matches("*a" * 40 + "*b", "a" * 60)
