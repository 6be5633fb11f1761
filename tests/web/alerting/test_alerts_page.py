"""The list of alerts: who has what, filters, search and history; and acts on one or several."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from alert_builders import alert
from service_level_alerts import ticket_alert
from supportops.alerts import store as alerts
from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.db.engine import reading, writing
from supportops.sites.check import Reason
from web.boards import (
    ACTOR,
    NOON,
    READER,
    live_through,
    make_board,
    site_entry,
    slots_until,
    visible,
    write_config,
)

HOSTILE = "<script>alert(1)</script>'\"& {{7*7}} \u202e"


class Desk:
    """A board over alerts that are open since some minutes before NOON."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.now = engine, NOON
        live_through(engine, folder, slots_until(NOON, 1), lambda *_: Reason.OK)
        self.client = TestClient(make_board(engine, lambda: self.now))

    def raise_(self, *found: Alert) -> None:
        with writing(self.engine) as connection:
            for each in found:
                at = NOON - timedelta(minutes=5)
                alerts.raise_alert(connection, replace(each, opened_at=at), at)

    def page(self, query: str = "", headers: Any = ACTOR) -> str:
        answer = self.client.get(f"/alerts{query}", headers=dict(headers))
        assert answer.status_code == 200
        return answer.text

    def names(self, query: str = "") -> list[str]:
        return re.findall(r"<strong>([^<]*)</strong>", self.page(query))

    def act(self, act: str, /, **body: Any) -> tuple[int, Any]:
        answer = self.client.post(f"/act/{act}", json=body, headers=dict(ACTOR))
        return answer.status_code, answer.json()

    def incident(self, key: str) -> str:
        return self.client.get("/incident", params={"key": key}, headers=dict(READER)).text

    def stored(self, key: str) -> Alert:
        with reading(self.engine) as connection:
            found = alerts.find(connection, key)
        assert found is not None
        return found


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    return Desk(store, write_config(tmp_path / "config", [site_entry("shop", "Acme")]))


def test_incidents_tickets_and_the_installation_stand_apart(desk: Desk) -> None:
    desk.raise_(*(ticket_alert(number) for number in range(3)), alert("Shop"))
    desk.raise_(alert("sms", Kind.DELIVERY, severity=Severity.WARNING))
    text = visible(desk.page())
    order = [text.index(f" {title} {count} ") for title, count in (("Incidents", 1),)]
    assert order[0] < text.index("This installation 1", order[0]) < text.rindex("Tickets 3")
    assert desk.names("?about=tickets") == desk.names("?kind=sla_breach")
    assert desk.names("?about=incidents") == ["Shop"]
    assert desk.names("?severity=warning&about=installation") == ["sms"]


def test_filters_count_what_they_would_show(desk: Desk) -> None:
    first, second = alert("Shop", customer="Acme"), alert("Blog", customer="Kestrel Hire")
    desk.raise_(first, second)
    assert desk.act("acknowledge", key=first.key)[0] == 200
    assert desk.names("?state=unacknowledged") == ["Blog"]
    assert desk.names("?state=mine") == ["Shop"] == desk.names("?state=acknowledged")
    assert desk.names("?customer=kestrel  HIRE") == ["Blog"]
    assert "1 Nobody has it" in visible(desk.page())
    assert desk.names("?customer=Nobody") == []


def test_a_server_counts_for_each_customer_that_it_hurts(desk: Desk) -> None:
    affected = [{"site": "shop", "customer": "Acme"}, {"site": "wiki", "customer": "Wren"}]
    desk.raise_(alert("web-1", Kind.HOST_OUTAGE, customer=None, facts={"affected": affected}))
    assert desk.names("?customer=acme") == ["web-1"] == desk.names("?customer=Wren")
    assert desk.names("?customer=Kestrel") == []


def test_a_reference_of_a_message_finds_its_alert(desk: Desk) -> None:
    many = [alert(f"Site {number}") for number in range(60)]
    desk.raise_(*many)
    wanted = many[37]
    for written in ("#" + reference_of(wanted.key), reference_of(wanted.key).upper()):
        assert desk.names(f"?text={written.replace('#', '%23')}") == ["Site 37"]
    assert len(desk.names("?text=sITE")) == 50
    assert desk.names("?text=100%25_") == []


def test_pages_show_each_alert_once(desk: Desk) -> None:
    desk.raise_(*(alert(f"Site {number:03}") for number in range(120)))
    shown = [desk.names(f"?page={number}") for number in (1, 2, 3, 4)]
    assert [len(each) for each in shown] == [50, 50, 20, 0]
    assert len({name for each in shown for name in each}) == 120
    assert "120 open" in visible(desk.page())


def test_what_is_over_is_history_the_newest_first(desk: Desk) -> None:
    desk.raise_(alert("Shop"), alert("Blog"), alert("Wiki"))
    with writing(desk.engine) as connection:
        for minutes, name in enumerate(("Blog", "Shop")):
            at = NOON - timedelta(minutes=3 - minutes)
            alerts.resolve_alert(connection, Kind.OUTAGE, name, at)
    assert desk.names() == ["Wiki"]
    assert desk.names("?state=over") == ["Shop", "Blog"]
    assert "lasted 3 min" in visible(desk.page("?state=over"))
    assert 'data-act="acknowledge' not in desk.page("?state=over")


def test_several_are_taken_with_one_note_and_one_that_is_over_holds_back_none(desk: Desk) -> None:
    several = [alert(f"Site {number}") for number in range(4)]
    desk.raise_(*several)
    with writing(desk.engine) as connection:
        alerts.resolve_alert(connection, Kind.OUTAGE, "Site 3", NOON)
    keys = [each.key for each in several]
    status, found = desk.act("acknowledge_several", keys=keys, note="disk", minutes=60)
    assert (status, found["taken"]) == (200, 3)
    assert "1 not: it is over" in found["said"]
    taken = desk.stored(keys[0])
    expected = ("ada", NOON + timedelta(hours=1))
    assert (taken.acknowledged_by, taken.acknowledged_until) == expected
    assert desk.act("acknowledge_several", keys=[])[0] == 409
    assert desk.act("acknowledge_several", keys=keys)[1]["detail"].startswith("None was taken")


def test_an_acknowledgement_that_ran_out_is_none(desk: Desk) -> None:
    one = alert("Shop")
    desk.raise_(one)
    desk.act("acknowledge", key=one.key, minutes=30)
    desk.now = NOON + timedelta(minutes=31)
    assert desk.names("?state=unacknowledged") == ["Shop"]
    assert "ada has it" not in visible(desk.page())


def test_take_over_give_back_and_snooze_are_in_the_history_of_the_alert(desk: Desk) -> None:
    one = alert("Shop")
    desk.raise_(one)
    desk.act("acknowledge", key=one.key)
    assert desk.act("take_over", key=one.key, holder="grace")[0] == 409
    assert desk.act("unacknowledge", key=one.key)[0] == 200
    assert desk.act("snooze", key=one.key, minutes=60, note="wait for DNS")[0] == 200
    shown = visible(desk.incident(one.key))
    for words in ("Acknowledged by ada", "Given back by ada", "Snoozed until", "wait for DNS"):
        assert words in shown
    assert desk.act("end_snooze", key=one.key)[0] == 200
    assert desk.act("snooze", key=one.key, minutes=0)[0] == 400


def test_a_cause_is_noted_on_the_page_of_the_incident(desk: Desk) -> None:
    one = alert("Shop")
    desk.raise_(one)
    assert desk.act("note_cause", key=one.key, cause="Disk full", note="told the host")[0] == 200
    shown = visible(desk.incident(one.key))
    assert "Disk full" in shown
    assert "told the host" in shown
    assert desk.act("note_cause", key=one.key, cause="x" * 300)[0] == 409


def test_a_silence_is_previewed_made_and_ended(desk: Desk) -> None:
    desk.raise_(alert("Shop", site="Shop"), alert("Blog", site="Blog"))
    query = "?label=site&how=glob&value=sho*"
    preview = visible(desk.client.get(f"/silences{query}", headers=dict(ACTOR)).text)
    assert "1 open alert: Shop" in preview
    body = {"label": "site", "how": "glob", "value": "sho*", "value2": "", "minutes": 60}
    status, found = desk.act("add_silence", **body)
    assert (status, list(found["fields"])) == (409, ["reason"])
    status, found = desk.act("add_silence", **body, reason="new disk")
    assert (status, found["to"]) == (200, "silences")
    listed = visible(desk.client.get("/silences", headers=dict(READER)).text)
    assert "site=sho*" in listed
    assert "new disk (ada" in listed
    assert "Silenced (1)" in visible(desk.page()).replace("( 1 )", "(1)")
    assert desk.act("expire_silence", id=1)[0] == 200
    assert desk.act("expire_silence", id=1)[0] == 409


@pytest.mark.parametrize(
    "changed", [{"value": ""}, {"how": "regex", "value": "("}, {"label": "kind", "value": "x"}]
)
def test_a_matcher_that_cannot_be_used_is_said_at_its_field(
    desk: Desk, changed: dict[str, Any]
) -> None:
    body = {"label": "site", "how": "equal", "value": "shop", "minutes": 5, "reason": "x"}
    status, found = desk.act("add_silence", **(body | changed))
    assert (status, list(found["fields"])) == (409, ["value"])


def test_hostile_names_stay_text_on_every_part_of_the_list(desk: Desk) -> None:
    one = alert(HOSTILE, customer=HOSTILE, headline=HOSTILE)
    desk.raise_(one)
    desk.act("acknowledge", key=one.key, note=HOSTILE)
    for page in (desk.page(), desk.page("?text=%3Cscript%3E&customer=%3Cscript%3E")):
        assert "<script>alert" not in page
        assert "49" not in re.findall(r"\{\{7\*7\}\}|(49)\b", page)
    (body,) = re.findall(r'name="keys" data-list value="([^"]*)"', desk.page())
    assert "<" not in body
    assert json.dumps(body)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_an_outage_leads_to_the_ticket_that_was_made_of_it(desk: Desk, tmp_path: Path) -> None:
    folder = write_config(tmp_path / "config", [site_entry("shop", "Acme")])
    live_through(desk.engine, folder, slots_until(NOON, 1), lambda *_: Reason.OK)
    later = slots_until(NOON + timedelta(minutes=10), 2)
    live_through(desk.engine, folder, later, lambda *_: Reason.REFUSED)
    desk.now = NOON + timedelta(minutes=11)
    (href,) = re.findall(r'class="button" href="(ticket[^"]*)" aria-label', desk.page())
    with reading(desk.engine) as connection:
        outage = alerts.find_open(connection, Kind.OUTAGE, "shop")
    assert outage is not None
    shown = desk.incident(outage.key)
    assert f'<a class="button" href="{href}">Its ticket</a>' in shown
    ticket = desk.client.get(f"/{unescape(href)}", headers=dict(READER))
    assert ticket.status_code == 200
    assert "shop" in visible(ticket.text)
    assert "incident?key=outage" in ticket.text
