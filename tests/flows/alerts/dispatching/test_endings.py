"""What an end says in every channel, and who learns of it: only what works again is RESOLVED."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import CONTROL, NOON, result
from dispatching import everything_to
from flows.alerts.dispatching.watched_sites import Watched, entry, same, sites
from supportops.alerts.alert import Kind
from supportops.alerts.kind_texts import NOT_MENDED
from supportops.config import snapshots
from supportops.db.engine import reading, writing
from supportops.flows.reports.reporting.site_rows import site_and_incident_rows
from supportops.flows.sites import site_check
from supportops.flows.tickets.own_tickets.outage_tickets import ticket_number
from supportops.sites import store as site_store
from supportops.sites.ending import Ending
from supportops.sites.incident import IncidentKind
from supportops.sites.standing import Attempt

BASKET = ("shop", "/basket")
PAGES = {"pages": [{"path": "/basket"}]}


@pytest.fixture
def watched(store: Engine) -> Watched:
    return Watched(store)


@dataclass(frozen=True)
class End:
    """How an incident gets to an ending, and what the e-mail's subject line then says."""

    story: Callable[[Watched], None]
    line: str


def recovered(w: Watched) -> None:
    w.configure([entry("shop")])
    w.run({"shop": "xxx"})
    w.dispatch()
    w.run({"shop": ".."})


def renamed(w: Watched) -> None:
    w.configure([entry("shop")])
    w.run({"shop": "xxx"})
    w.dispatch()
    w.configure([entry("boutique", url="https://shop.example/")])
    w.run({"boutique": "x"})


def site_removed(w: Watched) -> None:
    w.configure([entry("shop"), entry("blog")])
    w.run({"shop": "xxx", "blog": "."})
    w.dispatch()
    w.configure([entry("blog")])
    w.run({"blog": "."})


def page_removed(w: Watched) -> None:
    w.configure([entry("shop", **PAGES)])
    w.run({"shop": ".", BASKET: "555"})
    w.dispatch()
    w.configure([entry("shop")])
    w.run({"shop": "."})


def partly_recovered(w: Watched) -> None:
    w.configure(sites("abcd", host="web-1"))
    w.run(same("abcd", "xxx"))
    w.dispatch()
    w.run(same("ab", "x") | same("cd", ".."))


def server_removed(w: Watched) -> None:
    w.configure(sites("abc", host="web-1"))
    w.run(same("abc", "xxx"))
    w.dispatch()
    w.configure(sites("abc"))
    w.run(same("abc", "x"))


def connection_back(w: Watched) -> None:
    w.configure(sites("abc"), vantage=True)
    w.run(same("abc", "xxx") | {CONTROL: "xxx"})
    w.dispatch()
    w.run({"a": "x", "b": ".", "c": ".", CONTROL: "."})


def sites_answer(w: Watched) -> None:
    w.configure(sites("abc"), vantage=True)
    w.run(same("abc", "xxx") | {CONTROL: "xxx"})
    w.dispatch()
    w.run(same("abc", ".") | {CONTROL: "xxx"})


def controls_removed(w: Watched) -> None:
    w.configure(sites("abc"), vantage=True)
    w.run(same("abc", "xxx") | {CONTROL: "xxx"})
    w.dispatch()
    w.configure(sites("abc"))
    w.run(same("abc", "x"))


def certificate(w: Watched, days: float | None) -> None:
    """A run in which the shop answers with a certificate that ends in `days`, or without one."""
    at = w.now
    expires = None if days is None else at + timedelta(days=days)
    answer = result(at=at, certificate_expires=expires)
    digest = w.digest
    with writing(w.engine) as connection:
        site_store.begin_run(connection, at, digest, at, 1)
        site_store.append_results(connection, at, [Attempt("shop", "", 0, answer)])
    site_check.judge(w.engine, at, at + timedelta(minutes=1))
    w.minute += 5


def renewed(w: Watched) -> None:
    w.configure([entry("shop")])
    certificate(w, 3)
    w.dispatch()
    certificate(w, 91)
    certificate(w, 90.997)


def no_certificate(w: Watched) -> None:
    w.configure([entry("shop")])
    certificate(w, 3)
    w.dispatch()
    w.configure([entry("shop", url="http://shop.example/")])
    certificate(w, None)


def limit_changed(w: Watched) -> None:
    w.configure([entry("shop")])
    certificate(w, 10)
    w.dispatch()
    w.configure([entry("shop", expect={"certificate_days": 7})])
    certificate(w, 10 - 5 / 24 / 60)


GONE = "is no longer checked: it was removed from the configuration, not mended"
ENDS = {
    Ending.RECOVERED: End(recovered, "RESOLVED: shop - up again after 5 min"),
    Ending.RENAMED: End(renamed, "RENAMED: shop - it is called boutique now, and is not mended"),
    Ending.SITE_REMOVED: End(site_removed, f"NO LONGER CHECKED: shop - shop {GONE}"),
    Ending.PAGE_REMOVED: End(
        page_removed, f"NO LONGER CHECKED: shop /basket - /basket of shop {GONE}"
    ),
    Ending.PARTLY_RECOVERED: End(partly_recovered, "PARTLY UP: web-1 - 2 of 4 sites still down"),
    Ending.SERVER_REMOVED: End(
        server_removed,
        "NO LONGER CHECKED: web-1 - none of the sites that failed on it is listed there any more",
    ),
    Ending.CONNECTION_BACK: End(
        connection_back,
        "RESOLVED: our connection - our connection is back after 5 min; 1 of 3 sites fail",
    ),
    Ending.SITES_ANSWER: End(
        sites_answer,
        "RESOLVED: our connection - most sites answer again after 5 min; "
        "no control address answers",
    ),
    Ending.CONTROLS_REMOVED: End(
        controls_removed,
        "NO LONGER CHECKED: our connection - no control addresses are configured any more; "
        "nothing shows that the connection is back",
    ),
    Ending.RENEWED: End(renewed, "RESOLVED: shop - renewed (90 days left) after 5 min"),
    Ending.NO_CERTIFICATE: End(
        no_certificate,
        "CLOSED: shop - the site has no certificate any more: it is not served over HTTPS",
    ),
    Ending.LIMIT_CHANGED: End(
        limit_changed,
        "CLOSED: shop - the same certificate, which is warned about only 7 days before its end",
    ),
}


# Of jobs that push, and of domains; flows/sites/pushing/test_words.py and flows/sites/domains.
OF_OTHERS = {
    *(Ending.LIMIT_RAISED, Ending.MONITOR_REMOVED),
    *(Ending.ACCEPTED, Ending.DOMAIN_REMOVED),
}


def test_every_ending_is_tried() -> None:
    assert ENDS.keys() | OF_OTHERS == set(Ending)


@pytest.mark.parametrize("ending", ENDS)
def test_every_ending_has_its_words_in_every_channel(watched: Watched, ending: Ending) -> None:
    ENDS[ending].story(watched)
    got = watched.dispatch()
    subject = ENDS[ending].line
    label, _, rest = subject.partition(": ")
    name, _, words = rest.partition(" - ")
    first = got["team_email"][0]
    assert got["team_email"] == [first], "one message for one cause"
    assert first.startswith(f"{subject}\n{subject}\n")
    html = watched.inbox["team_email"][0].html
    assert html is not None
    assert f"{label}: {name}" in html
    assert words in html
    assert f"{name} {label}: {words}"[:100] in got["team_sms"][0]
    assert label in got["team_chat"][0]
    assert words[:20] in got["team_chat"][0]
    for text in (*got["team_email"], *got["team_sms"], *got["team_chat"], html):
        assert ("RESOLVED" in text) is ending.good


def test_every_ending_that_is_no_recovery_has_texts_of_its_own() -> None:
    of_clocks = {"solved_without_reply", "ticket_merged", "ticket_deleted"}
    elsewhere = {"no_longer_configured"} | of_clocks  # a receiver, a ticket's clock
    assert set(NOT_MENDED) == {e.value for e in Ending if not e.good} | elsewhere


def test_two_of_four_that_stay_down_go_on_silently_and_end_by_themselves(watched: Watched) -> None:
    partly_recovered(watched)
    text = watched.dispatch()["team_email"][0]
    assert "Still down: a, b" in text
    assert "goes on as an outage of its own" in text
    assert [alert.subject for alert in watched.open_alerts()] == ["a", "b"]
    assert watched.dispatch(after=1) == {}
    watched.run({"a": ".."} | {"b": "x"} | same("cd", "."))
    assert watched.lines() == ["RESOLVED: a - up again after 11 min"]


ESCALATING = {
    "name": "escalating",
    "match": {"kind": ["outage", "host_outage"]},
    "steps": [
        {"after": "0m", "receivers": ["team_email"]},
        {"after": "30m", "receivers": ["boss_email"]},
    ],
    "remind": "60m",
}


def test_the_escalation_of_a_server_goes_on_with_its_sites(watched: Watched) -> None:
    watched.configure(sites("abcd", host="web-1"), routes=(ESCALATING,))
    watched.run(same("abcd", "xxx"))
    assert watched.lines("team_email")[0].startswith("SERVER DOWN: web-1")
    watched.run(same("a", "x") | same("bcd", ".."))
    assert watched.lines("team_email") == ["PARTLY UP: web-1 - 1 of 4 sites still down"]
    assert watched.dispatch(after=15) == {}
    late = watched.dispatch(after=10)
    assert list(late) == ["boss_email"], "30 minutes after the server's alarm, not after the site's"
    assert late["boss_email"][0].startswith("DOWN: a - no complete answer in time")
    reminded = watched.lines("team_email", after=35)
    assert len(reminded) == 1
    assert "reminder" in reminded[0]
    watched.run(same("a", "..") | same("bcd", "."))
    assert {name: len(texts) for name, texts in watched.dispatch().items()} == {
        "boss_email": 1,
        "team_email": 1,
    }


def test_what_was_acknowledged_as_a_servers_outage_stays_acknowledged(watched: Watched) -> None:
    watched.configure(sites("abcd", host="web-1"), routes=(ESCALATING,))
    watched.run(same("abcd", "xxx"))
    watched.dispatch()
    watched.acknowledge("Ada")
    watched.run(same("a", "x") | same("bcd", ".."))
    watched.dispatch()
    assert [alert.acknowledged_by for alert in watched.open_alerts()] == ["Ada"]
    assert watched.dispatch(after=120) == {}


def test_a_site_that_was_down_before_its_server_goes_on_after_it(watched: Watched) -> None:
    watched.configure(sites("abcd", host="web-1"), routes=(ESCALATING,))
    watched.run({"a": "xxx"} | same("bcd", "."))
    watched.dispatch()
    watched.run({"a": "x"} | same("bc", "xxx") | {"d": "."})
    watched.dispatch()
    watched.acknowledge("Ada")
    watched.run({"a": "x"} | same("bcd", ".."))
    assert watched.lines() == ["PARTLY UP: web-1 - 1 of 4 sites still down"]
    (left,) = watched.open_alerts()
    assert (left.subject, left.acknowledged_by) == ("a", "Ada")


def test_whom_the_servers_alarm_did_not_reach_gets_the_sites_own(watched: Watched) -> None:
    watched.configure(
        sites("abcd", host="web-1"), routes=(everything_to("team_email", "boss_email"),)
    )
    watched.broken.add("boss_email")
    watched.run(same("abcd", "xxx"))
    watched.dispatch()
    watched.broken.clear()
    watched.run(same("a", "x") | same("bcd", ".."))
    got = watched.dispatch()
    assert [text.splitlines()[0][:9] for text in got["team_email"]] == ["PARTLY UP"]
    assert [text.splitlines()[0][:7] for text in got["boss_email"]] == ["DOWN: a"]


def test_nobody_hears_of_a_site_of_another_customer(watched: Watched) -> None:
    acme = everything_to("acme_email", name="acme", match={"customer": ["Acme"]})
    everybody = everything_to("team_email")
    entries = [entry("a", host="web-1"), *(entry(n, host="web-1", customer="Zeta") for n in "bcd")]
    watched.configure(entries, routes=(everybody, acme))
    watched.run(same("abcd", "xxx"))
    watched.dispatch()
    watched.run(same("b", "x") | same("acd", ".."))
    watched.dispatch()
    watched.run(same("b", "..") | same("acd", "."))
    got = watched.dispatch()
    assert list(got) == ["team_email"]


def test_a_renamed_server_goes_on_under_its_new_name(watched: Watched) -> None:
    watched.configure(sites("abc", host="w1"), routes=(ESCALATING,))
    watched.run(same("abc", "xxx"))
    watched.dispatch()
    watched.configure(sites("abc", host="w9"), routes=(ESCALATING,))
    watched.run(same("abc", "x"))
    assert watched.lines() == ["RENAMED: w1 - it is called w9 now, and is not mended"]
    assert [(a.kind, a.subject, a.host) for a in watched.open_alerts()] == [
        (Kind.HOST_OUTAGE, "w9", "w9")
    ]
    late = watched.dispatch(after=25)
    assert list(late) == ["boss_email"]
    watched.run(same("abc", ".."))
    assert watched.lines() == ["RESOLVED: w9 - sites are up again after 35 min"]


def test_a_renamed_site_goes_on_under_its_new_name(watched: Watched) -> None:
    renamed(watched)
    watched.dispatch()
    assert [alert.subject for alert in watched.open_alerts()] == ["boutique"]
    watched.run({"boutique": ".."})
    assert watched.lines() == ["RESOLVED: boutique - up again after 10 min"]


def test_a_site_renamed_while_its_server_is_down_stays_part_of_it(watched: Watched) -> None:
    watched.configure(sites("abc", host="w1"))
    watched.run(same("abc", "xxx"))
    watched.dispatch()
    new = [entry("z", host="w1", url="https://a.example/"), *sites("bc", host="w1")]
    watched.configure(new)
    watched.run(same("zbc", "x"))
    assert watched.dispatch() == {}
    (server,) = watched.open_alerts()
    assert server.facts["sites"] == ["b", "c", "z"]


def test_a_site_that_leaves_a_server_that_is_down_raises_no_second_alarm(watched: Watched) -> None:
    watched.configure(sites("abcd", host="w1"))
    watched.run(same("abcd", "xxx"))
    watched.dispatch()
    watched.configure([entry("a", host="w2"), *sites("bcd", host="w1")])
    watched.run(same("abcd", "x"))
    assert watched.dispatch() == {}
    assert sorted(alert.subject for alert in watched.open_alerts()) == ["a", "w1"]


def test_a_blind_run_without_any_site_in_it_ends_no_blindness(watched: Watched) -> None:
    watched.configure(sites("abc"), vantage=True)
    watched.run(same("abc", "xxx") | {CONTROL: "xxx"})
    watched.run({CONTROL: "xxx"})
    assert [alert.kind for alert in watched.open_alerts()] == [Kind.BLIND]


def test_a_renamed_customer_keeps_the_escalation(watched: Watched) -> None:
    def routes(customer: str) -> Any:
        return (ESCALATING | {"match": {"kind": ["outage"], "customer": [customer]}},)

    watched.configure([entry("shop")], routes=routes("Acme"))
    watched.run({"shop": "xxx"})
    assert len(watched.lines()) == 1
    watched.configure([entry("shop", customer="Acme plc")], routes=routes("Acme plc"))
    watched.run({"shop": "x"})
    assert watched.dispatch() == {}
    assert list(watched.dispatch(after=25)) == ["boss_email"]


def test_a_changed_confirmation_closes_nothing(watched: Watched) -> None:
    watched.configure([entry("shop")])
    watched.run({"shop": "xxx"})
    watched.configure([entry("shop")], confirm_after=["5s", "10s", "20s", "30s"])
    watched.run({"shop": "x"})
    assert [alert.subject for alert in watched.open_alerts()] == ["shop"]


@pytest.mark.parametrize(
    ("story", "end"),
    [
        (recovered, "Over at 2026-04-07 12:05:00 UTC, after 5 min: up again."),
        (
            site_removed,
            f"Closed at 2026-04-07 12:05:00 UTC, but not over: shop {GONE}.",
        ),
        (
            partly_recovered,
            "Closed at 2026-04-07 12:05:00 UTC, but not over: 2 of 4 sites still down.",
        ),
        (
            renamed,
            "Closed at 2026-04-07 12:05:00 UTC, but not over: "
            "it is called boutique now, and is not mended.",
        ),
    ],
)
def test_the_ticket_of_an_outage_says_why_it_was_closed(
    watched: Watched, story: Callable[[Watched], None], end: str
) -> None:
    story(watched)
    first = watched.incidents()[0]
    assert watched.ticket_texts(ticket_number(first.key))[-1] == end


def test_the_ticket_of_a_site_names_that_of_the_server_before_it(watched: Watched) -> None:
    partly_recovered(watched)
    server, *left = sorted(watched.incidents(), key=lambda i: i.kind is IncidentKind.OUTAGE)
    before = f"It goes on from the ticket outage/{ticket_number(server.key)}."
    for incident in left:
        assert watched.ticket_texts(ticket_number(incident.key))[0].endswith(before)


def of_two_customers(host: str) -> list[dict[str, Any]]:
    """Acme's site `a` on `host`, three of another customer on w1."""
    return [entry("a", host=host), *(entry(n, host="w1", customer="Zeta") for n in "bcd")]


@pytest.mark.parametrize("host", ["w2", "w1"])
def test_a_customer_whose_site_left_the_server_hears_of_its_own_end_alone(
    watched: Watched, host: str
) -> None:
    acme = everything_to("acme_email", name="acme", match={"customer": ["Acme"]})
    routes = (everything_to("team_email"), acme)
    watched.configure(of_two_customers("w1"), routes=routes)
    watched.run(same("abcd", "xxx"))
    assert "a: 1 site" in watched.lines("acme_email")[0]
    watched.configure(of_two_customers(host), routes=routes)
    watched.run(same("abcd", "x"))
    assert watched.dispatch() == {}
    watched.run({"a": "x"} | same("bcd", ".."))
    said = watched.lines("acme_email")
    assert not any("RESOLVED" in line for line in said), "its site is down"
    watched.run({"a": ".."} | same("bcd", "."))
    (line,) = watched.lines("acme_email")
    assert line.startswith("RESOLVED: a - up again after 15 min")


def test_a_customer_whose_site_was_removed_from_the_server_hears_that(watched: Watched) -> None:
    acme = everything_to("acme_email", name="acme", match={"customer": ["Acme"]})
    routes = (everything_to("team_email"), acme)
    watched.configure(of_two_customers("w1"), routes=routes)
    watched.run(same("abcd", "xxx"))
    watched.dispatch()
    watched.configure(of_two_customers("w1")[1:], routes=routes)
    watched.run(same("bcd", ".."))
    got = {name: [t.splitlines()[0] for t in texts] for name, texts in watched.dispatch().items()}
    assert got == {
        "acme_email": [f"NO LONGER CHECKED: a - a {GONE}"],
        "team_email": [
            f"NO LONGER CHECKED: a - a {GONE}",
            "RESOLVED: w1 - sites are up again after 5 min",
        ],
    }


@pytest.mark.parametrize("ending", [Ending.PAGE_REMOVED, Ending.NO_CERTIFICATE, Ending.RENEWED])
def test_a_report_says_why_what_still_failed_is_no_longer_open(
    watched: Watched, ending: Ending
) -> None:
    ENDS[ending].story(watched)
    with reading(watched.engine) as connection:
        fleet = snapshots.get(connection, watched.digest).fleet
        start, end = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
        _, rows = site_and_incident_rows(connection, fleet, start, end, end)
        _, before = site_and_incident_rows(
            connection, fleet, start, end, NOON + timedelta(minutes=1)
        )
    ((row,), (then,)) = rows, before
    words = ENDS[ending].line.partition(" - ")[2]
    expected = then["reason"] if ending.good else f"{then['reason']}; {words}"
    assert row["reason"] == expected
    assert ";" not in then["reason"]
