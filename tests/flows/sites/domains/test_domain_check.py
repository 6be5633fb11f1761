"""The daily check of domains against a name server and registries on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.rcode
import pytest
import yaml
from sqlalchemy import Engine, func, select

from builders import configure
from flows.sites.domains.registries import NameServer, Registry, name_server, registry
from supportops.alerts.acts.log import acknowledge
from supportops.alerts.alert import Alert, Severity
from supportops.alerts.store import find_all, list_open
from supportops.config.loader import load
from supportops.config.yaml_source import ConfigurationError
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, domain_checks
from supportops.flows.active_configuration import active_configuration
from supportops.flows.reports.reporting.ending_rows import ending
from supportops.flows.sites import domain_check, show_domains
from supportops.sites.domains import records
from supportops.sites.domains.records import Names
from supportops.sites.domains.registries import Registries

NOON = datetime(2026, 4, 7, 12, tzinfo=UTC)
SHOP = {"name": "shop", "url": "https://www.shop.com/"}
ZONE = {
    ("shop.com", "NS"): ["ns1.host.org.", "ns2.host.org."],
    ("shop.com", "MX"): ["10 mx.shop.com."],
    ("shop.com", "A"): ["192.0.2.10"],
    ("www.shop.com", "A"): ["192.0.2.10"],
    ("shop.com", "CAA"): ['0 issue "letsencrypt.org"'],
    ("shop.com", "TXT"): ['"v=spf1 mx -all"'],
    ("_dmarc.shop.com", "TXT"): ['"v=DMARC1; p=reject"'],
    ("mx.shop.com", "A"): ["192.0.2.25"],
}


class Agency:
    """An installation whose domains are checked; `day` counts from the first."""

    def __init__(self, store: Engine, folder: Path, names: NameServer, asked: Registry) -> None:
        self.engine, self.folder, self.names, self.registry = store, folder, names, asked
        self.context = Context(store, folder, {}.get)
        self.day = 0.0
        names.zone = {key: list(texts) for key, texts in ZONE.items()}
        asked.ends["shop.com"] = "2027-04-07T12:00:00Z"

    @property
    def now(self) -> datetime:
        return NOON + timedelta(days=self.day)

    def configure(self, *sites: Mapping[str, Any], **domains: Any) -> None:
        configure(self.folder, sites or [SHOP])
        file = self.folder / "sites.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"domains": domains}))

    def check(self, day: float | None = None, **options: Any) -> dict[str, Any]:
        self.day = self.day + 1 if day is None else day
        registries = Registries(
            f"{self.registry.address}/dns.json", trust=self.registry.trust, allow_private=True
        )
        looking = domain_check.LookUps(Names([("127.0.0.1", self.names.port)]), registries)
        return domain_check.run(self.context, lambda: self.now, looking, **options)

    def open(self) -> list[tuple[str, str]]:
        with reading(self.engine) as connection:
            return [(a.kind.value, a.headline) for a in list_open(connection)]

    def alert(self, kind: str) -> Alert:
        c = alerts.c
        with reading(self.engine) as connection:
            newest = select(c.key).where(c.kind == kind).order_by(c.opened_at.desc(), c.key)
            key = connection.execute(newest.limit(1)).scalar_one()
            return find_all(connection, [key])[key]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NameServer, Registry]]:
    with name_server() as names, registry(tmp_path_factory.mktemp("trust")) as asked:
        yield names, asked


@pytest.fixture
def agency(
    store: Engine,
    tmp_path: Path,
    servers: tuple[NameServer, Registry],
    monkeypatch: pytest.MonkeyPatch,
) -> Agency:
    monkeypatch.setattr(records, "TRY_SECONDS", 0.1)
    monkeypatch.setattr(records, "LONGEST_SECONDS", 0.2)
    names, asked = servers
    names.rcode, names.port = None, names.port
    names.dropped.clear()
    names.asked.clear()
    asked.ends.clear()
    asked.answers.clear()
    asked.asked.clear()
    asked.base = ""
    found = Agency(store, tmp_path / "config", names, asked)
    found.configure()
    return found


def test_a_domain_in_order_raises_nothing_and_is_asked_once_a_day(agency: Agency) -> None:
    agency.configure(SHOP, {"name": "blog", "url": "https://blog.shop.com/"})
    summary = agency.check(0)
    assert (summary["domains"], summary["checked"], summary["unknown"]) == (1, 1, 0)
    assert agency.open() == []
    assert agency.registry.asked == ["shop.com"], "one look-up of two sites"
    assert agency.check(0.1)["checked"] == 0
    assert agency.check(0.2, again=True)["checked"] == 1
    (state,) = show_domains.domains(agency.context)
    assert state.ends == datetime(2027, 4, 7, 12, tzinfo=UTC)
    assert state.records["shop.com NS"] == ("ns1.host.org", "ns2.host.org")
    assert {name: each.valid for name, each in state.mail.items()} == {"SPF": True, "DMARC": True}
    with reading(agency.engine) as connection:
        assert connection.execute(select(func.count()).select_from(domain_checks)).scalar() == 2


one_database = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


def test_a_registration_is_warned_about_at_each_step_until_it_is_renewed(agency: Agency) -> None:
    agency.registry.ends["shop.com"] = "2026-06-07T00:00:00Z"
    agency.check(0)
    assert agency.open() == []
    agency.check(1)
    assert agency.open() == [("registration", "the registration ends in 59 days")]
    first = agency.alert("registration")
    assert (first.site, first.customer, first.severity) == ("shop", "Acme", Severity.WARNING)
    agency.check(2)
    assert agency.alert("registration").step_at == first.step_at
    agency.check(31)
    assert agency.alert("registration").headline == "the registration ends in 29 days"
    agency.registry.ends["shop.com"] = "2027-06-07T00:00:00Z"
    agency.check(32)
    over = agency.alert("registration")
    assert (over.facts["ending"], over.resolved_at) == ("renewed", agency.now)
    assert agency.open() == []


@one_database
def test_what_was_known_of_a_registration_is_warned_about_while_nobody_answers(
    agency: Agency,
) -> None:
    agency.registry.ends["shop.com"] = "2026-06-07T00:00:00Z"
    agency.check(0)
    agency.registry.answers["shop.com"] = (503, b"busy")
    agency.check(40)
    assert ("registration", "the registration ends in 20 days") in agency.open()
    agency.check(62)
    assert ("registration", "the registration has ended") in agency.open()


@one_database
def test_a_registry_without_rdap_is_said_once_and_the_file_can_know_better(agency: Agency) -> None:
    agency.configure({"name": "net", "url": "https://www.shop.net/"})
    for day in range(3):
        agency.check(day)
    alert = agency.alert("registration")
    assert alert.headline == "its end is not known: its registry has no RDAP; sites.yaml can say it"
    assert alert.severity is Severity.INFO
    assert alert.step_at == alert.opened_at == NOON, "no reminder comes by the clock"
    assert agency.registry.asked == []
    agency.configure(
        {"name": "net", "url": "https://www.shop.net/"},
        names={"shop.net": {"expires": "2026-05-01"}},
    )
    agency.check(3)
    assert agency.open() == [("registration", "the registration ends in 20 days")]
    assert agency.alert("registration").severity is Severity.WARNING


@one_database
def test_a_domain_that_its_registry_does_not_know_is_an_alert(agency: Agency) -> None:
    agency.check(0)
    del agency.registry.ends["shop.com"]
    agency.check(1)
    assert agency.open() == [("registration", "its registry does not know it")]
    agency.registry.ends["shop.com"] = "2027-06-07T00:00:00Z"
    agency.check(2)
    assert agency.open() == []


@one_database
@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"events": 5}'),
        (200, b'{"events": [{"eventAction": "expiration", "eventDate": "soon"}]}'),
        (200, b'{"a":' * 5000),
        (429, b"{}"),
        (500, b"\xff" * 100),
        (302, b"http://127.0.0.1:9/"),
        (302, b"https://127.0.0.1:9/"),
        (302, b"file:///etc/passwd"),
    ],
)
def test_a_registry_that_answers_anything_at_all_leaves_the_domain_as_it_was(
    agency: Agency, answer: tuple[int, bytes]
) -> None:
    agency.check(0)
    agency.registry.answers["shop.com"] = answer
    agency.check(1)
    assert [kind for kind, _ in agency.open()] in ([], ["task_failed"])
    (state,) = show_domains.domains(agency.context)
    assert state.ends in (datetime(2027, 4, 7, 12, tzinfo=UTC), None)


@one_database
def test_an_answer_without_end_is_cut_off(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supportops.sites.domains.registries.LARGEST", 100_000)
    agency.registry.answers["shop.com"] = (200, b" " * 5_000_000)
    agency.check(0)
    assert agency.open()[0][0] == "task_failed"


@one_database
def test_no_registry_leads_into_our_own_network(agency: Agency) -> None:
    asked = Registries(f"{agency.registry.address}/dns.json", trust=agency.registry.trust)
    assert asked.ask("shop.com").detail == "ConnectionError"
    assert agency.registry.asked == []
    plain = f"http://127.0.0.1:{agency.names.port}/dns.json"
    assert Registries(plain, allow_private=True).ask("shop.com").status.value == "unknown"


def test_changed_records_are_an_alert_until_they_are_as_they_were(agency: Agency) -> None:
    agency.check(0)
    agency.names.zone[("shop.com", "NS")] = ["ns1.thief.org."]
    agency.names.zone[("shop.com", "MX")] = []
    agency.check(1)
    words = "shop.com MX: 10 mx.shop.com is now none; "
    words += "shop.com NS: ns1.host.org, ns2.host.org is now ns1.thief.org"
    assert ("dns_change", words) in agency.open()
    agency.names.zone[("shop.com", "MX")] = ["10 mx.shop.com."]
    agency.check(2)
    assert agency.alert("dns_change").headline.startswith("shop.com NS:")
    agency.names.zone[("shop.com", "NS")] = ["ns2.host.org.", "NS1.host.org."]
    agency.check(3)
    over = agency.alert("dns_change")
    assert (over.facts["ending"], over.facts["over"]) == (
        "recovered",
        "the records are as they were",
    )


@one_database
def test_an_acknowledgement_accepts_the_records_and_so_does_a_week(agency: Agency) -> None:
    agency.check(0)
    agency.names.zone[("shop.com", "CAA")] = ['0 issue "other.org"']
    agency.check(1)
    alert = agency.alert("dns_change")
    with writing(agency.engine) as connection:
        acknowledge(connection, alert.key, "ada", agency.now, "meant", None)
    agency.check(2)
    assert agency.alert("dns_change").facts["ending"] == "accepted"
    agency.check(3)
    assert agency.open() == []
    agency.names.zone[("shop.com", "CAA")] = []
    agency.check(4)
    agency.check(10.4)
    assert [kind for kind, _ in agency.open()] == ["dns_change"]
    agency.check(11)
    assert agency.open() == []
    assert "unchanged for 7 days" in agency.alert("dns_change").facts["over"]


@one_database
def test_a_content_network_that_rotates_its_addresses_is_no_change(agency: Agency) -> None:
    www = ("www.shop.com", "A")
    agency.check(0)
    for day, addresses in enumerate((["192.0.2.77"], ["192.0.2.10", "203.0.113.9"], ["203.0.9.1"])):
        agency.names.zone[www] = addresses
        agency.check(day + 1)
    assert agency.open() == [], "the same networks, or one of them"
    agency.names.zone[www] = ["198.51.100.1"]
    agency.check(5)
    assert [kind for kind, _ in agency.open()] == ["dns_change"]


@one_database
def test_of_an_alias_elsewhere_the_alias_counts_and_not_its_addresses(agency: Agency) -> None:
    agency.names.zone[("www.shop.com", "CNAME")] = ["d1.cdn.org."]
    for day in range(4):
        agency.names.zone[("d1.cdn.org", "A")] = [f"10{day}.1.2.3"]
        agency.check(day)
    assert agency.open() == []
    agency.names.zone[("www.shop.com", "CNAME")] = ["d2.cdn.org."]
    agency.check(5)
    (alert,) = agency.open()
    assert alert[1].startswith("www.shop.com A: alias of d1.cdn.org is now alias of d2.cdn.org")


@one_database
@pytest.mark.parametrize("trouble", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, "silent", "gone"])
def test_a_resolver_that_is_down_is_unknown_and_no_record_is_gone(
    agency: Agency, trouble: int | str
) -> None:
    agency.check(0)
    agency.names.zone[("shop.com", "NS")] = ["ns1.thief.org."]
    agency.check(1)
    if trouble == "silent":
        agency.names.dropped |= {name for name, _ in ZONE} | {"shop.com"}
    elif isinstance(trouble, int):
        agency.names.rcode = trouble
    port = agency.names.port
    if trouble == "gone":
        agency.names.port = 9
    summary = agency.check(2)
    agency.names.port = port
    assert summary["unknown"] == 1
    kinds = {kind for kind, _ in agency.open()}
    assert kinds == {"dns_change", "task_failed"}
    assert "no name server answers" in dict(agency.open())["task_failed"]
    agency.names.rcode = None
    agency.names.dropped.clear()
    agency.names.zone[("shop.com", "NS")] = ["ns1.host.org.", "ns2.host.org."]
    agency.check(3)
    assert agency.open() == []


@one_database
def test_a_resolver_that_denies_every_name_at_once_is_not_believed(agency: Agency) -> None:
    letters = "abcd"
    sites = [{"name": each, "url": f"https://shop-{each}.com/"} for each in letters]
    agency.configure(*sites)
    for each in letters:
        agency.names.zone[(f"shop-{each}.com", "NS")] = ["ns1.host.org."]
        agency.registry.ends[f"shop-{each}.com"] = "2027-06-07T00:00:00Z"
    agency.check(0)
    agency.names.zone = {}
    agency.check(1)
    assert "dns_change" not in {kind for kind, _ in agency.open()}


def test_wrong_mail_records_are_one_alert_with_what_is_wrong(agency: Agency) -> None:
    agency.names.zone[("shop.com", "TXT")] = ['"v=spf1 mx -all"', '"v=spf1 -all"']
    del agency.names.zone[("_dmarc.shop.com", "TXT")]
    agency.configure(names={"shop.com": {"dkim": ["s1", "s2"]}})
    agency.names.zone[("s1._domainkey.shop.com", "TXT")] = ['"v=DKIM1; k=rsa; p=" "MIGf"']
    agency.names.zone[("s2._domainkey.shop.com", "TXT")] = ['"v=DKIM1; p="']
    agency.check(0)
    ((kind, words),) = agency.open()
    assert kind == "mail_records"
    assert words.startswith("SPF: ")
    assert "DMARC: there is none" in words
    assert "DKIM s2: its key is revoked" in words
    assert "s1" not in words
    agency.names.zone |= {key: list(texts) for key, texts in ZONE.items()}
    agency.names.zone[("s2._domainkey.shop.com", "TXT")] = ['"p=MIGf"']
    agency.check(1)
    assert agency.open() == []


@one_database
def test_mail_whose_includes_do_not_answer_is_unknown(agency: Agency) -> None:
    agency.names.zone[("shop.com", "TXT")] = ['"v=spf1 include:slow.org -all"']
    agency.names.dropped.add("slow.org")
    agency.check(0)
    (state,) = show_domains.domains(agency.context)
    assert (state.mail["SPF"].valid, agency.open()) == (None, [])


@one_database
def test_a_domain_without_mail_is_not_told_to_have_some(agency: Agency) -> None:
    for key in (("shop.com", "MX"), ("shop.com", "TXT"), ("_dmarc.shop.com", "TXT")):
        agency.names.zone[key] = []
    agency.check(0)
    assert agency.open() == []
    agency.configure(mail=False)
    agency.names.zone[("shop.com", "MX")] = ["10 mx.shop.com."]
    agency.check(1)
    assert "mail_records" not in {kind for kind, _ in agency.open()}


@one_database
def test_records_of_a_stranger_are_one_visible_line(agency: Agency) -> None:
    agency.names.zone[("shop.com", "TXT")] = ['"v=spf1 <script>\\226\\128\\174 exists:%{x}"']
    agency.check(0)
    words = agency.alert("mail_records").headline
    assert words.isprintable()
    assert "\u202e" not in words


def test_what_no_site_has_any_more_ends_and_a_kill_leaves_whole_domains(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency.registry.ends["shop.com"] = "2026-04-20T00:00:00Z"

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(domain_check, "raise_or_resolve", dies)
        with pytest.raises(SystemExit):
            agency.check(0)
    assert agency.open() == []
    assert show_domains.domains(agency.context)[0].checked_at is None
    agency.check(0)
    assert [kind for kind, _ in agency.open()] == ["registration"]
    agency.configure({"name": "own", "url": "https://10.0.0.1/"})
    agency.check(1)
    assert agency.alert("registration").facts["ending"] == "domain_removed"


@one_database
def test_a_report_lists_the_registrations_that_were_known_then(agency: Agency) -> None:
    agency.check(0)
    agency.registry.ends["shop.com"] = "2028-01-01T00:00:00Z"
    agency.check(1)
    agency.registry.answers["shop.com"] = (503, b"")
    agency.check(2)
    with reading(agency.engine) as connection:
        fleet = active_configuration(connection).fleet
        (then,) = ending(connection, fleet, NOON + timedelta(hours=1))
        (later,) = ending(connection, fleet, agency.now)
    assert (then["kind"], then["name"], then["site"]) == ("domain", "shop.com", "shop")
    assert then["ends_at"] == datetime(2027, 4, 7, 12, tzinfo=UTC)
    assert later["ends_at"] == datetime(2028, 1, 1, tzinfo=UTC)


def test_a_domain_without_a_site_of_its_own_is_watched_for_the_one_it_is_given(
    agency: Agency,
) -> None:
    agency.names.zone |= {("mail.org", "NS"): ["ns1.host.org."], ("mail.org", "A"): ["192.0.2.7"]}
    agency.registry.ends["mail.org"] = "2026-04-20T12:00:00Z"
    special = {"mail.org": {"site": "shop", "mail": False}}
    agency.configure({"name": "shop", "url": "http://10.0.0.1/", "customer": "A"}, names=special)
    assert agency.check(0)["domains"] == 1
    alert = agency.alert("registration")
    assert (alert.site, alert.customer) == ("shop", "A")
    agency.names.zone["mail.org", "A"] = ["198.51.100.1"]
    agency.check(1)
    assert agency.alert("dns_change").site == "shop"
    with reading(agency.engine) as connection:
        configuration = active_configuration(connection)
        rows = ending(connection, configuration.fleet, agency.now, configuration.domains)
    assert [(row["kind"], row["name"], row["customer"]) for row in rows] == [
        ("domain", "mail.org", "A")
    ]


def test_name_servers_and_registries_are_those_that_the_file_names(agency: Agency) -> None:
    listed = {
        "list": f"{agency.registry.address}/dns.json",
        "authorities": "authority.pem",
        "allow_private": True,
    }
    (agency.folder / "authority.pem").write_bytes(Path(agency.registry.trust).read_bytes())
    agency.configure(resolvers=[f"127.0.0.1:{agency.names.port}"], registries=listed)
    summary = domain_check.run(agency.context, lambda: agency.now)
    assert (summary["checked"], summary["unknown"]) == (1, 0)
    assert agency.registry.asked == ["shop.com"]
    assert agency.open() == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"resolvers": ["9.9.9.9:0"]}, "the address of a name server"),
        ({"resolvers": ["dns.example.org:53"]}, "the address of a name server"),
        ({"registries": {"list": "http://example.org/dns.json"}}, "begins with https://"),
        ({"names": {"mail.org": {"site": "nosuch"}}}, "a site of this file"),
    ],
)
def test_what_cannot_be_asked_is_a_fault_of_the_file(
    agency: Agency, said: dict[str, Any], expected: str
) -> None:
    agency.configure(**said)
    with pytest.raises(ConfigurationError, match=expected):
        load(agency.folder)
