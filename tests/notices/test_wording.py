"""What a customer reads: in their language, about their own sites, and nothing of our means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alert_builders import NOON, minutes
from notices.test_deciding import OVER, notice, trouble
from supportops.notices.mail import mail_of
from supportops.notices.notice import NoticeKind, NoticeState
from supportops.notices.trouble import What, joined
from supportops.notices.wording import Reader, end, first, foreign, next_word, update

ENGLISH = Reader("en-GB", "Europe/London")


def test_the_first_notice_says_what_since_when_and_that_it_is_worked_on() -> None:
    found = first([trouble()], ENGLISH)
    assert found.subject == "shop cannot be reached"
    assert found.text == (
        "shop cannot be reached (since Tue 24 Nov, 12:00 GMT).\n\nWe are working on it."
    )


def test_several_sites_are_counted_and_listed() -> None:
    found = first([trouble(), trouble("blog", what=What.ERROR)], ENGLISH)
    assert found.subject == "2 of your sites do not work as they should"
    assert "- blog answers with an error (since" in found.text


def test_the_end_says_since_when_it_works_how_long_it_lasted_and_why() -> None:
    found = end([OVER], "The disk was full", ENGLISH)
    assert found.subject == "shop works again"
    assert "It lasted 20 min, from Tue 24 Nov, 12:00 GMT" in found.text
    assert found.text.endswith("The cause: The disk was full")


def test_an_end_that_was_no_recovery_does_not_claim_one() -> None:
    found = end([trouble(until=NOON + minutes(9), good=False)], "", ENGLISH)
    assert "works again" not in found.subject + found.text
    assert "We no longer check shop" in found.text


def test_an_update_says_what_works_again() -> None:
    found = update([trouble("blog"), OVER], ENGLISH)
    assert found.subject == "Update: blog cannot be reached"
    assert "shop works again (since Tue 24 Nov, 12:20 GMT" in found.text


@pytest.mark.parametrize(
    ("language", "subject", "working"),
    [
        ("de", "shop ist nicht erreichbar", "Wir arbeiten daran."),
        ("fr", "shop est injoignable", "Nous y travaillons."),
        ("nn", "shop cannot be reached", "We are working on it."),
    ],
)
def test_a_notice_is_in_the_customers_language(language: str, subject: str, working: str) -> None:
    found = first([trouble()], Reader(language, "Europe/Berlin"))
    assert found.subject == subject
    assert working in found.text
    assert "13:00 CET" in found.text


def test_the_next_word_is_promised_for_the_time_at_which_it_was_sent() -> None:
    sent = notice(state=NoticeState.SENT)
    assert "by Tue 24 Nov, 13:06 GMT" in next_word(sent, ENGLISH)
    assert next_word(notice(), ENGLISH) == "", "a draft promises nothing yet"
    assert next_word(notice(NoticeKind.END, NoticeState.SENT), ENGLISH) == ""


def test_a_mail_escapes_what_the_approver_wrote_and_bears_the_agencys_name() -> None:
    sent = notice(state=NoticeState.SENT, subject="<b>x</b>", text="a\n<script>alert(1)</script>")
    made = mail_of(sent, ENGLISH, "Example & Sons", "#0a5c36")
    assert "<script" not in made.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made.html
    assert "Example &amp; Sons" in made.html
    assert made.text.endswith("Example & Sons\n")
    assert "Your support team" in mail_of(sent, ENGLISH, "", None).text


def test_names_of_others_are_found_whatever_their_case_and_marks() -> None:
    names = {"Borealis Ltd", "web-17.internal", "", "shop"}
    assert foreign("the disk of WEB-17.internal, of borealis ltd.", names) == [
        "Borealis Ltd",
        "web-17.internal",
    ]
    assert foreign("shopping went on", names) == []


def test_a_site_that_is_down_stands_for_its_pages_and_a_follower_for_what_it_follows() -> None:
    page = trouble(page="/basket", incident="fault:1")
    assert joined([trouble(), page]) == [trouble()]
    server = trouble(incident="host", until=NOON + minutes(5), good=False)
    after = trouble(incident="own", since=NOON, follows=frozenset({"host"}))
    assert joined([server, after]) == [after]
    other = trouble("blog", incident="host", until=NOON + minutes(4))
    assert joined([server, other, after]) == [other, after]


def test_two_outages_of_one_site_are_one_from_the_first_to_the_last() -> None:
    later = trouble(incident="b", since=NOON + minutes(30), until=NOON + minutes(40))
    (found,) = joined([OVER, later])
    assert found.until is not None
    assert found.until - found.since == timedelta(minutes=40)
