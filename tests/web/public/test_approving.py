"""A draft for a customer is approved, edited or dropped by the link of a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from flows.customers.noticing.agency import Agency, configuration
from supportops.alerts.acts.link import LIFE, Links
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.web.public.app import make_public_app

SECRET = "s" * 32
PUBLIC = "https://ack.example.org"


class Phone:
    """Somebody of the team who has the message about a draft on a phone."""

    def __init__(self, store: Engine) -> None:
        self.agency = Agency(store)
        self.agency.desk.secrets = {**self.agency.desk.secrets, "alert_links": SECRET}
        self.agency.context = Context(
            store, self.agency.context.config, self.agency.desk.secrets.get
        )
        self.agency.activate(configuration(public_url=PUBLIC))
        app = make_public_app(self.open, LastConfiguration(), Links(SECRET), self.agency.desk.clock)
        self.client = TestClient(app)
        self.agency.down("acme-shop")
        self.agency.pass_minutes(1)
        (self.message,) = self.agency.messages("team_email")
        found = re.search(rf"Read and decide: {PUBLIC}/(\S+)", self.message.text)
        assert found is not None
        self.address = f"/{found[1]}"

    @contextmanager
    def open(self) -> Iterator[Context]:
        yield self.agency.context

    def form(self, **fields: str) -> dict[str, str]:
        draft = self.agency.notices()[0]
        known = {"version": str(draft.version), "subject": draft.subject, "text": draft.text}
        return known | fields


@pytest.fixture
def phone(store: Engine) -> Phone:
    return Phone(store)


def test_one_reads_a_draft_on_a_phone_and_approves_it(phone: Phone) -> None:
    page = phone.client.get(phone.address)
    assert page.status_code == 200
    assert "Notice to Acme" in page.text
    assert "acme-shop cannot be reached" in page.text
    assert "<script" not in page.text
    assert '<form method="post">' in page.text
    done = phone.client.post(phone.address, data=phone.form(decision="approve", name="Ada"))
    assert done.status_code == 200
    assert "It is sent" in done.text
    assert phone.agency.states() == ["first sent"]
    assert phone.agency.notices()[0].decided_by == "Ada (team_email)"


def test_opening_the_link_and_an_empty_form_approve_nothing(phone: Phone) -> None:
    assert phone.message.action is None, "no button that approves what nobody read"
    for _ in range(200):
        phone.client.get(phone.address)
        phone.client.head(phone.address)
    assert phone.client.post(phone.address).status_code == 400
    assert phone.client.post(phone.address, data={"decision": "approve"}).status_code == 400
    wrong = phone.form(decision="approve") | {"version": "٣"}
    assert phone.client.post(phone.address, data=wrong).status_code == 400
    assert phone.agency.states() == ["first waiting"]


def test_what_is_written_on_the_phone_is_sent(phone: Phone) -> None:
    form = phone.form(decision="approve", subject="Your shop <b>", text="One\r\ntwo")
    assert "It is sent" in phone.client.post(phone.address, data=form).text
    sent = phone.agency.notices()[0]
    assert (sent.subject, sent.text, sent.edited) == ("Your shop <b>", "One\ntwo", True)
    assert "Your shop &lt;b&gt;" in phone.client.get(phone.address).text


def test_a_draft_is_dropped_and_whoever_comes_later_learns_by_whom(phone: Phone) -> None:
    late = phone.form(decision="approve")
    phone.client.post(phone.address, data=phone.form(decision="drop", note="a test"))
    assert phone.agency.states() == ["first dropped"]
    answer = phone.client.post(phone.address, data=late)
    assert answer.status_code == 409
    assert "was dropped by team_email" in answer.text
    assert "<form" not in phone.client.get(phone.address).text


def test_a_text_that_was_changed_since_is_not_sent(phone: Phone) -> None:
    form = phone.form(decision="approve")
    phone.agency.down("acme-blog")
    phone.agency.round()
    assert phone.agency.notices()[0].version == 2, "the draft names both"
    assert phone.client.post(phone.address, data=form).status_code == 409
    assert phone.agency.states() == ["first waiting"]
    assert phone.client.post(phone.address, data=form | {"version": "2"}).status_code == 200


def test_the_link_expires(phone: Phone) -> None:
    phone.agency.clock.now += LIFE
    assert phone.client.get(phone.address).status_code == 404
    assert phone.client.post(phone.address, data=phone.form(decision="approve")).status_code == 404
