"""What a customer wrote is read without what others wrote."""

from __future__ import annotations

import time

import pytest

from supportops.tickets.clauses import clauses, own_words
from supportops.tickets.phrases import MAX_TEXT


@pytest.mark.parametrize(
    "quoted",
    [
        "> the site is down",
        "On Mon, 3 Nov 2025 at 10:14, Support <help@agency.example> wrote:\n> the site is down",
        "On Mon, 3 Nov 2025 at 10:14,\nSupport <help@agency.example> wrote:\n> the site is down",
        "On Mon, 3 Nov 2025, Support wrote:\nthe site is down",
        "Am 03.11.2025 um 10:14 schrieb Support:\n> the site is down",
        "Am Mo., 3. Nov. 2025 um 10:14 Uhr schrieb Support <a@b.example>:\nthe site is down",
        "Le lun. 3 nov. 2025 à 10:14, Support a écrit :\n> the site is down",
        "-----Original Message-----\nFrom: Support\nthe site is down",
        "-- \nJane\nthe site is down",
        "Kind regards,\nJane\nthe site is down",
        "Mit freundlichen Grüßen\nthe site is down",
        "Cordialement,\nthe site is down",
    ],
)
def test_quoted_mail_and_signatures_are_cut(quoted: str) -> None:
    assert own_words(f"Thank you.\n\n{quoted}").split() == ["Thank", "you."]


def test_an_answer_below_a_quotation_is_read() -> None:
    text = "On Monday Support wrote:\n> is it up?\n\nNo, it is down."
    assert own_words(text).split() == ["No,", "it", "is", "down."]


@pytest.mark.parametrize(
    "text",
    [
        "Settings > Pages > Edit gives 404",
        "On every page it says error",
        "---------- Forwarded message ----------\nthe site is down",
        "On Friday we relaunch. The site is down: please help",
    ],
)
def test_what_only_looks_like_a_quotation_is_read(text: str) -> None:
    assert own_words(text) == text


def test_sentences_dashes_and_but_part_clauses() -> None:
    text = "It was slow - now it is down. Why? The blog is up, but the shop is not"
    found = [(" ".join(each.words.text), each.question) for each in clauses(text, ())]
    assert found == [
        ("it was slow", False),
        ("now it is down", False),
        ("why", True),
        ("the blog is up", False),
        ("but the shop is not", False),
    ]


def test_a_line_break_in_a_sentence_parts_nothing() -> None:
    assert len(clauses("our website\nis down", ())) == 1


def test_words_in_quotation_marks_are_known() -> None:
    for text in ('says "it is down" today', "says 'it is down' today", "says „it is down“ today"):
        (clause,) = clauses(text, ())
        assert [clause.words.text[place] for place in sorted(clause.words.quoted)] == [
            "it",
            "is",
            "down",
        ]
    (apostrophes,) = clauses("the site's down and the shop's slow", ())
    assert not apostrophes.words.quoted


@pytest.mark.parametrize(
    "piece", ["'", "\"'a", "On a ", "'a'b'c", " - ", "\n>", "am schrieb ", "le a écrit"]
)
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    text = (piece * MAX_TEXT)[:MAX_TEXT]
    started = time.process_time()
    clauses(own_words(text), ("not",))
    assert time.process_time() - started < 3
