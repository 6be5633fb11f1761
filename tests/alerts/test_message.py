from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxes import Mailbox
from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.channels.channel import Channel
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.description import reference
from supportops.alerts.message import Notification, compose, thread_id
from supportops.notify.outgoing import Outcome
from supportops.notify.send import send
from supportops.rendering.gsm7 import gsm7, septets

LONDON = "Europe/London"
BOARD = "https://support.example/support/"
NOON = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
OUTAGE_FACTS: dict[str, Any] = {
    "url": "https://shop.acme.example/",
    "reason": "refused",
    "words": "connection refused",
    "detail": "203.0.113.7 port 443",
    "address": "203.0.113.7",
    "phases": {"dns": 12.3, "connect": None, "tls": None, "first_byte": None, "total": 1004.2},
    "first_failed_at": NOON.isoformat(),
    "last_good_at": (NOON - timedelta(minutes=5)).isoformat(),
}
HOSTILE = (
    "B\"o'b\r\nBcc: spy@example.com\u2028🔥<script>alert(1)</script>[x](http://e.example)@channel"
)


def alert(kind: Kind = Kind.OUTAGE, **changes: Any) -> Alert:
    known: dict[str, Any] = {
        "key": "outage:acme-shop:2026-11-22T14:05:00Z",
        "kind": kind,
        "severity": Severity.CRITICAL,
        "subject": "Acme Shop",
        "headline": "Acme Shop is in trouble",
        "opened_at": NOON + timedelta(seconds=42),
        "site": "Acme Shop",
        "customer": "Acme Ltd",
        "host": "web-07",
        "facts": OUTAGE_FACTS,
    }
    return Alert(**{**known, **changes})


def firing(kind: Kind = Kind.OUTAGE, **changes: Any) -> Notification:
    return Notification(alert(kind, **changes), Phase.FIRING)


def resolved(kind: Kind = Kind.OUTAGE, **changes: Any) -> Notification:
    ended = {"resolved_at": NOON + timedelta(minutes=12)}
    return Notification(alert(kind, **(ended | changes)), Phase.RESOLVED)


def title(*notifications: Notification) -> str:
    return compose(notifications, CHANNELS["email"], LONDON, BOARD).title


def sms(*notifications: Notification) -> str:
    return compose(notifications, CHANNELS["sms"], LONDON, None).text


def chat(*notifications: Notification) -> str:
    return compose(notifications, CHANNELS["chat"], LONDON, BOARD).text


def mail_html(*notifications: Notification) -> str:
    html = compose(notifications, CHANNELS["email"], LONDON, BOARD).html
    assert html is not None
    return html


class Page(HTMLParser):
    """The tags, attributes and visible words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def each(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_subject_line_carries_the_answer() -> None:
    assert title(firing()) == "DOWN: Acme Shop - connection refused (since 14:05 GMT)"
    assert title(resolved()) == "RESOLVED: Acme Shop - up again after 12 min"


@pytest.mark.parametrize(
    ("notification", "line"),
    [
        (
            firing(
                Kind.HOST_OUTAGE,
                subject="web-07",
                facts={"sites": ["a", "b"], "down": 2, "checked": 3, "words": "timed out"},
            ),
            "SERVER DOWN: web-07 - 2 of 3 sites fail together, timed out (since 14:05 GMT)",
        ),
        (
            firing(
                Kind.FAULT,
                facts={
                    "page": "/pay",
                    "reason": "status",
                    "words": "unexpected HTTP status",
                    "status": 503,
                },
            ),
            "FAULT: Acme Shop /pay - unexpected HTTP status 503 (since 14:05 GMT)",
        ),
        (
            firing(Kind.CERTIFICATE, facts={"certificate_expires": "2026-12-01T12:00:00+00:00"}),
            "CERTIFICATE: Acme Shop - ends Tue 1 Dec 2026 12:00 GMT (since 14:05 GMT)",
        ),
        (
            firing(Kind.CERTIFICATE, facts={"certificate_expires": "2026-11-01T12:00:00+00:00"}),
            "CERTIFICATE: Acme Shop - ended Sun 1 Nov 2026 12:00 GMT (since 14:05 GMT)",
        ),
        (
            firing(Kind.BLIND, subject="our connection", facts={}),
            "BLIND: our connection - the control addresses do not answer either, sites are unknown"
            " (since 14:05 GMT)",
        ),
        (
            firing(Kind.CHECK_STALE, subject="site_check", facts={"age_seconds": 1020}),
            "NO CHECKS: site_check - the last check was 17 min old (since 14:05 GMT)",
        ),
        (
            firing(Kind.DELIVERY, subject="night desk", facts={"attempts": 8, "detail": "550 no"}),
            "NOT DELIVERED: night desk - 8 attempts failed, 550 no (since 14:05 GMT)",
        ),
        (
            firing(Kind.CONFIGURATION, subject="sites.yaml", headline="sites.yaml: 3 faults"),
            "CONFIGURATION: sites.yaml - 3 faults (since 14:05 GMT)",
        ),
    ],
)
def test_the_subject_line_of_each_kind_states_what_is_wrong(
    notification: Notification, line: str
) -> None:
    facts = dict(notification.alert.facts)
    facts.pop("first_failed_at", None)
    assert title(notification) == line


def test_a_reminder_an_escalation_and_a_possible_repetition_are_named() -> None:
    line = title(Notification(alert(), Phase.FIRING, step=1, reminder=True, repeated=True))
    notes = "since Sun 22 Nov 14:05 GMT, reminder, escalation step 2, may be repeated"
    assert line.endswith(f"({notes})")


def test_a_long_name_is_cut_in_the_subject_line_and_what_follows_it_is_not() -> None:
    line = title(Notification(alert(subject="x" * 500), Phase.FIRING, repeated=True))
    assert "connection refused (since 14:05 GMT, may be repeated)" in line
    assert len(line) < 250


def test_an_sms_begins_with_the_site_and_the_reason() -> None:
    assert sms(firing()) == "Acme Shop DOWN: connection refused, since 14:05 GMT #e0bd7b"
    assert sms(resolved()) == "Acme Shop RESOLVED: up again after 12 min #e0bd7b"


def test_an_sms_links_the_board_only_where_it_fits() -> None:
    short = compose([firing()], CHANNELS["sms"], LONDON, BOARD).text
    long = compose([firing(subject="x" * 90)], CHANNELS["sms"], LONDON, BOARD + "y" * 60).text
    assert short.endswith(BOARD)
    assert "http" not in long


def test_an_sms_has_room_for_its_address_before_the_note_on_the_next_one() -> None:
    def text(board: str) -> str:
        next_at = NOON + timedelta(hours=3)
        return compose([firing()], CHANNELS["sms"], LONDON, board, next_at).text

    assert text(BOARD).endswith(f"#e0bd7b {BOARD} Next SMS 17:05 GMT")
    assert text(BOARD + "y" * (97 - len(BOARD))).endswith("y")
    assert text(BOARD + "y" * 120).endswith("#e0bd7b Next SMS 17:05 GMT")


def test_an_sms_that_is_too_long_loses_part_of_its_reason_and_never_its_reference() -> None:
    text = sms(firing(subject="x" * 200, facts={"words": "€" * 200}))
    assert septets(text) <= 160
    assert text.endswith(", since 14:05 GMT #e0bd7b")


WORDS = st.text(max_size=200)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=12), st.booleans())
def test_any_sms_fits_160_characters_of_the_gsm_alphabet(
    stories: list[tuple[str, str, str]], repeated: bool
) -> None:
    notifications = [
        Notification(
            alert(key=key, subject=subject, facts={"words": words, "page": key}),
            Phase.FIRING,
            step=3,
            reminder=True,
            repeated=repeated,
        )
        for subject, words, key in stories
    ]
    text = sms(*notifications)
    assert gsm7(text) == text
    assert "\n" not in text
    assert 0 < septets(text) <= 160


def test_several_notices_become_one_bundle() -> None:
    notifications = [firing(subject=f"Site {n}", key=f"k{n}") for n in range(4)]
    line = "4 sites down: Site 0, Site 1, Site 2, Site 3"
    assert title(*notifications) == line
    assert line in chat(*notifications)
    assert all(f"Site {n}" in mail_html(*notifications) for n in range(4))


def test_a_bundle_by_sms_counts_those_that_did_not_fit() -> None:
    text = sms(*[firing(subject=f"Shop {n}", key=f"k{n}", host=None) for n in range(30)])
    assert text.startswith("30 sites down: Shop 0 #")
    assert text.endswith(f" and {30 - text.count('#')} more: see the board")
    assert text.count("#") == 7


def test_a_bundle_in_chat_takes_a_line_an_alert_and_says_how_many_are_left_out() -> None:
    text = chat(*[firing(subject=f"Site {n}", key=f"k{n}") for n in range(100)])
    rows = text.count("🔴")
    assert 15 <= rows <= 25
    assert f"and {100 - rows} more: see the board" in text
    assert len(text) < 2000, "as much as Discord takes"


def test_composing_without_notifications_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        compose([], CHANNELS["sms"], LONDON, None)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("facts", [{}, OUTAGE_FACTS])
def test_every_kind_reads_well_in_every_channel_and_phase(
    kind: Kind, channel: Channel, phase: Phase, facts: dict[str, Any]
) -> None:
    notification = (firing if phase is Phase.FIRING else resolved)(kind, facts=facts)
    message = compose([notification], channel, LONDON, None)
    shown = message.title + message.text + (message.html or "")
    assert "Acme Shop" in message.text
    assert ("RESOLVED" in shown) == (phase is Phase.RESOLVED)
    assert "e0bd7b" in message.text
    assert not {"None", "{{", "Undefined", "Row("} & set(shown.split())
    assert (message.html is not None) == (channel is CHANNELS["email"])
    assert message.markdown == (channel is CHANNELS["chat"])


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS)
@pytest.mark.parametrize("kind", Kind)
def test_facts_of_the_wrong_shape_break_no_message(kind: Kind, channel: Channel) -> None:
    known = "url page reason words detail status address phases sites checked down flapping errors"
    times = "first_failed_at last_good_at ended_at certificate_expires age_seconds attempts"
    machine = "dag_id task_id run_id log_url file traceback target"
    keys = f"{known} {times} {machine}".split(" ")
    for value in (
        None,
        "",
        "text",
        7,
        -1.5,
        float("nan"),
        float("inf"),
        True,
        [],
        ["a", 3, None],
        {"a": 1},
        1e300,
    ):
        for phase in Phase:
            notification = Notification(alert(kind, facts=dict.fromkeys(keys, value)), phase)
            assert compose([notification], channel, LONDON, BOARD).text


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_certificate_that_ends_at_the_edge_of_time_breaks_no_message(
    year: str, zone: str
) -> None:
    notification = firing(Kind.CERTIFICATE, facts={"certificate_expires": year})
    assert year[:4].lstrip("0") in compose([notification], CHANNELS["email"], zone, None).title


def test_an_email_shows_phases_first_failure_last_good_check_and_the_board() -> None:
    message = compose([firing()], CHANNELS["email"], LONDON, BOARD)
    for shown in (message.text, Page(message.html or "").text):
        assert "DNS 12 ms, total 1,004 ms" in shown
        assert "First failure: Sun 22 Nov 2026 14:05 GMT" in shown
        assert "Last good check: Sun 22 Nov 2026 14:00 GMT" in shown
        assert "203.0.113.7" in shown
        assert f"Reference: #{reference(alert())}" in shown
    assert BOARD in message.text
    assert {"href": BOARD}.items() <= Page(message.html or "").each("a")[-1].items()


def test_a_server_that_is_down_lists_its_sites() -> None:
    sites = [f"Site {n}" for n in range(140)]
    message = compose(
        [firing(Kind.HOST_OUTAGE, subject="web-07", facts={"sites": sites})],
        CHANNELS["email"],
        LONDON,
        None,
    )
    for shown in (message.text, message.html or ""):
        assert "Sites that fail (140)" in shown
        assert "Site 99" in shown
        assert "Site 100" not in shown
        assert "and 40 more" in shown


def test_an_email_can_be_read_without_colour_and_by_a_screen_reader() -> None:
    page = Page(mail_html(firing()))
    assert page.each("html") == [{"lang": "en"}]
    assert page.each("th")
    assert {th.get("scope") for th in page.each("th")} == {"row"}
    layout = [table for table in page.each("table") if table.get("role") != "presentation"]
    assert len(layout) == 1
    assert "DOWN: Acme Shop" in page.text
    assert not page.each("img")


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("notification", [firing(), firing(severity=Severity.WARNING), resolved()])
def test_every_text_of_an_email_stands_out_from_its_ground(notification: Notification) -> None:
    html = mail_html(notification)
    (band,) = {td["bgcolor"] for td in Page(html).each("td") if td.get("bgcolor")} - {"#ffffff"}
    assert band is not None
    assert contrast("#ffffff", band) >= 4.5
    for ink, ground in (("#1b1f24", "#eef0f3"), ("#434b56", "#ffffff"), ("#0b4fa8", "#ffffff")):
        assert ink in html
        assert ground in html
        assert contrast(ink, ground) >= 4.5


def hostile_notifications() -> list[Notification]:
    texts = ("url", "page", "words", "detail", "status", "address", "target", "log_url", "file")
    facts: dict[str, Any] = dict.fromkeys(texts, HOSTILE)
    facts |= {"sites": [HOSTILE] * 3, "errors": [HOSTILE], "traceback": HOSTILE, "reason": "status"}
    return [
        Notification(
            alert(
                kind,
                key=HOSTILE,
                subject=HOSTILE,
                headline=HOSTILE,
                site=HOSTILE + "!",
                customer=HOSTILE,
                host=HOSTILE,
                acknowledged_by=HOSTILE,
                facts=facts,
            ),
            phase,
        )
        for kind in Kind
        for phase in Phase
    ]


@pytest.mark.parametrize("notification", hostile_notifications())
def test_hostile_text_stays_text_in_an_email(notification: Notification) -> None:
    page = Page(mail_html(notification))
    assert not page.each("script")
    assert "<script>alert(1)</script>" in page.text
    assert [link["href"] for link in page.each("a")] == [BOARD]


@pytest.mark.parametrize("notification", hostile_notifications())
def test_hostile_text_stays_text_in_chat(notification: Notification) -> None:
    text = chat(notification)
    assert "<script" not in text
    assert "@channel" not in text
    assert "](http://e" not in text
    assert text.count("\n- Customer: ") == 1
    assert all("Bcc" not in line[:6] for line in text.splitlines())


@pytest.mark.parametrize("board", ["javascript:alert(1)", "https://x/) [y](z", "", "not a url"])
def test_a_board_address_that_is_none_is_not_linked(board: str) -> None:
    for channel in CHANNELS.values():
        message = compose([firing()], channel, LONDON, board)
        assert "Open the board" not in message.text + (message.html or "")


def test_hostile_text_breaks_no_header_of_a_real_mail(mail: Mailbox) -> None:
    message = compose([hostile_notifications()[0]], CHANNELS["email"], LONDON, BOARD)
    assert send(mail.url(), message, timeout=20).outcome is Outcome.HANDED_OVER
    (arrived,) = mail.wait_for(1)
    assert arrived.recipients == ("team@example.com",)
    assert arrived.message["Bcc"] is None
    assert "🔥<script>" in arrived.subject
    assert arrived.message.defects == []


def test_the_text_part_of_an_email_is_our_own_and_not_taken_from_the_html(mail: Mailbox) -> None:
    message = compose([firing()], CHANNELS["email"], LONDON, BOARD)
    send(mail.url(), message, timeout=20)
    text = mail.wait_for(1)[0].part("plain")
    assert text.splitlines() == message.text.splitlines()
    assert "DOWN: Acme Shop - connection refused (since 14:05 GMT)" in text.splitlines()
    assert f"Board: {BOARD}" in text.splitlines()


def test_firing_and_resolved_share_a_thread_and_other_alerts_do_not() -> None:
    first = compose([firing()], CHANNELS["email"], LONDON, None).message_id
    last = compose([resolved()], CHANNELS["email"], LONDON, None).message_id
    assert first == last == thread_id(alert())
    assert thread_id(alert(key="another")) != first
    assert thread_id(alert(key=HOSTILE)).isascii()
