"""Alerts of tickets are called by number and subject, and link to the ticket, on every channel."""

from __future__ import annotations

import re
from typing import Any

import pytest

from alert_builders import NOON, alert, office
from service_level_alerts import ticket_alert
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.description import reference
from supportops.alerts.digest import compose_digest
from supportops.alerts.message import compose
from supportops.alerts.words.notification import Notification
from supportops.alerts.words.ticket import ADDRESS, doubt, page_on, path_of, ticket_path, title
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.gsm7 import gsm7, septets

BOARD = "https://a.example/plugin/support"
PAGE = "https://a.example/plugin/support/support/ticket?source=desk&id=7"
ZENDESK = "https://acme.zendesk.com/agent/tickets/7"
BREACH = ticket_alert(7)
CALL = alert(
    "phone 94646033b4d7",
    Kind.CALL,
    headline="call from Acme: The shop is down",
    facts={"source": "phone", "ticket": "94646033b4d7", "title": "The shop is down"}
    | {"requester": "Acme"},
)
TICKETS = [
    BREACH,
    ticket_alert(7, Kind.SLA_WARNING),
    ticket_alert(7, Kind.SLA_FOLLOW_UP),
    CALL,
]
KEY_LIKE = re.compile(r"desk 7 first_reply_time|phone 94646033b4d7|sla:|2026-11-24T")


def firing(*alerts: Alert) -> list[Notification]:
    return [Notification(each, Phase.FIRING, at=NOON) for each in alerts]


def single(found: Alert, channel: str, board: str | None = BOARD) -> OutgoingMessage:
    return compose(firing(found), CHANNELS[channel], "Europe/London", board)


def digest(*alerts: Alert, channel: str, board: str | None = BOARD) -> OutgoingMessage:
    zone, found = "Europe/London", CHANNELS[channel]
    return compose_digest(firing(*alerts), found, zone, board, NOON, office())


def whole(message: OutgoingMessage) -> str:
    return "\n".join(filter(None, (message.title, message.text, message.html)))


def with_address(found: Alert) -> Alert:
    return ticket_alert(7, found.kind, **{ADDRESS: ZENDESK})


@pytest.mark.parametrize("found", TICKETS, ids=lambda each: each.kind)
def test_the_title_is_number_and_subject_and_of_a_call_its_words(found: Alert) -> None:
    assert title(found) in ("#7 Question 7", "The shop is down")


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("found", TICKETS, ids=lambda each: each.kind)
def test_no_channel_calls_an_alert_by_a_key(channel: str, found: Alert) -> None:
    digested = digest(found, alert(), channel=channel, board=None)
    for message in (single(found, channel, board=None), digested):
        assert not KEY_LIKE.search(whole(message))
    several = compose(firing(found, alert()), CHANNELS[channel], "Europe/London", None)
    assert not KEY_LIKE.search(whole(several))


@pytest.mark.parametrize("channel", ["chat", "email"])
def test_a_message_links_to_the_ticket_on_the_board_and_in_its_source(channel: str) -> None:
    shown = whole(single(with_address(BREACH), channel)).replace("&amp;", "&")
    assert PAGE in shown
    assert ZENDESK in shown
    assert "In Desk" in shown


@pytest.mark.parametrize("channel", ["chat", "email"])
def test_each_row_of_a_digest_links_to_its_ticket_and_has_its_reference(channel: str) -> None:
    other = ticket_alert("a/b c&d")
    shown = digest(BREACH, other, CALL, channel=channel)
    for text in filter(None, (shown.text, shown.html)):
        plain = text.replace("&amp;", "&").replace("\\", "")
        for each in (BREACH, other, CALL):
            assert f"#{reference(each)}" in plain
            link = page_on(BOARD, each)
            assert link is not None
            assert plain.count(link) == 1
    assert "id=a%2Fb%20c%26d" in whole(shown)


@pytest.mark.parametrize("channel", ["chat", "email"])
def test_of_several_alerts_each_line_links_to_its_ticket(channel: str) -> None:
    others = [alert(f"Site {number}") for number in range(20)]
    shown = compose(firing(CALL, *others), CHANNELS[channel], "Europe/London", BOARD)
    assert "ticket?source=phone&id=94646033b4d7" in whole(shown).replace("&amp;", "&")


def test_without_a_board_the_row_links_to_the_source() -> None:
    found = with_address(BREACH)
    assert ZENDESK in digest(found, channel="chat", board=None).text
    assert "[open]" not in digest(BREACH, channel="chat", board=None).text
    assert "[open]" not in digest(BREACH, channel="chat", board="https://b.example/x/").text


def test_an_sms_has_the_ticket_where_there_is_room() -> None:
    for shown in (single(CALL, "sms").text, digest(BREACH, channel="sms").text):
        assert f"#{reference(BREACH)}" in shown or f"#{reference(CALL)}" in shown
        assert "/support/ticket?source=" in shown
        assert septets(gsm7(shown)) <= 160
    long = ticket_alert(7, title="A very long subject " * 9)
    assert PAGE not in single(long, "sms").text
    assert f"#{reference(long)}" in single(long, "sms").text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://x.example/) [y](z", "x.example", 7]
)
def test_an_address_that_is_none_is_left_out(address: Any) -> None:
    found = ticket_alert(7, **{ADDRESS: address})
    for channel in ("chat", "email"):
        assert "In Desk" not in whole(single(found, channel, board=None))


def test_a_site_is_called_by_its_name_and_links_to_no_ticket() -> None:
    assert (title(alert()), path_of(alert())) == ("Acme Shop", None)
    assert "ticket?" not in whole(single(alert(), "email"))


def test_the_path_holds_hostile_numbers() -> None:
    assert ticket_path("a&b", "1/2?#\ud800") == "ticket?source=a%26b&id=1%2F2%3F%23%3F"


class TestDoubt:
    DOUBTFUL = ticket_alert(7, doubtful=["user_support", "mission_critical"])

    @pytest.mark.parametrize("channel", CHANNELS)
    def test_the_words_of_an_alert_say_that_its_tier_is_not_certain(self, channel: str) -> None:
        words = "tier not certain: may be user support or mission critical"
        shown = whole(single(self.DOUBTFUL, channel))
        assert words in shown.replace("\\", "")
        if channel != "sms":
            assert words in whole(digest(self.DOUBTFUL, channel=channel))

    def test_of_an_old_alert_the_other_tiers_are_not_known(self) -> None:
        assert doubt(ticket_alert(7, doubtful=True)) == "tier not certain"
        assert doubt(BREACH) is None
