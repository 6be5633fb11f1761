"""The connection `zendesk`, as Airflow and as a shell write it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from supportops.bootstrap import open_ticket_sources
from supportops.connections import Lookup, SetupError
from supportops.tickets.zendesk.model import Account, account_of
from supportops.tickets.zendesk.source import ZendeskSource

GOOD = {"host": "acme", "login": "a@b.example/token", "password": "s3cret"}


@dataclass
class FromAirflow:
    host: str | None = "acme.zendesk.com"
    login: str | None = "a@b.example/token"
    password: str | None = "s3cret"
    extra_dejson: dict[str, Any] = field(default_factory=dict)

    def get_uri(self) -> str:
        return "unused://"


def connected(lookup: Lookup | None = None) -> Account | None:
    """The account of the one source that is set, None where there is none."""
    with open_ticket_sources(lookup) as sources:
        if not sources:
            return None
        [source] = sources
        assert isinstance(source, ZendeskSource)
        return source.client.account


@pytest.fixture(autouse=True)
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ZENDESK", raising=False)


def test_without_a_connection_there_is_no_source() -> None:
    assert connected() is None


def test_a_connection_unknown_to_airflow_is_no_source() -> None:
    class AirflowNotFoundException(Exception):
        pass

    def lookup(_: str) -> Any:
        raise AirflowNotFoundException

    assert connected(lookup) is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("acme", "https://acme.zendesk.com"),
        ("acme.zendesk.com", "https://acme.zendesk.com"),
        ("https://acme.zendesk.com/", "https://acme.zendesk.com"),
        ("help.acme.example", "https://help.acme.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_host_is_a_name_or_an_address(host: str, address: str) -> None:
    assert account_of(GOOD | {"host": host}).address == address


def test_airflows_connection_is_read() -> None:
    extra = {"start": "2026-01-05", "site_field": 42, "proxy": "http://p:1"}
    found = connected(lambda name: FromAirflow(extra_dejson=extra))
    assert found is not None
    assert (found.address, found.login) == ("https://acme.zendesk.com", "a@b.example/token")
    assert (found.token, found.start, found.site_field) == ("s3cret", 1_767_571_200, "42")
    assert found.proxy == "http://p:1"


def test_a_shells_json_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = GOOD | {"conn_type": "http", "extra": '{"site_field": "7"}'}
    monkeypatch.setenv("AIRFLOW_CONN_ZENDESK", json.dumps(fields))
    found = connected()
    assert found is not None
    assert (found.address, found.token, found.site_field) == (
        "https://acme.zendesk.com",
        "s3cret",
        "7",
    )


def test_a_shells_address_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    written = "http://a%40b.example%2Ftoken:s3%2Fcret@acme.zendesk.com/?start=2026-01-05"
    monkeypatch.setenv("AIRFLOW_CONN_ZENDESK", written)
    found = connected()
    assert found is not None
    assert (found.login, found.token, found.start) == (
        "a@b.example/token",
        "s3/cret",
        1_767_571_200,
    )


def test_without_a_login_the_token_is_oauths() -> None:
    assert account_of(GOOD | {"login": None}).login == ""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"password": ""}, "no password"),
        ({"login": "a@b.example"}, "without /token"),
        ({"password": "two\nlines-s3cret"}, "line break"),
        ({"host": ""}, "its host is neither"),
        ({"host": "http://acme.zendesk.com"}, "its host is neither"),
        ({"host": "https://user:s3cret@acme.zendesk.com"}, "its host is neither"),
        ({"host": "https://acme.zendesk.com/path"}, "its host is neither"),
        ({"host": "ftp://acme"}, "its host is neither"),
        ({"host": "http://[::1"}, "its host is neither"),
        ({"extra": {"start": "soon"}}, "its start is no date"),
        ({"extra": "text"}, "no JSON object"),
    ],
)
def test_a_fault_is_one_line_without_the_secret(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        account_of(GOOD | fields)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", ["{not json s3cret", '{"extra": "{s3cret"}', '{"extra": 3}'])
def test_a_shells_broken_json_is_a_fault(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ZENDESK", written)
    with pytest.raises(SetupError, match="the connection zendesk") as caught:
        connected()
    assert "s3cret" not in str(caught.value)
