from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError

from supportops.rendering.render import (
    duration,
    environment,
    local,
    md,
    one_line,
    percent,
    render,
    sentence,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 00 min"),
        (3900, "1 h 05 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
        (timedelta(minutes=-4), "0 s"),
    ],
)
def test_a_duration_reads_in_its_two_largest_units(seconds: float | timedelta, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("instant", "zone", "words"),
    [
        (datetime(2026, 11, 22, 14, 5, tzinfo=UTC), "Europe/London", "Sun 22 Nov 2026 14:05 GMT"),
        (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "Europe/London", "Thu 2 Jul 2026 00:30 BST"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/London", "Sun 25 Oct 2026 01:30 BST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/London", "Sun 25 Oct 2026 01:30 GMT"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "Asia/Tokyo", "Fri 31 Dec 9999 23:59 UTC"),
        (datetime(2026, 1, 1, tzinfo=UTC), "America/Sao_Paulo", "Wed 31 Dec 2025 21:00 -03"),
    ],
)
def test_an_instant_reads_on_the_clock_of_its_zone(
    instant: datetime, zone: str, words: str
) -> None:
    assert local(instant, zone) == words


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        local(datetime(2026, 1, 1), "Europe/London")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100.00 %"),
        (0.99999, "99.99 %"),
        (0.9991, "99.91 %"),
        (0.29, "29.00 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_share_below_one_never_reads_as_all(share: float, words: str) -> None:
    assert percent(share) == words


@given(st.text())
def test_one_line_is_one_visible_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Zl", "Zp", "Cs"}
    assert one_line(line) == line
    line.encode()


def test_characters_that_turn_or_hide_text_are_dropped_and_an_emoji_stays_whole() -> None:
    assert one_line("a\u202eb\u2066c\u200bd\ufeff") == "abcd"
    assert one_line("👩\u200d💻 ok\r\nx\u2028y\x00z") == "👩\u200d💻 ok x y z"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("@channel", "@\u200bchannel"),
        ("<!here>", "&lt;!here&gt;"),
        ("<@U123>", "&lt;@\u200bU123&gt;"),
        ("[x](http://e.example)", "\\[x\\](http:\u200b//e.example)"),
        ("**b** `c` ~d~ a|b", "\\*\\*b\\*\\* \\`c\\` \\~d\\~ a\\|b"),
        ("_x_ check_shard", "\\_x\\_ check_shard"),
        ("# no title", "\\# no title"),
        ("- no list", "\\- no list"),
        ("1. no list", "1\\. no list"),
        ("203.0.113.7 port 443", "203.0.113.7 port 443"),
        ("a\n# b", "a # b"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_markdown_in_a_text_stays_text(text: str, escaped: str) -> None:
    assert md(text) == escaped


@given(st.text())
def test_escaped_markdown_holds_no_live_sign(text: str) -> None:
    safe = md(text)
    assert "\n" not in safe
    assert "<" not in safe
    assert "://" not in safe
    bare = safe.replace("\\\\", "")
    for sign in "`*[]|~":
        assert bare.count(sign) == bare.count("\\" + sign)
    assert safe.count("@") == safe.count("@\u200b")


def test_html_templates_escape_and_a_missing_name_is_an_error() -> None:
    env = environment()
    assert env.overlay().autoescape("alerts/channels/email/alerts.html")  # type: ignore[operator]
    assert not env.overlay().autoescape("alerts/channels/chat/alerts.md")  # type: ignore[operator]
    with pytest.raises(UndefinedError):
        env.from_string("{{ nothing }}").render()


@pytest.mark.parametrize(
    "name",
    [
        "alerts.html",
        "alerts/channels/email/none.html",
        "../alerts/channels/email/alerts.html",
        "alerts/channels/../channels/email/alerts.html",
        "alerts/channels/templates/../channel.py",
        "alerts/channels/channel.py",
        "/x",
    ],
)
def test_only_files_in_a_templates_folder_are_found(name: str) -> None:
    with pytest.raises(TemplateNotFound):
        render(name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("no silence 7; see `supportops alerts`", "No silence 7; see supportops alerts."),
        ("silence 7 is over since 09:00 UTC", "Silence 7 is over since 09:00 UTC."),
        ("who announces it?", "Who announces it?"),
        ("wait 5 s.", "Wait 5 s."),
        ("", "."),
    ],
)
def test_a_sentence_keeps_the_case_of_the_names_in_it(words: str, said: str) -> None:
    assert sentence(ValueError(words)) == said


def test_a_sentence_that_begins_with_a_name_keeps_its_case_too() -> None:
    assert sentence("anna has it", capital=False) == "anna has it."
