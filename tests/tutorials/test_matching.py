"""Tutorials are offered where they answer a text, and nowhere else."""

from __future__ import annotations

import csv
import io
from functools import cache

import pytest

from airflow_home import ROOT
from supportops.config.of_customers.tutorials import TutorialsFile
from supportops.config.yaml_source import read
from supportops.tutorials.matching import suggest
from supportops.tutorials.note import draft_reply, note
from supportops.tutorials.spared import spared
from supportops.tutorials.trial import LabelsError, Trial, read_labels, trial
from supportops.tutorials.tutorial import Library, Offer, Tutorial
from supportops.tutorials.words import words

DATA = ROOT / "tests/data/tutorials"


@cache
def library() -> Library:
    data = read(DATA / "tutorials.yaml").data
    return TutorialsFile.model_validate(data).library()


def tried(least: float | None = None) -> Trial:
    with (DATA / "texts.csv").open(encoding="utf-8", newline="") as lines:
        return trial(read_labels(lines, library()), library(), least)


def test_the_threshold_finds_most_and_offers_hardly_anything_to_unrelated_texts() -> None:
    outcome = tried()
    assert (len(outcome.answered), len(outcome.unrelated)) == (45, 42)
    assert outcome.recall is not None
    assert outcome.recall >= 0.85
    assert outcome.wrong_offers is not None
    assert outcome.wrong_offers <= 0.05
    assert outcome.to_json()["recall_at_3"] == outcome.recall


def test_another_threshold_would_find_fewer_or_offer_more() -> None:
    lower, usual, higher = tried(0.2), tried(), tried(0.8)
    assert lower.wrong_offers > usual.wrong_offers > higher.wrong_offers  # type: ignore[operator]
    assert lower.recall > usual.recall > higher.recall  # type: ignore[operator]


def test_words_are_the_same_in_any_form_and_spelling() -> None:
    assert words("Passwörter") == words("PASSWORT") == words("passwords")
    assert words("Öffnungszeiten") == words("Oeffnungszeiten")
    assert words("Hello, can you please help us with the website? Thanks!") == []
    assert words("réinitialiser") == words("REINITIALISER")


@pytest.mark.parametrize("text", ["", " ", "?!", "\x00\ud800", "🙂" * 500, "a" * 100_000, "the"])
def test_a_text_that_says_nothing_gets_nothing(text: str) -> None:
    assert suggest(text, library()) == ()


def test_a_question_inside_a_long_message_counts_as_much_as_alone() -> None:
    alone = suggest("How do I embed a YouTube video?", library())[0]
    long = "We had a lovely summer and the new office is nearly ready. " * 6
    inside = suggest(f"{long} How do I embed a YouTube video?", library())[0]
    assert inside.tutorial == alone.tutorial
    assert inside.score == alone.score == 1.0


def test_equal_matches_stand_in_the_order_of_the_file_and_at_most_so_many() -> None:
    many = tuple(Tutorial("Reset the boiler", f"https://t.example/{n}") for n in range(9))
    found = suggest("reset our boiler", Library(many, Offer(most=4)))
    assert [each.tutorial for each in found] == list(many[:4])
    assert suggest("reset our boiler", Library()) == ()
    assert suggest("reset", Library((Tutorial("The of and", "https://t.example/"),))) == ()


def test_one_shared_word_of_several_is_no_match() -> None:
    one = Library((Tutorial("Newsletter design", "https://t.example/"),), Offer(least=0.01))
    assert suggest("Our newsletter has not arrived", one) == ()
    assert len(suggest("A design for our newsletter", one)) == 1


def test_which_tutorials_would_have_spared_how_many_tickets() -> None:
    texts = [
        "I forgot my password and cannot log in",
        "How do I change my password?",
        "How do I embed a YouTube video?",
        "The site is down",
    ]
    found = spared(texts, library())
    assert [(each.tutorial.address, each.tickets) for each in found.lines] == [
        ("https://tutorials.example/password", 2),
        ("https://tutorials.example/video", 1),
    ]
    assert (found.asked, found.matched) == (4, 3)
    assert spared([], library()).lines == spared(texts, Library()).lines == ()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "expected the columns"),
        ("text,answer\na,b\n", "expected the columns"),
        ("text,tutorial\n", "no row"),
        ("text,tutorial\na,Embed a vido\n", "line 2.*did you mean Embed a video"),
        ('text,tutorial\n"' + "a" * 200_000 + '",\n', "field larger"),
    ],
)
def test_a_file_of_labels_that_is_none_is_refused(content: str, fault: str) -> None:
    with pytest.raises(LabelsError, match=fault):
        read_labels(io.StringIO(content), library())


def test_a_label_may_be_a_title() -> None:
    rows = [["text", "tutorial"], ["x", "Embed a video"], ["y", " "]]
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    found = read_labels(io.StringIO(written.getvalue()), library())
    assert [each.tutorial for each in found] == ["https://tutorials.example/video", ""]


def test_the_note_says_that_it_is_internal_and_the_draft_is_in_the_readers_language() -> None:
    matches = suggest("How do I embed a YouTube video?", library())
    german = draft_reply(matches, "de-AT")
    assert german.startswith("Guten Tag")
    assert "https://tutorials.example/video" in german
    text = note(matches, german)
    assert "The customer has not seen this note." in text
    assert german in text
    hostile = Library((Tutorial("Reset\nthe boiler\u202e", "https://t.example/"),))
    (line,) = [row for row in note(suggest("reset boiler", hostile)).splitlines() if "1." in row]
    assert "\u202e" not in line
