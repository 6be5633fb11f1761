"""Receivers take alerts by the link of their message, and nothing else can."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from alert_builders import NOON, alert, minutes
from dispatching import Desk, Service, configuration, everything_to, receivers
from supportops.alerts.acts.link import LIFE, LinkError, Links
from supportops.alerts.alert import Alert, Kind
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import alert_acts as table
from supportops.flows.alerts import alert_acts
from supportops.notify.outgoing import Outcome
from supportops.web.public.app import make_public_app

SECRET = "s" * 32
PUBLIC = "https://ack.example.org"
SHOP = alert()
NAMES = ("engineer_chat", "manager_chat")


class Endpoint:
    """The public endpoint of one installation, and its dispatch."""

    def __init__(self, store: Engine) -> None:
        self.secrets = {f"apprise_{name}": "json://localhost" for name in NAMES}
        self.secrets["alert_links"] = SECRET
        self.desk = Desk(store, self.secrets)
        steps = [{"after": f"{30 * number}m", "receivers": [n]} for number, n in enumerate(NAMES)]
        self.desk.activate(
            configuration(
                receivers=receivers(*NAMES),
                routes=[{"name": "all", "steps": steps}],
                public_url=PUBLIC,
            )
        )
        self.context = Context(store, Path(), self.secrets.get)
        self.links, self.service = Links(SECRET), Service(Outcome.HANDED_OVER)
        app = make_public_app(self.open, LastConfiguration(), self.links, self.desk.clock)
        self.client = TestClient(app)

    @contextmanager
    def open(self) -> Iterator[Context]:
        yield self.context

    def token(self, target: str = "engineer_chat", of: Alert = SHOP) -> str:
        return self.links.token(of.key, target, self.desk.clock.now)

    def acts(self) -> list[tuple[str, str]]:
        with reading(self.desk.store) as connection:
            rows = connection.execute(select(table).order_by(table.c.id))
            return [(row.kind, row.who) for row in rows]

    def at(self, count: float) -> list[str]:
        """To whom a dispatch sends, so many minutes after noon."""
        before, self.desk.clock.now = len(self.desk.attempts()), NOON + minutes(count)
        self.desk.dispatch(self.service)
        return [row.target for row in self.desk.attempts()[before:]]


@pytest.fixture
def endpoint(store: Engine) -> Endpoint:
    found = Endpoint(store)
    found.desk.raise_(SHOP)
    return found


def test_one_tap_on_the_link_of_a_message_stops_the_next_step(endpoint: Endpoint) -> None:
    assert endpoint.at(0) == ["engineer_chat"]
    (message,) = endpoint.service.sent
    found = re.search(r"\[Acknowledge\]\((https://ack\.example\.org/(\S+))\)", message.text)
    assert found is not None
    assert message.action == found[1]
    page = endpoint.client.get(f"/{found[2]}")
    assert page.status_code == 200
    assert "Nobody has it yet." in page.text
    assert "<script" not in page.text
    done = endpoint.client.post(f"/{found[2]}")
    assert "engineer_chat has it. Reminders and later steps stop." in done.text
    assert endpoint.at(31) == []
    assert endpoint.acts() == [("acknowledged", "engineer_chat")]


def test_a_thousand_openings_take_nothing(endpoint: Endpoint) -> None:
    address = f"/{endpoint.token()}"
    for _ in range(500):
        assert endpoint.client.get(address).status_code == 200
        assert endpoint.client.head(address).status_code == 200
    assert endpoint.acts() == []


def test_the_form_has_name_length_and_note(endpoint: Endpoint) -> None:
    form = {"name": "Ada <b>\u202eX", "length": "2h", "note": "on\nit"}
    done = endpoint.client.post(f"/{endpoint.token()}", data=form)
    assert "Ada &lt;b&gt;X (engineer_chat) has it until 2026-11-24 14:00 UTC" in done.text
    found = alert_acts.find(endpoint.context, SHOP.key)
    assert found.acknowledged_until == NOON + minutes(120)
    history = alert_acts.history(endpoint.context, SHOP.key, NOON)
    assert [each.note for each in history.entries if each.kind == "act"] == ["on it"]


def test_the_second_is_told_who_has_it_and_may_take_it_over(endpoint: Endpoint) -> None:
    first, second = endpoint.token(), endpoint.token("manager_chat")
    endpoint.client.post(f"/{first}")
    again = endpoint.client.post(f"/{first}")
    assert (again.status_code, "You have it already." in again.text) == (200, True)
    late = endpoint.client.post(f"/{second}")
    assert (late.status_code, "engineer_chat has it already." in late.text) == (409, True)
    shown = endpoint.client.get(f"/{second}").text
    assert "engineer_chat has it since Tue 24 Nov 2026 12:00 GMT" in shown
    assert 'name="holder" value="engineer_chat"' in shown
    endpoint.client.post(f"/{second}", data={"holder": "engineer_chat"})
    stale = endpoint.client.post(f"/{first}", data={"holder": "engineer_chat"})
    assert (stale.status_code, "manager_chat has it already." in stale.text) == (409, True)
    assert endpoint.acts() == [("acknowledged", "engineer_chat"), ("taken_over", "manager_chat")]


def test_what_is_over_cannot_be_taken(endpoint: Endpoint) -> None:
    address = f"/{endpoint.token()}"
    endpoint.desk.resolve(SHOP)
    shown = endpoint.client.get(address)
    assert "It is over; there is nothing to take." in shown.text
    assert "<form" not in shown.text
    assert endpoint.client.post(address).status_code == 409
    assert endpoint.acts() == []


def rewritten(token: str) -> list[str]:
    """The same signature with its unused bits set, and with signs that base64 passes over."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = signs.index(token[-1])
    alike = [signs[each] for each in range(last, last + 4) if each != last]
    return [*(f"{token[:-1]}{each}" for each in alike), f"{token}!", f"{token[:-5]}~{token[-5:]}"]


def test_an_address_that_is_changed_foreign_or_old_shows_nothing(endpoint: Endpoint) -> None:
    token = endpoint.token()
    alert_part, until, *rest = token.split(".")
    others = [
        ".".join([alert_part, until, *rest[:-1], rest[-1].swapcase()]),
        f"0{token[1:]}" if token[0] != "0" else f"1{token[1:]}",
        ".".join([alert_part, f"{int(until, 16) + 10**6:x}", *rest]),
        ".".join([alert_part, until, "manager_chat", rest[-1]]),
        Links("t" * 32).token(SHOP.key, "engineer_chat", NOON),
        *rewritten(token),
        "x" * 501,
        "favicon.ico",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "",
    ]
    endpoint.desk.clock.now = NOON
    for other in others:
        for answer in (endpoint.client.get(f"/{other}"), endpoint.client.post(f"/{other}")):
            assert answer.status_code in (404, 405)
            assert "Acme" not in answer.text
    endpoint.desk.clock.now = NOON + LIFE
    old = endpoint.client.post(f"/{token}")
    assert (old.status_code, "expired" in old.text) == (404, True)
    assert endpoint.acts() == []


def test_a_receiver_that_left_takes_nothing(endpoint: Endpoint) -> None:
    token = endpoint.token("somebody_chat")
    assert endpoint.client.post(f"/{token}").status_code == 410
    assert endpoint.acts() == []


def test_a_customers_receiver_reads_of_its_own_sites_alone(endpoint: Endpoint) -> None:
    endpoint.desk.activate(
        configuration(
            receivers=receivers(*NAMES),
            routes=[
                everything_to("manager_chat"),
                everything_to("engineer_chat", name="acme", match={"customer": ["Acme"]}),
            ],
        )
    )
    affected = [{"site": "Shop", "customer": "Acme"}, {"site": "Blog", "customer": "Bolt"}]
    facts: dict[str, Any] = {"affected": affected, "sites": ["Shop", "Blog"]}
    wide = alert("web-1", Kind.HOST_OUTAGE, site=None, customer=None, facts=facts)
    endpoint.desk.raise_(wide)
    shown = endpoint.client.get(f"/{endpoint.token(of=wide)}").text
    assert "Shop" in shown
    assert "Blog" not in shown
    assert "Blog" in endpoint.client.get(f"/{endpoint.token('manager_chat', wide)}").text


def test_pages_are_private_and_run_nothing(endpoint: Endpoint) -> None:
    for answer in (endpoint.client.get(f"/{endpoint.token()}"), endpoint.client.get("/nothing/x")):
        headers = answer.headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex, nofollow"
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert endpoint.client.get(path).status_code == 404


def test_a_form_that_is_too_large_is_refused(endpoint: Endpoint) -> None:
    answer = endpoint.client.post(f"/{endpoint.token()}", content=b"note=" + b"x" * 70_000)
    assert (answer.status_code, endpoint.acts()) == (413, [])


def test_no_message_has_a_link_without_a_secret_or_when_somebody_has_it(
    endpoint: Endpoint,
) -> None:
    endpoint.secrets["alert_links"] = "short"
    endpoint.at(0)
    assert "[Acknowledge]" not in endpoint.service.sent[0].text
    endpoint.secrets["alert_links"] = SECRET
    other = alert("Other")
    endpoint.desk.raise_(other)
    alert_acts.acknowledge(endpoint.context, other.key, "Ada", NOON)
    endpoint.at(1)
    assert "[Acknowledge]" not in endpoint.service.sent[1].text
    endpoint.at(30)
    assert "[Acknowledge]" in endpoint.service.sent[2].text


@pytest.mark.parametrize("target", ["engineer_chat", "a.b", "é/x"])
def test_a_token_names_the_alert_and_the_person(target: str) -> None:
    links = Links(SECRET)
    token = links.token(SHOP.key, target, NOON)
    assert re.fullmatch(r"[\w.%-]+", token, re.ASCII)
    found = links.read(token, NOON + LIFE - minutes(1))
    assert (found.target, found.expires_at) == (target, NOON + LIFE)
    with pytest.raises(LinkError, match="expired"):
        links.read(token, NOON + LIFE)


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 32"):
        Links("s" * 31)


def test_an_sms_has_room_for_the_link(store: Engine) -> None:
    token = Links(SECRET).token(SHOP.key, "engineer_sms", NOON)
    assert len(f"{PUBLIC}/{token}") < 90
