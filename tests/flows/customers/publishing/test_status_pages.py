"""Status pages from checks to files: who sees what, when it is true, and what becomes of it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import Engine

from flows.customers.publishing.agency import CUSTOMERS, SITES, Agency
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.customers import status_pages
from supportops.flows.customers.status_pages import StatusPagesError
from supportops.flows.operations import housekeeping
from supportops.flows.sites import maintenance
from supportops.notices import store as notice_store
from supportops.notices.notice import NoticeKind, NoticeState
from supportops.notices.settings import Timeout
from supportops.notices.store import Draft
from supportops.notices.wording import Text
from supportops.sites.announced.window import Scope
from supportops.sites.check import Reason
from supportops.sites.store import list_incidents
from supportops.sites.summaries import store as summaries
from web.boards import NOON, site_entry, visible

HOUR = timedelta(hours=1)
SHOP, BLOG = "bluebird-shop.example", "bluebird-blog.example"


@pytest.fixture
def agency(store: Engine, tmp_path: Path) -> Agency:
    found = Agency(store, tmp_path)
    found.activate()
    return found


def states(found: dict[str, object]) -> dict[str, str]:
    sites = found["sites"]
    assert isinstance(sites, list)
    return {site["name"]: site["state"] for site in sites}


def test_a_broken_site_appears_and_is_closed_when_it_is_mended(agency: Agency) -> None:
    agency.check(3)
    agency.write()
    assert "All sites work." in visible(agency.page())
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later()
    agency.write()
    page = visible(agency.page())
    assert "1 of 2 sites is not working." in page
    assert f"{SHOP}: Not working since Wed, 18 Nov 2026, 12:00 GMT" in page
    agency.down = {}
    agency.later(2)
    agency.write()
    page = visible(agency.page())
    assert "All sites work." in page
    assert f"{SHOP}: Not working from Wed, 18 Nov 2026, 12:00 GMT to " in page
    found = agency.json("Bluebird Books")
    assert found["incidents"] == []
    assert [each["sites"] for each in found["past_incidents"]] == [[SHOP]]


def test_each_customer_has_a_page_of_their_own_sites_and_one_page_is_public(agency: Agency) -> None:
    agency.check()
    done = agency.write()
    assert (done.pages, done.public) == (4, True)
    assert list(agency.addresses()) == [None, "Bluebird Books", "Harbour Trust", "Kestrel Cycles"]
    assert list(states(agency.json())) == [BLOG, SHOP]
    assert list(states(agency.json("Kestrel Cycles"))) == ["kestrel.example"]
    assert "Status der Websites von Kestrel Cycles" in agency.page("Kestrel Cycles")
    assert 'fill="#0a5c36"' in agency.page("Bluebird Books")


def test_no_file_has_a_word_of_another_customer_a_server_or_a_reason(agency: Agency) -> None:
    agency.check(3)
    down = ("bluebird-shop.example", "bluebird-blog.example", "kestrel.example")
    agency.down = dict.fromkeys(down, Reason.STATUS) | {"umbrella.example": Reason.STATUS}
    agency.later()
    at, end = agency.now + HOUR, agency.now + 2 * HOUR
    reason = "web-1.internal moves for Umbrella"
    maintenance.announce(
        agency.context, Scope.SERVER, "web-1.internal", end, reason, "Priya", agency.now, at
    )
    agency.write()
    tokens = agency.addresses()
    words = {
        "Bluebird Books": ("Bluebird", "bluebird"),
        "Kestrel Cycles": ("Kestrel", "kestrel"),
        "Harbour Trust": ("Harbour", "harbour"),
    }
    never = ("umbrella", "Umbrella", "internal", "HTTP 503", "192.0.2", "Priya", "acme", "outage")
    for name, content in agency.files().items():
        text = content.decode()
        assert not [word for word in never if word in text], name
        for customer, theirs in words.items():
            mine = name.startswith(tokens[customer])
            public = "/" not in name and customer == "Bluebird Books"
            assert mine or public or not [word for word in theirs if word in text], name
    assert "Bluebird" not in agency.page()  # sites are public, whose they are is not


def test_a_servers_outage_is_one_incident_with_ones_own_sites(agency: Agency) -> None:
    agency.check(2)
    down = [site["name"] for site in SITES if site["host"] == "web-1.internal"]
    agency.down = dict.fromkeys(down, Reason.TIMEOUT)
    agency.later()
    agency.write()
    [mine] = agency.json("Bluebird Books")["incidents"]
    assert mine["sites"] == [BLOG, SHOP]
    [theirs] = agency.json("Kestrel Cycles")["incidents"]
    assert theirs["sites"] == ["kestrel.example"]
    assert mine["id"] != theirs["id"]
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later(2)
    agency.write()
    assert states(agency.json("Bluebird Books")) == {BLOG: "up", SHOP: "down"}
    assert [each["sites"] for each in agency.json("Bluebird Books")["incidents"]] == [[SHOP]]
    assert agency.json("Kestrel Cycles")["incidents"] == []


def test_planned_maintenance_is_shown_before_and_while_it_lasts(agency: Agency) -> None:
    agency.check(2)
    start = agency.now + HOUR
    maintenance.announce(
        agency.context, Scope.SITE, SHOP, start + HOUR, "New disks", "Priya", agency.now, start
    )
    agency.write()
    assert agency.json()["maintenance"] == [
        {"sites": [SHOP], "from": start.isoformat(), "to": (start + HOUR).isoformat()}
    ]
    assert "Planned maintenance" in agency.page()
    agency.later(12)
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later(2)
    agency.write()
    assert states(agency.json())[SHOP] == "maintenance"
    assert agency.json()["incidents"] == []
    agency.down = {}
    agency.later(14)
    agency.write()
    assert agency.json()["maintenance"] == []
    today = next(site for site in agency.json()["sites"] if site["name"] == SHOP)["days"][-1]
    assert (today["maintenance"], today.get("down", 0)) == (3600, 0)


def test_the_bars_count_each_day_by_what_was_seen_in_it(agency: Agency) -> None:
    agency.now = datetime(2026, 11, 17, 23, 50, tzinfo=UTC)
    agency.check(10)
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later(4)
    agency.down = {}
    agency.later(3)
    agency.now += 2 * HOUR  # nobody checks
    agency.check(6)
    agency.write()
    site = next(site for site in agency.json()["sites"] if site["name"] == SHOP)
    before, today = site["days"][-2:]
    assert len(site["days"]) == 90
    assert {day["state"] for day in site["days"][:-2]} == {"unknown"}
    assert (before["state"], before["up"], before["down"]) == ("down", 50 * 60, 10 * 60 - 1)
    assert today["down"] == 10 * 60 + 1
    # From 00:10:01 until five minutes after the last check before the gap, and since it until now.
    assert today["up"] == 15 * 60 + 30 * 60 - 1
    assert 0 < site["up_share"] < 1


def test_days_that_are_folded_read_as_they_did_before(agency: Agency) -> None:
    agency.now = datetime(2026, 11, 17, 22, 0, tzinfo=UTC)
    agency.check(6)
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later(3)
    agency.down = {}
    agency.later(3)
    agency.now = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
    agency.check(16)
    agency.write()
    before = [agency.json(name) for name in agency.addresses()]
    list(housekeeping.fold(agency.engine))
    with reading(agency.engine) as connection:
        assert min(summaries.folded_until(connection).values()) >= agency.now - HOUR
    agency.write()
    assert [agency.json(name) for name in agency.addresses()] == before
    [day] = [day for day in before[0]["sites"][1]["days"] if day["state"] == "down"]
    assert day["date"] == "2026-11-17"


def test_a_page_that_is_old_when_it_is_made_says_so(agency: Agency) -> None:
    agency.check(2)
    agency.write()
    assert re.search(r'<p id="stale"[^>]* hidden>', agency.page())
    agency.now += HOUR
    agency.write()
    assert not re.search(r'<p id="stale"[^>]* hidden>', agency.page())
    assert set(states(agency.json()).values()) == {"unknown"}
    assert "The state of 2 of 2 sites is not known." in visible(agency.page())


def test_only_what_changed_is_written_and_removed_customers_lose_their_page(
    agency: Agency,
) -> None:
    agency.check(2)
    first = agency.write()
    assert first.files == 4 * 3 + 2
    assert agency.write().files == 0
    agency.now += timedelta(minutes=1)
    # Page and JSON say when they were made; the feed says what happened.
    assert agency.write().files == 4 * 2
    gone = agency.folder / agency.addresses()["Harbour Trust"]
    assert gone.is_dir()
    agency.configure([site for site in SITES if site["customer"] != "Harbour Trust"])
    agency.activate()
    assert agency.write().removed == 3
    assert not gone.exists()
    agency.configure(SITES, [{"name": "Bluebird Books", "page": "none"}])
    agency.activate()
    done = agency.write()
    assert not done.public
    assert not (agency.folder / "index.html").exists()


def test_a_new_secret_withdraws_every_address(agency: Agency) -> None:
    agency.check()
    agency.write()
    before = agency.addresses()
    agency.secrets["status_pages"] = "another secret that is long enough for it"
    agency.write()
    assert set(before.values()) & set(agency.addresses().values()) == {""}
    assert not [path for path in before.values() if path and (agency.folder / path).exists()]


def test_without_a_secret_the_public_page_alone_is_written_and_none_is_removed(
    agency: Agency,
) -> None:
    agency.check()
    agency.write()
    before = agency.page("Kestrel Cycles")
    path = agency.folder / agency.addresses()["Kestrel Cycles"] / "index.html"
    del agency.secrets["status_pages"]
    agency.now += timedelta(minutes=1)
    with pytest.raises(StatusPagesError, match="the secret status_pages is not set"):
        agency.write()
    assert path.read_text() == before
    assert "12:01" in (agency.folder / "index.html").read_text()


def test_an_alias_has_the_page_of_its_customer(agency: Agency) -> None:
    sites = [*SITES, site_entry("kestrel-hire.example", "KESTREL", host="web-2.internal")]
    agency.check()
    agency.write()
    before = agency.addresses()["Kestrel Cycles"]
    agency.configure(sites)
    agency.activate()
    agency.later()
    agency.write()
    assert agency.addresses()["Kestrel Cycles"] == before
    assert list(states(agency.json("Kestrel Cycles"))) == [
        "kestrel-hire.example",
        "kestrel.example",
    ]


def test_a_site_that_changes_hands_takes_no_incident_and_no_day_with_it(agency: Agency) -> None:
    agency.check(2)
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later(2)
    agency.down = {}
    agency.later(3)
    sites = [dict(site) for site in SITES]
    sites[0]["customer"] = "Kestrel Cycles"
    agency.configure(sites)
    agency.later(2)
    agency.write()
    theirs = agency.json("Kestrel Cycles")
    assert SHOP in states(theirs)
    assert theirs["past_incidents"] == []
    today = next(site for site in theirs["sites"] if site["name"] == SHOP)["days"][-1]
    assert "down" not in today
    assert [each["sites"] for each in agency.json("Bluebird Books")["past_incidents"]] == [[SHOP]]


def test_what_fails_is_an_alert_until_it_works_and_stops_no_check(agency: Agency) -> None:
    agency.check()
    agency.folder.mkdir()
    (agency.folder / "somebody-elses.txt").write_text("mine")
    said = status_pages.refresh(agency.context, agency.now)
    assert said is not None
    assert said.startswith("failed: ")
    with reading(agency.engine) as connection:
        [alert] = list_open(connection, Kind.CHECK_TROUBLE)
    assert "holds other files" in alert.headline
    (agency.folder / "somebody-elses.txt").unlink()
    assert "4 pages" in str(status_pages.refresh(agency.context, agency.now))
    with reading(agency.engine) as connection:
        assert list_open(connection, Kind.CHECK_TROUBLE) == []


def test_nothing_is_written_where_no_folder_is_named(agency: Agency) -> None:
    context = Context(agency.engine, agency.config, agency.secrets.get)
    assert status_pages.refresh(context, agency.now) is None
    assert status_pages.refresh_for_notices(context, agency.now) is None
    with pytest.raises(StatusPagesError, match="SUPPORTOPS_STATUS_PAGES"):
        status_pages.write(context, agency.now)


def test_the_feed_is_well_formed_whatever_a_site_is_called(store: Engine, tmp_path: Path) -> None:
    hostile = "<b>&\"'</b> ]]> {{7*7}}"
    agency = Agency(store, tmp_path, [site_entry(hostile, hostile, host="h")])
    agency.configure(
        [site_entry(hostile, hostile, host="h")], [{"name": hostile, "page": "public"}]
    )
    agency.activate()
    agency.check()
    agency.down = {hostile: Reason.TIMEOUT}
    agency.later()
    agency.write()
    for customer in (None, hostile):
        assert "<b>" not in agency.page(customer)
        assert hostile in visible(agency.page(customer))
        channel = ElementTree.fromstring(agency.page(customer, "feed.xml"))[0]
        titles = [item.findtext("title") for item in channel.findall("item")]
        assert titles == [f"{hostile}: Not working"]
        json.loads(agency.page(customer, "status.json"))


def test_the_settings_give_title_and_addresses(agency: Agency) -> None:
    settings = {"title": "Agency status", "url": "https://status.agency.example/x"}
    agency.configure(SITES, CUSTOMERS, status_pages=settings)
    agency.activate()
    agency.check()
    agency.write()
    assert "<h1>Agency status</h1>" in agency.page()
    assert "<link>https://status.agency.example/x/</link>" in agency.page(None, "feed.xml")
    urls = {each.customer: each.url for each in status_pages.addresses(agency.context)}
    path = agency.addresses()["Kestrel Cycles"]
    assert urls["Kestrel Cycles"] == f"https://status.agency.example/x/{path}"


def test_a_faulty_file_of_customers_shows_nobody_more_than_the_last_good_one(
    agency: Agency,
) -> None:
    agency.check()
    agency.write()
    before = agency.files().keys()
    (agency.config / "customers.yaml").write_text("customers: [{name: 5")
    load_or_last_good(agency.engine, agency.config, agency.now)
    assert agency.write().pages == 4
    assert agency.files().keys() == before


def test_notices_are_on_the_page_of_their_customer_within_a_round(agency: Agency) -> None:
    agency.check(2)
    agency.down = dict.fromkeys((SHOP, "kestrel.example"), Reason.TIMEOUT)
    agency.later()
    agency.write()
    with writing(agency.engine) as connection:
        [key] = [each.key for each in list_incidents(connection, NOON, agency.now)]
        thread = notice_store.begin(connection, "Bluebird Books", [SHOP], [key], agency.now)
        wanted = Draft(
            kind=NoticeKind.FIRST,
            text=Text("Your shop does not answer", "We see it.\n\n<i>We work on it.</i>"),
            language="en-GB",
            items=frozenset({(SHOP, "")}),
            cause="",
            decide_at=agency.now,
            timeout=Timeout.SEND,
            every=None,
        )
        number = notice_store.draft(connection, thread, wanted, "supportops", "", agency.now)
    assert status_pages.refresh_for_notices(agency.context, agency.now) is None
    assert "Your shop" not in agency.page("Bluebird Books")
    agency.now += timedelta(minutes=1)
    with writing(agency.engine) as connection:
        found = notice_store.find(connection, number)
        assert found is not None
        assert notice_store.decide(connection, found[1], NoticeState.SENT, "ada", "", agency.now)
    agency.now += timedelta(seconds=20)
    assert status_pages.refresh_for_notices(agency.context, agency.now) is not None
    page = agency.page("Bluebird Books")
    assert "Your shop does not answer" in page
    assert "&lt;i&gt;We work on it.&lt;/i&gt;" in page
    assert "Your shop does not answer" in agency.page("Bluebird Books", "feed.xml")
    assert "Your shop" not in agency.page("Kestrel Cycles")
    agency.now += timedelta(minutes=1)
    assert status_pages.refresh_for_notices(agency.context, agency.now) is None


def test_the_page_of_service_levels_is_beside_the_public_one_once_there_is_a_contact(
    agency: Agency,
) -> None:
    agency.write()
    assert not list(agency.folder.glob("service-levels*"))
    path = agency.config / "service_levels.yaml"
    contact = '\ncontact: {agency: "A & B <b>", answerphone: true}\n'
    path.write_text(path.read_text() + contact)
    agency.activate()
    agency.write()
    english = (agency.folder / "service-levels.html").read_text()
    german = (agency.folder / "service-levels.de.html").read_text()
    assert "First answer within 3 working days" in english
    assert "Frist für die erste Antwort: 3 Arbeitstage" in german
    assert "<b>" not in english
    # The server's policy allows no style inside a page.
    assert "<style" not in english
    assert 'href="service-levels.css"' in english
    assert (agency.folder / "service-levels.css").exists()
    for name in ("Bluebird", "Kestrel", "Harbour", "Umbrella"):
        assert name not in english
    path.write_text(path.read_text().replace(contact, ""))
    agency.activate()
    agency.write()
    assert not list(agency.folder.glob("service-levels*"))
