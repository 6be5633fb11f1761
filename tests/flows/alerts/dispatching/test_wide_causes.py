"""One cause, several customers: from a check of real servers to each receiver's message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import dispatching
from builders import Clock
from flows.websites import Checks, Websites, websites
from inboxes import Endpoint, Mailbox
from sites.servers import closed_port
from supportops.alerts.alert import Kind
from supportops.alerts.routing.decision import Reason
from supportops.alerts.store import list_open
from supportops.db.engine import reading
from supportops.flows.alerts import alert_dispatch
from web.boards import READER, make_board

# What is decided is the same on both databases, whose statements others try.
pytestmark = pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)

OWNERS = {"shop": "Acme", "blog": "Acme", "wiki": "Beta", "forum": "Gamma"}


class House(Checks):
    """Sites of three customers on one server, and a receiver for each of two and the team."""

    def routes(self, *routes: dict[str, Any], **alerts: Any) -> None:
        names = ("acme_email", "boss_email", "team_email", "owner_email")
        written = {"receivers": dispatching.receivers(*names), "routes": list(routes)} | alerts
        path = self.folder / "alerts.yaml"
        path.write_text(yaml.safe_dump(written), encoding="utf-8")
        (self.folder / "reports.yaml").unlink(missing_ok=True)

    def dispatch(self, after: float = 0) -> None:
        self.clock.move(after)
        alert_dispatch.run(self.engine, self.secrets.get, self.clock)


def to(target: str, **route: Any) -> dict[str, Any]:
    return {"name": f"to_{target}", "steps": [{"receivers": [target]}]} | route


ACME = to("acme_email", match={"customer": ["Acme"]})
TEAM = to("team_email", match={"kind": ["outage", "host_outage", "check_stale"]})
BETA = to("boss_email", match={"customer": ["Beta"]})


@pytest.fixture
def web() -> Iterator[Websites]:
    with websites(*OWNERS) as them:
        yield them


@pytest.fixture
def house(store: Engine, tmp_path: Path, web: Websites, mail: Mailbox, http: Endpoint) -> House:
    found = House(store, tmp_path / "config", Clock(), dispatching.secrets(mail, http))
    found.write(
        [each | {"customer": OWNERS[each["name"]], "host": "web-1"} for each in web.entries()]
    )
    found.routes(ACME, BETA)
    return found


def titles(mail: Mailbox) -> list[tuple[str, str]]:
    return [(each.recipients[0].partition("@")[0], each.subject) for each in mail.mails]


def test_a_customers_route_gets_one_message_about_its_sites(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(to("acme_email", match={"kind": ["outage"], "customer": ["Acme"]}))
    web.broken |= {"shop", "blog", "wiki"}
    house.run()
    house.dispatch()
    ((to_whom, title),) = titles(mail)
    assert to_whom == "acme"
    assert title.startswith("SERVER DOWN: web-1 - blog, shop: 2 sites fail together")
    read = str(mail.mails[0].part("plain")) + str(mail.mails[0].part("html"))
    assert "wiki" not in read
    assert "Beta" not in read


def test_a_site_that_fails_later_reaches_its_customer_then_and_so_does_the_end(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(ACME, BETA, TEAM)
    web.broken |= {"shop", "blog", "forum"}
    house.run()
    house.dispatch()
    assert sorted(who for who, _ in titles(mail)) == ["acme", "team"]
    web.broken.add("wiki")
    house.run(after=10)
    house.dispatch()
    (joined,) = titles(mail)[2:]
    assert joined[0] == "boss"
    assert joined[1].startswith("SERVER DOWN: web-1 - wiki: 1 site fails, unexpected HTTP status")
    assert joined[1].endswith("(since 13:10 BST)")
    web.broken.clear()
    house.run(after=5)
    house.dispatch()
    house.run(after=4)
    house.dispatch()
    ends = dict(titles(mail)[3:])
    assert ends["acme"].startswith("RESOLVED: web-1 - blog, shop: ")
    assert ends["boss"].startswith("RESOLVED: web-1 - wiki: ")
    assert ends["team"].startswith("RESOLVED: web-1 - sites are up again")
    assert len(mail.mails) == 6


def test_our_lost_connection_is_told_to_every_customer_about_its_sites(
    house: House, mail: Mailbox
) -> None:
    gone = [f"http://127.0.0.1:{closed_port()}/" for _ in range(3)]
    sites = [{"name": n, "url": u} for n, u in zip(OWNERS, gone, strict=False)]
    house.write([each | {"customer": OWNERS[each["name"]]} for each in sites], vantage=[gone[0]])
    house.routes(ACME, BETA)
    house.run()
    house.dispatch()
    found = dict(titles(mail))
    assert found["acme"].startswith("BLIND: our connection - blog, shop: ")
    assert found["boss"].startswith("BLIND: our connection - wiki: ")


def test_checks_that_stopped_are_told_to_every_customer(house: House, mail: Mailbox) -> None:
    house.run()
    house.dispatch(after=30)
    found = dict(titles(mail))
    assert found["acme"].startswith("NO CHECKS: site check - blog, shop: ")
    assert found["boss"].startswith("NO CHECKS: site check - wiki: ")
    assert all("forum" not in str(each.part("plain")) for each in mail.mails)


def test_a_digest_names_a_receivers_own_sites_only(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(ACME | {"digest": True})
    web.broken |= set(OWNERS)
    house.run()
    house.dispatch()
    (sent,) = mail.mails
    read = str(sent.part("plain"))
    assert "blog, shop" in read
    assert "wiki" not in read


def one_after_another(house: House, web: Websites, mail: Mailbox) -> None:
    """Acme's shop fails by itself, and everybody reads of it; then its server fails with others."""
    house.routes(to("acme_email", match={"site": ["shop"]}), BETA, TEAM)
    house.run()
    web.broken.add("shop")
    house.run(after=5)
    house.dispatch()
    assert sorted(who for who, _ in titles(mail)) == ["acme", "team"]
    web.broken |= {"blog", "wiki"}
    house.run(after=5)
    house.dispatch()


def test_who_has_the_outages_of_all_its_sites_gets_none_of_their_server(
    house: House, web: Websites, mail: Mailbox
) -> None:
    one_after_another(house, web, mail)
    later = dict(titles(mail)[2:])
    assert set(later) == {"boss", "team"}
    assert later["boss"].startswith("SERVER DOWN: web-1 - wiki: ")
    assert later["team"].startswith("SERVER DOWN: web-1 - 3 of 4 sites fail together")


def test_the_board_says_why_they_get_none(house: House, web: Websites, mail: Mailbox) -> None:
    one_after_another(house, web, mail)
    with reading(house.engine) as connection:
        (server,) = list_open(connection, Kind.HOST_OUTAGE)
    board = TestClient(make_board(house.engine, house.clock), headers=dict(READER))
    page = board.get("/incident", params={"key": server.key}).text
    assert "acme_email" in page
    assert Reason.COVERED.value in page


def test_their_ends_are_one_message_each(house: House, web: Websites, mail: Mailbox) -> None:
    one_after_another(house, web, mail)
    web.broken.clear()
    house.run(after=5)
    house.run(after=5)
    house.dispatch()
    ends = titles(mail)[4:]
    assert sorted(who for who, _ in ends) == ["acme", "boss", "team"]
    assert dict(ends)["acme"].startswith("RESOLVED: shop - up again")
    assert dict(ends)["team"].startswith("RESOLVED: web-1 - ")
    house.dispatch(after=2)
    assert len(titles(mail)) == 7


def test_a_site_that_stays_down_is_told_as_up_only_when_it_is(
    house: House, web: Websites, mail: Mailbox
) -> None:
    one_after_another(house, web, mail)
    web.broken -= {"blog", "wiki"}
    house.run(after=5)
    house.run(after=5)
    house.dispatch()
    assert sorted(titles(mail)[4:]) == [
        ("boss", "RESOLVED: web-1 - wiki: sites are up again after 5 min"),
        ("team", "PARTLY UP: web-1 - 1 of 4 sites still down"),
    ]
    web.broken.clear()
    house.run(after=5)
    house.run(after=5)
    house.dispatch()
    ends = titles(mail)[6:]
    assert sorted(who for who, _ in ends) == ["acme", "team"]
    assert all(title.startswith("RESOLVED: shop - up again") for _, title in ends)


def test_its_other_site_that_fails_with_the_server_is_told(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(ACME)
    house.run()
    web.broken.add("shop")
    house.run(after=5)
    house.dispatch()
    web.broken |= {"blog", "wiki"}
    house.run(after=5)
    house.dispatch()
    assert [title.partition(" - ")[0] for _, title in titles(mail)] == [
        "DOWN: shop",
        "SERVER DOWN: web-1",
    ]


def test_a_site_and_its_server_that_wait_together_are_one_message(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(ACME, TEAM)
    house.run()
    web.broken.add("shop")
    house.run(after=5)
    web.broken |= {"blog", "wiki"}
    house.run(after=5)
    house.dispatch()
    assert sorted(who for who, _ in titles(mail)) == ["acme", "team"]
    assert all(title.startswith("SERVER DOWN: web-1") for _, title in titles(mail))


def test_a_site_and_its_server_that_a_dead_server_of_mail_held_up_are_one_message(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(ACME)
    house.run()
    mail.down()
    web.broken.add("shop")
    house.run(after=5)
    house.dispatch()
    web.broken |= {"blog", "wiki"}
    house.run(after=5)
    house.dispatch()
    mail.up()
    house.dispatch(after=5)
    house.dispatch(after=5)
    ((to_whom, title),) = titles(mail)
    assert to_whom == "acme"
    assert title.startswith("SERVER DOWN: web-1 - blog, shop: 2 sites fail")


def test_an_alarm_that_waited_names_no_site_that_answers_by_now(
    house: House, web: Websites, mail: Mailbox
) -> None:
    house.routes(BETA, TEAM)
    mail.down()
    web.broken |= {"shop", "blog", "forum", "wiki"}
    house.run()
    house.dispatch()
    mail.up()
    web.broken.remove("wiki")
    house.run(after=5)
    house.run(after=5)
    house.dispatch(after=5)
    assert [who for who, _ in titles(mail)] == ["team"], "the only site of the other answers"
    web.broken.add("wiki")
    house.run(after=5)
    house.run(after=5)
    house.dispatch(after=5)
    (late,) = [title for who, title in titles(mail) if who == "boss"]
    assert late.startswith("SERVER DOWN: web-1 - wiki: 1 site fails")
