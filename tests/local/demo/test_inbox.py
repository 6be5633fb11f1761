"""Real deliveries, through Apprise, into the inbox, and how they look on a terminal."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from rich.console import Console

from supportops.alerts.channels.registry import CHANNELS
from supportops.local.demo.config import DemoPorts, secrets
from supportops.local.demo.inbox import Delivered, Inbox, line, panel
from supportops.local.demo.inbox_servers import WebServer, mail_server
from supportops.local.supervisor.port import free_from
from supportops.notify.outgoing import Outcome, OutgoingMessage
from supportops.notify.send import send

AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
HTML = "<p>Connection <b>refused</b> since 14:05 — né</p>"
LETTER = OutgoingMessage("bluebird-shop is down", "Connection refused since 14:05 — né\n", HTML)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


@pytest.fixture
def addresses(inbox: Inbox) -> Iterator[dict[str, str]]:
    """The demo's receivers, with the inbox listening behind them."""
    smtp = free_from(28300)
    mail = mail_server(inbox, smtp, lambda: AT)
    web = WebServer(inbox, 0, lambda: AT)
    mail.start()
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield secrets(DemoPorts({}, smtp, web.server_address[1]))
    web.shutdown()
    thread.join()
    web.server_close()
    mail.stop()


def only(inbox: Inbox) -> Delivered:
    (found,) = inbox.after(0)
    return found[1]


def shown(delivered: Delivered) -> str:
    page = io.StringIO()
    Console(file=page, width=100, force_terminal=False).print(panel(1, delivered))
    return page.getvalue()


def test_an_email_arrives_with_its_text_and_its_html(
    inbox: Inbox, addresses: dict[str, str]
) -> None:
    sent = send(addresses["AIRFLOW_CONN_APPRISE_TEAM_EMAIL"], LETTER, timeout=10)

    assert sent.outcome is Outcome.HANDED_OVER
    found = only(inbox)
    assert (found.channel, found.at) == ("email", AT)
    assert found.to == "support-team@agency.example"
    assert found.title == "bluebird-shop is down"
    assert "since 14:05 — né" in found.text
    assert "<b>refused</b>" in (inbox.folder / found.also).read_text()
    assert (inbox.folder / "0001.eml").read_text().count("Subject: ") == 1


@pytest.mark.parametrize(("name", "channel"), [("ENGINEER_SMS", "sms"), ("ENGINEER_CHAT", "chat")])
def test_a_text_message_and_a_chat_message_arrive(
    inbox: Inbox, addresses: dict[str, str], name: str, channel: str
) -> None:
    message = OutgoingMessage("", "bluebird-shop DOWN: connection refused")

    sent = send(addresses[f"AIRFLOW_CONN_APPRISE_{name}"], message, timeout=10)

    assert sent.outcome is Outcome.HANDED_OVER
    assert only(inbox).channel == channel
    assert "bluebird-shop DOWN: connection refused" in only(inbox).text


def test_what_is_no_json_is_refused(inbox: Inbox, addresses: dict[str, str]) -> None:
    url = addresses["AIRFLOW_CONN_APPRISE_ENGINEER_SMS"].replace("json:", "http:")

    assert requests.post(url, data=b"not json", timeout=5).status_code == 400
    assert inbox.numbers() == []


def test_deliveries_are_numbered_on_over_restarts(inbox: Inbox) -> None:
    for title in ("first", "second"):
        Inbox(inbox.folder).store(Delivered("sms", AT, "phone", title, "text"))

    assert [(n, d.title) for n, d in inbox.after(0)] == [(1, "first"), (2, "second")]
    assert [n for n, _ in inbox.after(1)] == [2]


def test_the_terminal_obeys_nothing_that_arrived() -> None:
    hostile = "\x1b]0;owned\x07 \x1b[2J [bold red]no markup[/] \u202etxt"
    for channel in CHANNELS:
        page = shown(Delivered(channel, AT, f"to {hostile}", hostile, hostile))

        assert "\x1b" not in page
        assert "\x07" not in page
        assert "\u202e" not in page
        assert "[bold red]no markup[/]" in page


def test_a_text_message_shows_its_length() -> None:
    assert "39 of 160 characters" in shown(Delivered("sms", AT, "phone", "", "x" * 39))


def test_a_long_email_is_shown_short_and_kept_whole() -> None:
    text = (
        "bluebird-shop is down\n\n\nCustomer:\n\nBluebird Books\n\nURL:\nhttp://x/\n"
        + "more\n\n" * 40
    )

    page = shown(Delivered("email", AT, "team", "Down", text))

    assert "Customer: Bluebird Books" in page
    assert "URL: http://x/" in page
    assert page.count("\n") < 25


def test_an_email_names_the_file_that_shows_its_html() -> None:
    page = shown(Delivered("email", AT, "team", "Down", "text", also="0007.html"))

    assert "E-mail to team" in page
    assert "0007.html" in page


def test_a_delivery_is_one_line_unless_whole_ones_are_asked_for() -> None:
    letter = Delivered("email", AT, "team", "Down:\nshop", "text\n" * 9, also="0007.html")
    chat = Delivered("chat", AT, "#support", "", "\n**shop** DOWN\nmore")

    assert line(7, letter).plain.endswith("E-mail to team: Down: shop  0007.html")
    assert line(8, chat).plain.endswith("Chat to #support: shop DOWN  0008.json")
    assert "\x1b" not in line(9, Delivered("sms", AT, "p", "", "\x1b[2J")).plain
