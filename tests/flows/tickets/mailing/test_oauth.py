"""Mailboxes by OAuth 2.0 token, on a real IMAP server that asks the authority about each token."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import NOON
from flows.tickets.mailing.dovecot import Dovecot
from flows.tickets.mailing.mails import installation, voicemail
from flows.tickets.mailing.test_imap import troubles
from flows.tickets.mailing.tokens import CLIENT, REFRESH, SECRET, Tokens
from supportops.bootstrap import secret_reader
from supportops.context import Context
from supportops.flows.tickets import mailbox
from supportops.mailbox.oauth import OAuthError, client_of, token_of

# What a server says does not depend on the database.
ONE_DATABASE = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

NAME = "AIRFLOW_CONN_MAILBOX_ANSWERPHONE"


class Box:
    """A mailbox whose connection names a token endpoint."""

    def __init__(
        self, store: Engine, folder: Path, server: Dovecot, patch: pytest.MonkeyPatch, login: str
    ) -> None:
        self.store, self.server, self.patch, self.login = store, server, patch, login
        self.tokens: Tokens = server.tokens
        self.tokens.start(login)
        self.folder = installation(folder, server.entry(login, timeout="1s"))
        self.minute = 0
        self.connect()
        server.deliver(login, voicemail(), at=NOON.timestamp())

    def connect(self, password: str | None = None, **extra: Any) -> None:
        known = {
            "token_endpoint": f"{self.tokens.url}/token",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "scope": "https://outlook.office365.com/.default",
            "login_of_the_test": self.login,
        } | extra
        fields = {"conn_type": "imap", "extra": {k: v for k, v in known.items() if v is not None}}
        if password:
            fields["password"] = password
        self.patch.setenv(NAME, json.dumps(fields))

    def read(self) -> dict[str, Any]:
        self.minute += 1
        context = Context(self.store, self.folder, secret_reader())
        found = mailbox.run(context, lambda: NOON + timedelta(minutes=self.minute))
        return found["mailboxes"]["answerphone"]


@pytest.fixture
def box(
    store: Engine, tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch, login: str
) -> Box:
    return Box(store, tmp_path, server, monkeypatch, login)


@ONE_DATABASE
def test_it_logs_in_by_client_credentials_and_uses_a_token_while_it_is_good(box: Box) -> None:
    assert box.read()["ticket"] == 1
    box.server.deliver(box.login, voicemail(), at=NOON.timestamp())
    assert box.read()["ticket"] == 1
    (form,) = box.tokens.asked
    assert (form["grant_type"], form["client_id"]) == ("client_credentials", CLIENT)
    assert form["scope"] == "https://outlook.office365.com/.default"


@ONE_DATABASE
def test_the_password_of_the_connection_is_the_clients_secret(box: Box) -> None:
    box.connect(password=SECRET, client_secret=None)
    assert box.read()["ticket"] == 1


@ONE_DATABASE
def test_it_logs_in_by_a_refresh_token(box: Box) -> None:
    box.connect(refresh_token=REFRESH, scope=None)
    assert box.read()["ticket"] == 1
    (form,) = box.tokens.asked
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", REFRESH)
    assert "scope" not in form


@ONE_DATABASE
def test_a_token_that_is_no_longer_good_is_renewed_once(box: Box) -> None:
    box.read()
    box.tokens.good.clear()
    box.server.deliver(box.login, voicemail(), at=NOON.timestamp())
    assert box.read() | {"fault": None} == box_counts(ticket=1)
    assert len(box.tokens.asked) == 2


def box_counts(**known: int) -> dict[str, Any]:
    names = ("ticket", "joined", "ignored", "quarantined", "again", "paged", "left")
    return dict.fromkeys(names, 0) | known | {"fault": None}


@ONE_DATABASE
def test_a_token_that_has_expired_is_not_tried(box: Box) -> None:
    box.tokens.expires_in = 30
    box.read()
    box.read()
    assert len(box.tokens.asked) == 2


@ONE_DATABASE
def test_a_refused_token_is_the_mailboxs_alert_with_the_servers_reason(
    box: Box, store: Engine
) -> None:
    box.tokens.user = "somebody-else"
    fault = box.read()["fault"]
    assert fault.startswith("login refused: ")
    (alert,) = troubles(store)
    assert alert.headline == fault
    assert len(box.tokens.asked) == 1, "a new token that is refused is not renewed"
    box.tokens.user = box.login
    box.read()  # renews the known token, which is refused
    assert troubles(store) == []


@ONE_DATABASE
def test_an_authority_that_refuses_is_an_alert_at_once_and_no_secret_is_shown(
    box: Box, store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    box.connect(client_secret="wrong-s3cret")
    fault = box.read()["fault"]
    assert "gives no token (status 401): invalid_client" in fault
    assert "127.0.0.1" in fault
    (alert,) = troubles(store)
    assert alert.headline == fault
    said = f"{fault} {alert.facts} {caplog.text}"
    assert not [each for each in ("wrong-s3cret", SECRET, REFRESH) if each in said]


@ONE_DATABASE
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((503, b"busy"), "gives no token (status 503)"),
        ((429, b"[]"), "gives no token (status 429)"),
        ((200, b"<html>"), "answers without a token"),
        ((200, b'{"access_token": "a\\r\\nb"}'), "what is no token"),
        ((200, b'{"access_token": 7}'), "what is no token"),
        ((200, b"[" * 100_000), "answers without a token"),
        ((200, b" " * 200_000), "answers with too much"),
        (1.3, "did not answer in time"),
    ],
)
def test_what_may_pass_is_an_alert_the_second_time(
    box: Box, store: Engine, fault: Any, words: str
) -> None:
    box.tokens.faults += [fault, fault]
    assert words in box.read()["fault"]
    assert troubles(store) == []
    box.read()
    (alert,) = troubles(store)
    assert words in alert.headline
    assert box.read()["fault"] is None
    assert troubles(store) == []


@ONE_DATABASE
def test_a_redirect_does_not_carry_the_secret_away(box: Box) -> None:
    box.tokens.faults.append((302, b""))
    assert "status 302" in box.read()["fault"]
    assert len(box.tokens.asked) == 1


@ONE_DATABASE
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"client_id": None}, "no client_id"),
        ({"client_secret": None}, "neither client_secret nor refresh_token"),
        ({"token_endpoint": "http://login.example/token"}, "is not https"),
        ({"token_endpoint": "nowhere"}, "is no address"),
        ({"client_id": 7}, "its client_id is no text"),
    ],
)
def test_settings_that_cannot_be_used_say_which(
    box: Box, store: Engine, extra: dict[str, Any], words: str
) -> None:
    box.connect(**extra)
    fault = box.read()["fault"]
    assert fault.startswith("no login: the connection mailbox_answerphone: ")
    assert words in fault
    assert box.tokens.asked == []


def test_a_password_that_looks_like_json_is_a_password() -> None:
    assert client_of("{secret}") is None
    assert client_of('{"a": 1}') is None


@pytest.mark.parametrize("life", [None, "x", -5, 1e300, True, "3600"])
def test_a_life_of_any_kind_is_bounded(life: object) -> None:
    answer = json.dumps({"access_token": "t", "expires_in": life}).encode()
    try:
        token = token_of(answer)
    except OAuthError:
        pytest.fail("a token with a strange life is a token")
    assert -timedelta(minutes=2) <= token.life <= timedelta(days=1)
