"""The pages over a store with a past, on both databases."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from alert_builders import alert
from supportops.alerts.alert import Kind
from supportops.alerts.silencing.silence import parsed
from supportops.alerts.store import find, find_open, raise_alert
from supportops.context import Context, no_secrets
from supportops.db.engine import reading, writing
from supportops.db.schema import alert_hold
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts import alert_dispatch, silences
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.sites.check import Reason
from supportops.sites.site import Site
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

HOSTILE = '<script>alert("x")</script>\'&\n\u202e{{7*7}}'


class Board:
    """A store with a history, the board over it, and a clock that can be set."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.now = NOON
        self.client = TestClient(make_board(engine, lambda: self.now))

    def live(self, sites: list[dict[str, object]], answer, count: int = 6) -> None:
        write_config(self.folder, sites)
        live_through(self.engine, self.folder, slots_until(NOON, count), answer)

    def get(self, path: str = "/", status: int = 200, **query: str) -> str:
        response = self.client.get(path, params=query, headers=dict(READER))
        assert response.status_code == status, response.text
        return response.text

    def text(self, path: str = "/", status: int = 200, **query: str) -> str:
        """What a reader sees, white space collapsed."""
        return visible(self.get(path, status, **query))

    def dispatch(self, outcome: Outcome = Outcome.HANDED_OVER) -> None:
        def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
            return Delivery(outcome, "HTTP 500 Server Error", 0.2)

        alert_dispatch.run(self.engine, lambda name: f"json://{name}", lambda: self.now, send=send)


def listed(page: str) -> list[str]:
    """The sites on the board, in their order."""
    return [unquote(name) for name in re.findall(r'href="site\?name=([^"]+)"', page)]


@pytest.fixture
def board(store: Engine, tmp_path: Path) -> Board:
    return Board(store, tmp_path / "config")


def all_well(site: Site, page: str, at: datetime) -> Reason:
    return Reason.OK


def down(*names: str, reason: Reason = Reason.STATUS, minutes: int = 13):
    """The front pages of `names` fail in the last `minutes`."""

    def answer(site: Site, page: str, at: datetime) -> Reason:
        late = at > NOON - timedelta(minutes=minutes)
        return reason if site.name in names and page == "" and late else Reason.OK

    return answer


def test_before_the_first_check_the_board_says_so(board: Board) -> None:
    assert "No check has run yet" in board.text()


@pytest.mark.parametrize("path", ["/", "/alerts", "/reports"])
def test_a_fresh_installation_is_out_of_date_only_after_two_intervals(
    board: Board, path: str
) -> None:
    load_or_last_good(board.engine, write_config(board.folder, [site_entry("alpha")]), NOON)
    for minutes, stale in ((0, False), (10, False), (11, True)):
        board.now = NOON + timedelta(minutes=minutes)
        page = board.get(path)
        assert ('class="stale"' in page) is stale
        assert ('id="outdated" class="notice bad" hidden' in page) is not stale


def test_a_site_that_was_added_yesterday_has_no_share_of_a_month(board: Board) -> None:
    board.live([site_entry("alpha")], all_well, count=4)
    text = board.text("/site", name="alpha")
    assert "30 days not known since Wed 18 Nov 2026 11:40 GMT" in text
    assert "30 days 100" not in text


def test_a_fleet_without_trouble_is_one_sentence(board: Board) -> None:
    board.live([site_entry("alpha"), site_entry("beta")], all_well)
    assert "All 2 sites are up" in board.text()
    assert "Open incidents" not in board.text()


def test_a_site_that_is_down_comes_first_with_reason_since_and_shape(board: Board) -> None:
    board.live([site_entry("alpha"), site_entry("zulu", host="web-1")], down("zulu"))
    page = board.get()
    assert "1 of 2 sites is down" in visible(page)
    assert "zulu Acme Down unexpected HTTP status for 9 min" in visible(page)
    assert page.index("web-1") < page.index("Without a named server")
    row = page[page.index('<ul class="rows">') :]
    assert '#mark-down"' in row[: row.index("</li>")]
    assert 'class="down"' in row[row.index('<svg class="strip"') : row.index("</li>")]


def test_a_server_that_is_down_is_one_incident_with_the_list_of_its_sites(board: Board) -> None:
    names = ["one", "two", "three", "four"]
    board.live([site_entry(n, host="web-9") for n in names], down(*names))
    assert "Server web-9 is down: 4 of 4 sites are down" in board.text()
    page = board.get()
    (href,) = set(re.findall(r'href="(incident\?key=[^"]+)"', page))
    incident = visible(board.client.get("/" + href, headers=dict(READER)).text)
    assert "Sites that fail (4)" in incident
    assert all(name in incident for name in names)


def test_a_fault_a_maintenance_and_a_site_never_checked_each_have_their_word(
    board: Board,
) -> None:
    window = {"once": [{"from": "2026-11-18T11:00+00:00", "to": "2026-11-18T13:00+00:00"}]}
    sites = [site_entry("shop", pages=[{"path": "/pay"}]), site_entry("quiet", maintenance=window)]

    def answer(site: Site, page: str, at: datetime) -> Reason:
        return Reason.TEXT_MISSING if page == "/pay" else Reason.OK

    board.live(sites, answer)
    write_config(board.folder, [*sites, site_entry("newcomer")])
    live_through(board.engine, board.folder, [NOON], lambda s, p, a: answer(s, p, a))
    board.now = NOON + timedelta(minutes=1)
    text = board.text()
    assert "Fault /pay expected text is missing" in text
    assert "Maintenance announced maintenance" in text
    assert "No site is down; 1 of 3 has a fault" in text


def test_sites_that_are_not_checked_any_more_are_unknown_and_never_green(board: Board) -> None:
    board.live([site_entry("alpha")], all_well)
    board.now = NOON + timedelta(minutes=30)
    text = board.text()
    assert "The site is unknown" in text
    assert "not checked any more" in text
    assert 'class="stale"' in board.get()


def test_filters_choose_a_customer_and_a_state(board: Board) -> None:
    sites = [
        site_entry("alpha", "Acme & Sons"),
        site_entry("beta", "Zeta"),
        site_entry("gamma", "Zeta"),
    ]
    board.live(sites, down("gamma"))
    assert listed(board.get(customer="Zeta")) == ["gamma", "beta"]
    assert listed(board.get(state="up")) == ["alpha", "beta"]
    assert listed(board.get(state="up", customer="Zeta")) == ["beta"]
    assert "?customer=Acme%20%26%20Sons" in board.get()
    assert "No site matches." in board.text(customer="nobody")
    board.get(status=422, state="sideways")
    board.get(status=422, page="0")


def test_many_sites_are_paged_and_those_in_trouble_stand_on_the_first_page(board: Board) -> None:
    names = [f"site-{number:03}" for number in range(300)]
    board.live([site_entry(name) for name in names], down("site-299"), count=4)
    first, second = listed(board.get()), listed(board.get(page="2"))
    assert first[0] == "site-299"
    assert "site-299" not in second
    assert sorted(first + second) == names


def test_the_incident_page_shows_evidence_and_who_was_notified_and_who_not(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    board.dispatch()
    with reading(board.engine) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    text = board.text("/incident", key=alert.key)
    assert "DOWN: alpha" in text
    assert "HTTP 503 Service Unavailable" in text
    assert "192.0.2.10" in text
    assert "First failure Wed 18 Nov 2026 11:50 GMT" in text
    assert "TLS 46 ms" in text
    assert "engineer_sms sms alarm step reached handed over" in text
    assert "manager_email email 2 their step is not reached" in text


def test_the_incident_page_says_who_was_on_call_and_who_is_for_the_next_step(
    board: Board,
) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    turn = {"every": "day", "at": "12:10", "start": "2026-11-17", "people": ["anna", "ben"]}
    people = {"anna": {"receivers": ["support"]}, "ben": {"receivers": ["engineers"]}}
    rota = {"people": people, "teams": {"web": {"turns": [turn]}}}
    (board.folder / "rota.yaml").write_text(json.dumps(rota))
    alerts = (board.folder / "alerts.yaml").read_text()
    alerts = alerts.replace("receivers: [engineers, team]", "receivers: [{on_call: web}]", 1)
    alerts = alerts.replace("receivers: [manager]}      #", "receivers: [{on_call: web}]}  #", 1)
    (board.folder / "alerts.yaml").write_text(alerts)
    load_or_last_good(board.engine, board.folder, board.now)
    board.dispatch()
    with reading(board.engine) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    board.now += timedelta(minutes=15)
    board.dispatch()
    text = board.text("/incident", key=alert.key)
    assert "support_chat chat alarm step reached, on call for web handed over" in text
    assert "engineer_sms sms 2 their step is not reached, on call for web" in text
    assert "engineer_sms sms 1" not in text


def test_an_attempt_that_failed_is_shown_with_its_answer(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    board.dispatch(Outcome.FAILED)
    with reading(board.engine) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    text = board.text("/incident", key=alert.key)
    assert "failed, will be tried again" in text
    assert "HTTP 500 Server Error" in text
    assert "engineer_chat chat alarm failed, will be tried again" in board.text("/alerts")


def test_a_resolved_incident_says_how_long_it_lasted_and_why_others_were_not_notified(
    board: Board,
) -> None:
    def answer(site: Site, page: str, at: datetime) -> Reason:
        failing = NOON - timedelta(minutes=26) < at < NOON - timedelta(minutes=14)
        return Reason.TIMEOUT if failing else Reason.OK

    board.live([site_entry("alpha")], answer)
    page = board.get("/site", name="alpha")
    (href,) = set(re.findall(r'href="(incident\?key=[^"]+)"', page))
    text = visible(board.client.get("/" + href, headers=dict(READER)).text)
    assert "RESOLVED: alpha" in text
    assert "lasted 15 min" in text
    assert "it was over before" in text


def test_the_site_page_shows_availability_checks_and_what_is_unknown(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha", minutes=11), count=12)
    text = board.text("/site", name="alpha")
    assert "alpha is down" in text
    assert re.search(r"24 hours not known since .*? \d+ min 1 0 s 9[56]\.\d\d % 12", text)
    assert "ends Mon 18 Jan 2027" in text
    assert "unexpected HTTP status HTTP 503 Service Unavailable 503" in text


def test_what_is_not_there_is_a_page_that_says_so(board: Board) -> None:
    board.live([site_entry("alpha")], all_well)
    assert "Not found" in board.text("/site", 404, name="nobody")
    assert "Not found" in board.text("/incident", 404, key="nothing")


def test_hostile_names_stay_text_on_every_page(board: Board) -> None:
    name = HOSTILE.replace("\n", " ").replace("\u202e", "")
    sites = [site_entry(name, customer=name, host=name), site_entry("calm", customer=name)]
    board.live(sites, down(name))
    board.dispatch(Outcome.FAILED)
    front = board.get()
    hrefs = set(re.findall(r'href="((?:incident|site)\?[^"]+)"', front))
    pages = [front, board.get("/alerts")]
    pages += [board.client.get("/" + href, headers=dict(READER)).text for href in hrefs]
    assert len(pages) == 5
    for page in pages:
        assert "<script>alert" not in page
        assert "49" not in re.findall(r"\{\{7\*7\}\}|(49)\b", page)
        assert name in visible(page)
        assert page.count("<script") == page.count('<script src="static/')


def test_acknowledging_stops_the_next_steps_and_is_signed(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    with reading(board.engine) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    answer = board.client.post("/act/acknowledge", json={"key": alert.key}, headers=dict(ACTOR))
    assert answer.json() == {"said": "ada has it.", "to": None}
    with reading(board.engine) as connection:
        taken = find(connection, alert.key)
    assert taken is not None
    assert (taken.acknowledged_by, taken.acknowledged_at) == ("ada", NOON)
    assert "ada has it" in board.text("/alerts")
    assert "manager_email email 2 ada acknowledged it" in board.text("/incident", key=alert.key)
    again = board.client.post("/act/acknowledge", json={"key": alert.key}, headers=dict(ACTOR))
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "ada has it already; take it over if that is meant.",
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"x-supportops": None},
        {"sec-fetch-site": None},
        {"sec-fetch-site": None, "origin": "https://evil.example"},
        {"sec-fetch-site": None, "origin": "null"},
        {"content-type": "text/plain"},
        {"x-user": "bob"},
    ],
)
def test_a_write_that_comes_from_elsewhere_is_refused(
    board: Board, changed: dict[str, str | None]
) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    with reading(board.engine) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    headers = {"content-type": "application/json"} | dict(ACTOR) | changed
    given = {name: value for name, value in headers.items() if value is not None}
    body = json.dumps({"key": alert.key})
    answer = board.client.post("/act/acknowledge", content=body, headers=given)
    assert answer.status_code in (400, 403)
    with reading(board.engine) as connection:
        left = find(connection, alert.key)
    assert left is not None
    assert left.acknowledged_at is None


def test_a_page_of_its_own_origin_may_write_without_fetch_metadata(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    headers = {k: v for k, v in ACTOR.items() if k != "sec-fetch-site"}
    headers["origin"] = "http://testserver"
    answer = board.client.post("/act/acknowledge", json={"key": "none"}, headers=headers)
    assert answer.status_code == 409


def test_an_error_of_the_store_is_shown_without_its_address(board: Board, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("postgresql://user:hunter2@db/name")

    app = make_board(board.engine, broken)
    answer = TestClient(app).get("/", headers=dict(READER))
    assert answer.status_code == 503
    assert "RuntimeError" in answer.text
    assert "hunter2" not in answer.text


def test_pages_read_one_snapshot_with_a_bounded_number_of_queries(board: Board) -> None:
    from sqlalchemy import event

    statements: list[str] = []

    def note(conn, cursor, statement, parameters, context, executemany) -> None:
        statements.append(statement)

    board.live([site_entry(f"s{n}", host="web-1") for n in range(4)], down("s1"), count=4)
    board.get()
    event.listen(board.engine, "before_cursor_execute", note)
    board.get()
    few = len(statements)
    board.live([site_entry(f"s{n}", host="web-1") for n in range(40)], down("s1", "s2"), count=4)
    board.get()
    statements.clear()
    board.get()
    event.remove(board.engine, "before_cursor_execute", note)
    assert len(statements) == few
    assert not any(s.startswith(("INSERT", "UPDATE")) for s in statements)


def test_whoever_may_only_read_sees_no_button_that_acts(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    for headers, buttons in ((ACTOR, 1), (READER, 0)):
        page = board.client.get("/alerts", headers=dict(headers)).text
        assert page.count('data-act="acknowledge"') == buttons


def test_every_page_says_that_alerts_are_held_until_somebody_goes_live(board: Board) -> None:
    board.live([site_entry("shop")], all_well)
    assert "Alerts are held" not in board.text()
    with writing(board.engine) as connection:
        connection.execute(insert(alert_hold), {"id": 1, "since": NOON})
        raise_alert(connection, alert("blog", Kind.FAULT), NOON)
    for path in ("/", "/alerts", "/reports"):
        assert "Alerts are held: 1 open alert, nobody is notified." in board.text(path)


def test_the_receivers_of_a_silenced_alert_are_shown_with_the_silence(board: Board) -> None:
    board.live([site_entry("alpha")], down("alpha"))
    with reading(board.engine) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    context, end = Context(board.engine, Path(), no_secrets), NOON + timedelta(hours=2)
    new = silences.NewSilence(parsed(["site=alpha"]), NOON, end, "the server <i>moves", "cleo")
    silences.add(context, new, NOON)
    because = "silenced until Wed 18 Nov 2026 14:00 GMT by cleo: the server <i>moves"
    assert because in board.text("/incident", key=alert.key)
