"""One message about many tickets, as each channel shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_builders import NIGHT, NOON, alert, office
from service_level_alerts import ticket_alert
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.channels.channel import Channel
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.description import reference
from supportops.alerts.digest import compose_digest
from supportops.alerts.message import compose
from supportops.alerts.words.notification import Notification
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.gsm7 import gsm7, septets

LONDON = "Europe/London"
BOARD = "https://support.example/support/"
HOUR = timedelta(hours=1)
LAST_FRIDAY = NOON.replace(day=20, hour=17)
HOSTILE = (
    "B\"o'b\r\nBcc: spy@example.com\u2028🔥<script>alert(1)</script>[x](http://e.example)@channel"
)


def firing(found: Alert, **changes: Any) -> Notification:
    return Notification(found, Phase.FIRING, **changes)


def breached(ticket: int | str, **facts: Any) -> Notification:
    return firing(ticket_alert(ticket, **facts))


def due_soon(ticket: int | str, **facts: Any) -> Notification:
    return firing(ticket_alert(ticket, Kind.SLA_WARNING, **({"deadline": NOON + HOUR} | facts)))


def retracted(ticket: int | str, **facts: Any) -> Notification:
    found = ticket_alert(ticket, retracted=True, why="the reply was there in time", **facts)
    return Notification(found, Phase.RESOLVED)


def digest(
    notifications: Sequence[Notification],
    channel: Channel = CHANNELS["email"],
    now: datetime = NOON,
) -> OutgoingMessage:
    return compose_digest(notifications, channel, LONDON, BOARD, now, office())


def text(*notifications: Notification, now: datetime = NOON) -> str:
    return digest(notifications, now=now).text


def tickets(shown: str) -> list[str]:
    return re.findall(r"^- (#\d+)", shown, re.MULTILINE)


class Page(HTMLParser):
    """What a mail client would make of an e-mail."""

    def __init__(self, html: str | None) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.links: list[str | None] = []
        assert html is not None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())


def test_the_subject_is_the_answer() -> None:
    breaches = [breached(number) for number in (7, 8)]
    breaches.append(breached(1234, deadline=LAST_FRIDAY))
    warnings = [due_soon(number) for number in range(20, 25)]
    assert digest([*warnings, *breaches]).title == (
        "SLA: 3 breached, 5 due soon - first: #1234 reply was due Fri 17:00"
    )


@pytest.mark.parametrize(
    ("notification", "subject"),
    [
        (breached(7), "SLA: 1 breached - #7 reply was due Tue 11:00"),
        (due_soon("INC0007"), "SLA: 1 due soon - INC0007 reply due Tue 13:00"),
        (
            due_soon(7, metric="resolution_time", deadline=NOON + 30 * 24 * HOUR),
            "SLA: 1 due soon - #7 fix due Thu 24 Dec 12:00",
        ),
        (
            firing(ticket_alert(7, Kind.SLA_FOLLOW_UP, metric="update_time")),
            "SLA: 1 still open - #7 update was due Tue 11:00",
        ),
        (retracted(7), "SLA: 1 retracted - #7 reply was due Tue 11:00"),
        (
            firing(ticket_alert(7), repeated=True),
            "SLA: 1 breached - #7 reply was due Tue 11:00 (may be repeated)",
        ),
        (firing(alert("Acme Shop")), "Alerts: 1 other - Acme Shop DOWN"),
    ],
)
def test_one_alone_is_named(notification: Notification, subject: str) -> None:
    assert digest([notification]).title == subject


def test_breaches_come_first_and_then_what_is_due_soonest() -> None:
    shown = text(
        due_soon(4, deadline=NOON + 2 * HOUR),
        due_soon(3, deadline=NOON + HOUR),
        retracted(5),
        breached(2, deadline=NOON - HOUR),
        breached(1, deadline=NOON - 3 * HOUR),
    )
    assert tickets(shown) == ["#1", "#2", "#3", "#4", "#5"]


def test_a_row_shows_business_time_and_calendar_time() -> None:
    friday = ticket_alert(7, deadline=LAST_FRIDAY, seen_at=LAST_FRIDAY)
    shown = text(firing(friday), now=NOON - 2 * HOUR)
    assert "was due Fri 20 Nov 2026 17:00 GMT" in shown
    assert "9 h 00 min over in business time, 3 d 17 h in calendar time" in shown


def test_a_clock_that_ended_is_as_late_as_it_was_then() -> None:
    late = ticket_alert(7, deadline=NOON, ended=(NOON + HOUR).isoformat())
    shown = text(firing(late), now=NOON + 24 * HOUR)
    assert "1 h 00 min over in business time, 1 h 00 min in calendar time" in shown
    assert "done by now, late" in shown


def test_a_clock_that_is_paused_uses_no_open_time() -> None:
    paused = ticket_alert(7, Kind.SLA_WARNING, deadline=NOON + HOUR, state="paused")
    assert "1 h 00 min left in business time, 30 min in" in text(
        firing(paused), now=NOON + HOUR / 2
    )


def test_a_mission_critical_clock_runs_at_night() -> None:
    paged = ticket_alert(7, deadline=NIGHT, seen_at=NIGHT, critical=True)
    assert "1 h 00 min over in business time" in text(firing(paged), now=NIGHT + HOUR)


def test_a_clock_is_listed_once_in_the_most_serious_section() -> None:
    deadline = NOON - HOUR
    warned = ticket_alert(7, Kind.SLA_WARNING, deadline=deadline)
    other = ticket_alert(7, metric="update_time", deadline=deadline)
    shown = digest([firing(warned), firing(ticket_alert(7, deadline=deadline)), firing(other)])
    assert shown.title.startswith("SLA: 2 breached - ")


def test_fifty_rows_at_most_and_some_of_every_section() -> None:
    many = [breached(number) for number in range(300)] + [due_soon(n) for n in range(400, 420)]
    shown = digest([*many, retracted(900)])
    assert len(tickets(shown.text)) == CHANNELS["email"].digest_rows
    assert {"#400", "#900"} < set(tickets(shown.text))
    assert "- and 256 more" in shown.text
    assert "- and 15 more" in shown.text
    assert f"All of them: {BOARD}" in shown.text


def test_the_email_is_a_table_of_tickets_and_assignees() -> None:
    page = Page(digest([breached(7, customer="Acme Ltd", assignee=None)]).html)
    assert ["Ticket", "Promise", "Due", "Overdue by", "Assignee"] in page.rows
    assert [
        f"#7 Question 7 bug fix, Acme Ltd #{reference(ticket_alert(7))}",
        "first reply",
        "Tue 24 Nov 2026 11:00 GMT",
        "1 h 00 min business 1 h 00 min calendar",
        "nobody",
    ] in page.rows
    assert page.links == [BOARD]


def test_on_a_phone_its_cells_stand_below_each_other_and_no_word_is_wider_than_its_cell() -> None:
    html = digest([breached(7, assignee="Wolfeschlegelsteinhausenbergerdorff")]).html
    assert html is not None
    cells = re.findall(r"<t[dh] [^>]*(?:data-head|scope)[^>]*>", html)
    assert len(cells) == 9
    assert all("overflow-wrap:anywhere" in cell for cell in cells)
    assert "@media (max-width: 600px)" in html


def test_as_text_each_ticket_is_a_paragraph_of_short_lines() -> None:
    shown = text(breached(7, customer="Acme Ltd"), breached(8))
    first, second = shown.split("\n\n")[1:3]
    assert first.splitlines()[1] == "- #7 Question 7"
    assert first.splitlines()[3].startswith("  bug fix, Acme Ltd, #")
    assert second.startswith("- #8 Question 8")


def test_only_a_message_of_both_marks_its_rows_as_history() -> None:
    old = replace(ticket_alert(7), held=True)
    whole = digest([firing(old)])
    assert whole.title.startswith("History, from before going live: SLA: 1 breached")
    assert whole.text.count("from before going live") == 1
    mixed = digest([firing(old), breached(8)])
    assert mixed.title.startswith("SLA: 2 breached")
    assert mixed.text.count("from before going live") == 1


def test_a_retraction_gives_its_reason_and_no_lengths_of_time() -> None:
    page = Page(digest([retracted(7)]).html)
    (row,) = [cells for cells in page.rows if cells and cells[0].startswith("#7")]
    assert row[0].endswith("the reply was there in time")
    assert row[3] == ""


def test_an_aim_that_was_missed_is_no_breach_yet() -> None:
    shown = digest([due_soon(7, metric="resolution_time", milestone="aim")])
    assert "1 due soon" in shown.title
    assert "the aim was missed" in shown.text


def test_other_alerts_stand_in_a_digest_too() -> None:
    shown = digest([breached(7), firing(alert("Acme Shop", Kind.FAULT))])
    assert shown.title.startswith("SLA: 1 breached, 1 other - first: #7 ")
    assert "Acme Shop FAULT: connection refused" in shown.text


def hostile() -> list[Notification]:
    names = ("ticket", "title", "tier", "assignee", "metric", "milestone", "why", "state")
    facts: dict[str, Any] = dict.fromkeys(names, HOSTILE)
    cases = [
        ticket_alert(7, kind, customer=HOSTILE) for kind in (Kind.SLA_BREACH, Kind.SLA_WARNING)
    ]
    found = []
    for case in cases:
        case.facts.update(facts)  # type: ignore[attr-defined]
        found.append(Notification(case, Phase.FIRING))
    return [*found, retracted(8, title=HOSTILE), firing(alert(HOSTILE, Kind.FAULT))]


def test_hostile_text_stays_text_in_an_email() -> None:
    shown = digest(hostile())
    page = Page(shown.html)
    assert "script" not in page.tags
    assert any("<script>alert(1)</script>" in cell for row in page.rows for cell in row)
    assert page.links == [BOARD]
    assert "\n" not in shown.title
    assert not any(line.startswith("Bcc") for line in shown.text.splitlines())


def test_hostile_text_stays_text_in_chat() -> None:
    shown = digest(hostile(), CHANNELS["chat"])
    assert shown.markdown
    assert "<script" not in shown.text
    assert "@channel" not in shown.text
    assert "](http://e" not in shown.text
    assert shown.text.count(f"]({BOARD})") == 1


def test_chat_lists_a_ticket_on_each_line() -> None:
    shown = digest([breached(7), due_soon(8)], CHANNELS["chat"]).text
    assert (
        "- 🟠 #7 Question 7: reply was due Tue 11:00, 1 h 00 min over "
        "(1 h 00 min by the calendar), Ada" in shown
    )
    assert "- 🟡 #8 Question 8: reply due Tue 13:00, 1 h 00 min left" in shown


def test_an_sms_is_the_subject_and_the_board() -> None:
    shown = digest([breached(7), due_soon(8)], CHANNELS["sms"])
    assert shown.title == ""
    assert shown.text == (
        f"SLA: 1 breached, 1 due soon - first: #7 reply was due Tue 11:00 {BOARD}"
    )


@pytest.mark.parametrize("many", [1, 500])
def test_an_sms_fits_160_characters_whatever_its_content(many: int) -> None:
    shown = digest([*hostile(), *(breached(n) for n in range(many))], CHANNELS["sms"]).text
    assert septets(gsm7(shown)) <= 160
    assert gsm7(shown) == shown


FACTS = (
    *("source", "ticket", "title", "tier", "assignee", "metric", "instance", "milestone", "state"),
    *("started_at", "deadline", "fulfilled_at", "ended", "calendar_seconds", "left_seconds"),
    *("retracted", "why"),
)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.datetimes().map(lambda at: at.isoformat() + "+00:00"),
)


@settings(max_examples=60, deadline=None)
@given(
    facts=st.fixed_dictionaries(
        dict.fromkeys(
            FACTS,
            anything,
        )
    ),
    kind=st.sampled_from([Kind.SLA_WARNING, Kind.SLA_BREACH, Kind.SLA_FOLLOW_UP]),
    channel=st.sampled_from([*CHANNELS.values()]),
)
def test_a_message_is_composed_whatever_the_facts_hold(
    facts: dict[str, Any], kind: Kind, channel: Channel
) -> None:
    odd = alert("desk 7", kind, facts=facts)
    assert digest([firing(odd), breached(1)], channel).text
    assert compose([firing(odd)], channel, LONDON, BOARD).text


@pytest.mark.parametrize("board", [None, "javascript:alert(1)", "https://x/) [y](z"])
def test_a_board_address_that_is_none_is_not_linked(board: str | None) -> None:
    for channel in (CHANNELS["email"], CHANNELS["chat"]):
        made = compose_digest([breached(7)], channel, LONDON, board, NOON, office())
        assert "oard" not in made.text
        assert made.html is None or Page(made.html).links == []


def test_a_message_about_one_breach_names_its_ticket_metric_and_times() -> None:
    made = compose([breached(7)], CHANNELS["email"], LONDON, BOARD)
    assert made.title.startswith(
        "SLA BREACHED: #7 Question 7 - first reply was due Tue 24 Nov 2026 11:00 GMT, Ada"
    )
    assert "Over by: 1 h 00 min business time, 1 h 00 min calendar time" in made.text


def test_a_message_about_one_retraction_gives_its_reason() -> None:
    made = compose([retracted(7)], CHANNELS["email"], LONDON, BOARD)
    assert made.title == "RETRACTED: #7 Question 7 - the reply was there in time"


def test_composing_without_notifications_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        digest([])
