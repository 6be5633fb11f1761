"""Registries and name servers that say nothing, ask for a pause, or deny what they knew."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from types import SimpleNamespace

import dns.rcode
import dns.resolver
import pytest

from flows.sites.domains.test_domain_check import SHOP, Agency, agency, servers
from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.flows.reports.reporting.ending_rows import ending
from supportops.flows.sites import domain_check, show_domains
from supportops.sites.domains.records import Names

__all__ = ["agency", "servers"]  # fixtures

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
BLOG = {"name": "blog", "url": "https://www.blog.org/"}
UNTIL = "2028-01-01T00:00:00Z"


def answering(agency: Agency, *names: str) -> None:
    for name in names:
        agency.registry.ends[name] = UNTIL
        agency.names.zone |= {(name, "NS"): ["ns1.host.org."], (f"www.{name}", "A"): ["192.0.2.9"]}


def sites(*domains: str) -> list[dict[str, str]]:
    return [{"name": f"site {name}", "url": f"https://www.{name}/"} for name in domains]


def test_a_registry_that_has_not_answered_for_a_week_is_said_until_it_answers(
    agency: Agency,
) -> None:
    agency.configure(SHOP, BLOG, mail=False)
    answering(agency, "blog.org")
    agency.check(0)
    agency.registry.answers["shop.com"] = (503, b"busy")
    for day in range(1, 7):
        agency.check(day)
        assert agency.open() == []
    for day in range(7, 10):
        agency.check(day)
        said = ("registration", "its registry has not answered since 2026-04-07")
        assert agency.open() == [said]
    assert agency.alert("registration").severity.value == "info"
    del agency.registry.answers["shop.com"]
    agency.check(10)
    assert agency.open() == []


def test_one_that_never_answered_counts_from_the_first_check(agency: Agency) -> None:
    agency.configure(SHOP, BLOG, mail=False)
    answering(agency, "blog.org")
    agency.registry.answers["shop.com"] = (200, b"<html>")
    for day in (0, 3, 7):
        agency.check(day)
    assert [kind for kind, _ in agency.open()] == ["registration"]


def test_where_none_answers_at_all_one_alert_is_enough(agency: Agency) -> None:
    agency.configure(SHOP, BLOG, mail=False)
    for name in ("shop.com", "blog.org"):
        agency.registry.answers[name] = (503, b"")
    for day in range(10):
        agency.check(day)
    assert [kind for kind, _ in agency.open()] == ["task_failed"]


def test_an_end_that_is_near_is_said_and_not_the_silence(agency: Agency) -> None:
    agency.configure(SHOP, BLOG, mail=False)
    answering(agency, "blog.org")
    agency.registry.ends["shop.com"] = "2026-06-20T00:00:00Z"
    agency.check(0)
    agency.registry.answers["shop.com"] = (503, b"")
    agency.check(8)
    assert agency.alert("registration").facts["words"].startswith("its registry has not answered")
    agency.check(20)
    assert agency.open() == [("registration", "the registration ends in 53 days")]


@pytest.mark.parametrize(("status", "asked"), [(429, 1), (503, 3)])
def test_a_registry_that_wants_a_pause_or_is_down_is_not_asked_on(
    agency: Agency, status: int, asked: int
) -> None:
    names = [f"d{n}.com" for n in range(6)]
    answering(agency, *names, "blog.org")
    agency.configure(*sites(*names, "blog.org"), mail=False)
    for name in names:
        agency.registry.answers[name] = (status, b"")
    agency.check(0)
    assert len([name for name in agency.registry.asked if name in names]) == asked
    assert "blog.org" in agency.registry.asked
    agency.registry.answers.clear()
    agency.registry.asked.clear()
    agency.check(1)
    assert set(agency.registry.asked) == {*names, "blog.org"}


def test_a_registry_that_denies_what_it_knew_of_most_at_once_is_not_believed(
    agency: Agency,
) -> None:
    names = [f"d{n}.com" for n in range(4)]
    answering(agency, *names, "blog.org")
    agency.configure(*sites(*names, "blog.org"), mail=False)
    agency.check(0)
    for name in names[1:]:
        del agency.registry.ends[name]
    agency.check(1)
    assert agency.open() == []
    for name in names[2:]:
        agency.registry.ends[name] = UNTIL
    agency.check(2)
    assert agency.open() == [("registration", "its registry does not know it")]


def test_with_too_little_time_for_all_others_come_first_the_next_day(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"d{n}.org" for n in range(9)]
    answering(agency, *names)
    agency.configure(*sites(*names), mail=False)
    monkeypatch.setattr(domain_check, "AT_ONCE", 1)
    for day in range(3):
        ticks = itertools.count()  # three domains take all the time there is
        slow = SimpleNamespace(monotonic=lambda ticks=ticks: next(ticks) * 100.0)
        monkeypatch.setattr(domain_check, "time", slow)
        assert agency.check(day)["checked"] == 3
    checked = [each.checked_at for each in show_domains.domains(agency.context)]
    assert None not in checked


def test_a_domain_that_somebody_picks_says_nothing_of_all_registries(agency: Agency) -> None:
    agency.configure(SHOP, BLOG, mail=False)
    answering(agency, "blog.org")
    agency.check(0)
    agency.registry.answers["shop.com"] = (503, b"")
    agency.check(1, only=("shop.com",))
    assert agency.open() == []


def no_resolver(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Names) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(Names, "resolver", refused)


@pytest.mark.parametrize("trouble", ["servers fail", "no resolver"])
def test_while_no_name_server_answers_no_open_fault_is_called_right(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    del agency.names.zone["_dmarc.shop.com", "TXT"]
    agency.check(0)
    agency.names.zone["shop.com", "NS"] = ["ns1.thief.org."]
    agency.check(1)
    said = {"mail_records", "dns_change"}
    assert {kind for kind, _ in agency.open()} == said
    with monkeypatch.context() as patch:
        if trouble == "no resolver":
            no_resolver(agency, patch)
        else:
            agency.names.rcode = dns.rcode.SERVFAIL
        agency.check(2)
    assert {kind for kind, _ in agency.open()} == said | {"task_failed"}
    agency.names.rcode = None
    agency.check(3)
    assert {kind for kind, _ in agency.open()} == said
    assert agency.alert("dns_change").opened_at == agency.now - timedelta(days=2)


def test_records_that_changed_while_nobody_answered_are_a_change(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency.check(0)
    with monkeypatch.context() as patch:
        no_resolver(agency, patch)
        agency.check(1)
    agency.names.zone["shop.com", "MX"] = ["10 mx.thief.org."]
    agency.check(2)
    assert "dns_change" in {kind for kind, _ in agency.open()}


def test_mail_that_is_no_longer_judged_is_not_called_right(agency: Agency) -> None:
    del agency.names.zone["_dmarc.shop.com", "TXT"]
    agency.check(0)
    agency.configure(mail=False)
    agency.check(1)
    assert agency.open() == []
    assert agency.alert("mail_records").facts["ending"] == "domain_removed"


def test_a_registry_that_says_no_end_any_more_leaves_the_one_that_it_said(agency: Agency) -> None:
    agency.configure(SHOP, mail=False)
    agency.registry.ends["shop.com"] = "2026-07-20T00:00:00Z"
    agency.check(0)
    silent = {"objectClassName": "domain", "handle": "1", "ldhName": "shop.com", "events": []}
    agency.registry.answers["shop.com"] = (200, json.dumps(silent).encode())
    agency.check(1)
    assert agency.open() == []
    (known,) = show_domains.domains(agency.context)
    assert (known.status, known.ends and f"{known.ends:%Y-%m-%d}") == ("no_date", "2026-07-20")
    with reading(agency.engine) as connection:
        fleet = active_configuration(connection).fleet
        (row,) = ending(connection, fleet, agency.now)
    assert row["ends_at"] == known.ends
    for day in range(2, 60, 9):
        agency.check(day)
    ((kind, headline),) = agency.open()
    assert kind == "registration"
    assert headline.startswith("the registration ends in 56 days, by what its registry said last")
    with reading(agency.engine) as connection:
        (row,) = ending(connection, fleet, agency.now)
    assert row["ends_at"] == known.ends, "also where no end was said for long"
    agency.configure(SHOP, mail=False, names={"shop.com": {"expires": date(2027, 7, 20)}})
    agency.check()
    assert agency.open() == [], "the file can know better"
    del agency.registry.answers["shop.com"]
    agency.registry.ends["shop.com"] = "2026-07-20T00:00:00Z"
    agency.check()
    assert [kind for kind, _ in agency.open()] == ["registration"], "what it says counts again"
