"""From a message to the right page: the address that Airflow gives to what is in its frame."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from builders import NOON
from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.description import incident_link
from supportops.alerts.message import compose
from supportops.alerts.words.notification import Notification

AIRFLOW = "https://airflow.example"


def alert(subject: str = "shop") -> Alert:
    key = f"outage:{subject}:{NOON.isoformat()}"
    return Alert(key, Kind.OUTAGE, Severity.CRITICAL, subject, "connection refused", NOON)


@pytest.mark.parametrize(
    "board",
    [
        f"{AIRFLOW}/plugin/support",
        f"{AIRFLOW}/plugin/support/",
        f"{AIRFLOW}/plugin/support/support",
        f"{AIRFLOW}/plugin/support/support/",
    ],
)
def test_every_way_to_write_the_boards_address_leads_to_the_incident(board: str) -> None:
    link = incident_link(board, alert())
    assert link is not None
    assert link.startswith(f"{AIRFLOW}/plugin/support/support/incident?key=outage%3Ashop%3A")


def test_a_hostile_subject_survives_the_way_through_a_link() -> None:
    hostile = alert("a/b?c#d&e=f% +é\"'<>\n")
    link = incident_link(f"{AIRFLOW}/plugin/support", hostile)
    assert link is not None
    assert parse_qs(urlsplit(link).query) == {"key": [hostile.key]}
    assert set(link).isdisjoint(" <>\"'\n#")


@pytest.mark.parametrize("board", [f"{AIRFLOW}/elsewhere/", f"{AIRFLOW}/plugin/x?y=z"])
def test_an_address_that_is_not_airflows_is_linked_as_it_is(board: str) -> None:
    assert incident_link(board, alert()) == board
    assert incident_link(None, alert()) is None
    assert incident_link("javascript:/plugin/", alert()) is None


def test_a_subject_too_long_for_an_address_leads_to_the_board() -> None:
    board = f"{AIRFLOW}/plugin/support"
    assert incident_link(board, alert("x" * 2000)) == board


def test_a_mail_leads_to_its_incident_and_a_bundle_to_the_board() -> None:
    board = f"{AIRFLOW}/plugin/support"
    one = compose([Notification(alert(), Phase.FIRING)], CHANNELS["email"], "UTC", board)
    two = [Notification(alert(name), Phase.FIRING) for name in ("shop", "blog")]
    both = compose(two, CHANNELS["email"], "UTC", board)
    assert f"{board}/support/incident?key=" in one.text
    assert f"{board}/support/incident?key=" in (one.html or "")
    assert f"Board: {board}\n" in both.text + "\n"
