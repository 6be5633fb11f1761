"""`reports.yaml`: what it means, and every fault with its line, key path, found and expected."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import configure
from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.config.loader import load
from supportops.config.reports import audience_name
from supportops.config.yaml_source import ConfigurationError
from supportops.reports.audience import (
    INTERNAL,
    Audience,
    Brand,
    ForCustomers,
    Format,
    Part,
    Plan,
)
from supportops.reports.period import Cadence

SITES = [
    {"name": "bluebird-shop", "customer": "Bluebird Books", "url": "https://shop.example/"},
    {"name": "kestrel", "customer": "Kestrel", "url": "https://kestrel.example/"},
]
EVERYTHING = """\
timezone: Europe/Paris
stale_after: 90m
attach_at_most: 1.5MB
late: {weekly: 09:00, daily: 22:30}
targets: {bug_fix: 92.5%}
availability: {default: 99.9%, sites: {bluebird-shop: 99.95%}}
monthly: {approval: none, agency: Northlight, colour: "#0A5C36", formats: [csv, pdf]}
audiences:
  - name: bluebird
    title: Bluebird Books
    customer: Bluebird Books
    receivers: [manager, team]
    reports: [monthly, weekly, daily]
    tiers: [bug_fix, user_support]
    sections: [alerts, tiers]
    formats: [json, pdf]
    timezone: America/New_York
    language: pt-BR
"""
SHORT = """\
audiences:
  - name: managers
    title: Managers
    receivers: [manager]
    reports: [weekly]
"""


RECEIVERS = """
receivers:
  kestrel: [{name: kestrel_email, channel: email, secret: apprise_kestrel}]
  pager: [{name: pager_sms, channel: sms, secret: apprise_pager}]
"""


def read(folder: Path, text: str) -> Configuration:
    """The project's own configuration with this `reports.yaml` and two receivers on no route."""
    alerts = configure(folder, SITES) / "alerts.yaml"
    alerts.write_text(alerts.read_text().replace("\nreceivers:\n", RECEIVERS, 1))
    (folder / "reports.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def audience(folder: Path, more: str = "") -> Audience:
    return read(folder, f"{SHORT}{more}").reports.audiences[0]


def faults(folder: Path, text: str) -> list[tuple[int | None, str, str, str]]:
    with pytest.raises(ConfigurationError) as error:
        read(folder, text)
    assert {fault.file for fault in error.value.faults} == {"reports.yaml"}
    return [(f.line, f.path, f.found, f.expected) for f in error.value.faults]


def test_every_key_says_what_it_says(tmp_path: Path) -> None:
    assert read(tmp_path, EVERYTHING).reports == Plan(
        audiences=(
            Audience(
                name="bluebird",
                title="Bluebird Books",
                receivers=("manager", "team"),
                cadences=frozenset(Cadence),
                parts=(Part.TIERS, Part.ALERTS),
                formats=(Format.PDF, Format.JSON),
                customer="Bluebird Books",
                tiers=("bug_fix", "user_support"),
                zone="America/New_York",
                language="pt-BR",
            ),
        ),
        targets={"bug_fix": 0.925},
        availability=0.999,
        site_availability={"bluebird-shop": 0.9995},
        stale_after=timedelta(minutes=90),
        attach_at_most=1_500_000,
        late_at={Cadence.WEEKLY: time(9), Cadence.DAILY: time(22, 30)},
        zone="Europe/Paris",
        for_customers=ForCustomers(
            Brand("Northlight", "#0a5c36"), approved=False, formats=(Format.PDF, Format.CSV)
        ),
    )


def test_a_customers_report_waits_for_approval_unless_the_file_says_otherwise(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, SHORT).reports.for_customers == ForCustomers(approved=True)


def with_customers(folder: Path, customers: str) -> tuple[Audience, ...]:
    (folder / "customers.yaml").write_text(customers, encoding="utf-8")
    found = read(folder, f"timezone: Asia/Tokyo\n{SHORT}monthly: {{agency: Northlight}}\n")
    return found.reports.of(Cadence.MONTHLY)


def test_each_customer_that_gets_a_monthly_report_is_an_audience(tmp_path: Path) -> None:
    (kestrel,) = with_customers(
        tmp_path,
        """
customers:
  - {name: Kestrel, contacts: [team], reports: [monthly], language: de-AT, colour: "#123456"}
  - {name: Bluebird Books, contacts: [team]}
""",
    )
    assert kestrel.name == audience_name("KESTREL")
    assert (kestrel.title, kestrel.customer, kestrel.receivers) == ("Kestrel", "Kestrel", ("team",))
    assert (kestrel.language, kestrel.zone, kestrel.formats) == (
        "de-AT",
        "Asia/Tokyo",
        (Format.PDF,),
    )
    assert kestrel.brand == Brand("Northlight", "#123456")
    assert kestrel.approved
    assert not INTERNAL & set(kestrel.parts)


def test_names_of_customers_become_addresses_that_stay_apart() -> None:
    names = ["Bäckerei Müller", "Backerei Muller", "日本", "日光", "A" * 200, "-"]
    found = [audience_name(name) for name in names]
    assert len(set(found)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) for name in found)
    assert audience_name("  bäckerei   MÜLLER ") == found[0]


def test_who_says_little_gets_everything_as_pdf_on_the_files_clock(tmp_path: Path) -> None:
    found = read(tmp_path, f"timezone: Asia/Tokyo\n{SHORT}").reports.audiences[0]
    assert (found.parts, found.formats) == (tuple(Part), (Format.PDF,))
    assert (found.zone, found.language, found.tiers) == ("Asia/Tokyo", "en-GB", ())


def test_an_audience_may_want_the_mail_alone(tmp_path: Path) -> None:
    assert audience(tmp_path, "    formats: []\n").formats == ()


def test_a_customer_reads_of_the_agencys_own_affairs_only_where_the_file_says_so(
    tmp_path: Path,
) -> None:
    of_customer = "    customer: Kestrel\n"
    assert not INTERNAL & set(audience(tmp_path, of_customer).parts)
    named = audience(tmp_path, f"{of_customer}    sections: [assignees, tiers]\n")
    assert named.parts == (Part.TIERS, Part.ASSIGNEES)


def test_whoever_has_a_telephone_alone_gets_the_answer_by_sms(tmp_path: Path) -> None:
    assert read(tmp_path, SHORT.replace("manager]", "pager]")).reports.audiences[0].receivers == (
        "pager",
    )


def test_a_customer_may_have_tickets_and_no_site(tmp_path: Path) -> None:
    assert audience(tmp_path, "    customer: Nobody's Florist\n").customer == "Nobody's Florist"


def test_only_receivers_on_a_route_are_told_of_alerts_but_all_can_be_sent_to(
    tmp_path: Path,
) -> None:
    policy = read(tmp_path, SHORT.replace("[manager]", "[kestrel]")).alerts
    assert [target.secret for target in policy.receivers["kestrel"]] == ["apprise_kestrel"]
    assert "kestrel_email" in policy.targets()
    routed = {t.name for route in policy.routes for step in route.steps for t in step.targets}
    assert "kestrel_email" not in routed


def test_a_folder_without_the_file_has_no_reports_and_keeps_its_digest(tmp_path: Path) -> None:
    with_reports = read(tmp_path, SHORT)
    (tmp_path / "reports.yaml").unlink()
    without = load(tmp_path)
    assert without.reports == Plan()
    assert without.document["reports"] is None
    assert without.digest != with_reports.digest


def test_a_stored_configuration_knows_its_reports_if_it_had_any(tmp_path: Path) -> None:
    configuration = read(tmp_path, EVERYTHING)
    again = restore(configuration.document)
    assert (again.reports, again.digest) == (configuration.reports, configuration.digest)
    names = ("sites", "alerts", "service_levels")
    older = {name: configuration.document[name] for name in names}
    assert restore(older).reports == Plan()


def test_another_plan_is_another_configuration(tmp_path: Path) -> None:
    first = read(tmp_path, SHORT).digest
    assert read(tmp_path, f"# a comment\n{SHORT}").digest == first
    assert read(tmp_path, SHORT.replace("weekly", "daily")).digest != first


SIZE = "a number and a unit: 500kB or 7MB"
LANGUAGE = "a language, such as en-GB, de or fr-CH"
TIER = "a tier of service_levels.yaml: user_support, bug_fix, mission_critical"


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("title: M", "titel: M", (3, "audiences[0].titel", "'Managers'", "no such key")),
        ("    title: Managers\n", "", (2, "audiences[0].title", "nothing", "this key")),
        (
            "[manager]",
            "[manager, boss]",
            (
                4,
                "audiences[0].receivers[1]",
                "'boss'",
                "a receiver of alerts.yaml: kestrel, pager, engineers, team, support, manager",
            ),
        ),
        (
            "[manager]",
            "[team, team]",
            (
                4,
                "audiences[0].receivers[1]",
                "'team'",
                "each once, but it stands at audiences[0].receivers[0] too",
            ),
        ),
        ("[manager]", "[]", (4, "audiences[0].receivers", "a list of 0", "at least one entry")),
        ("[weekly]", "[]", (5, "audiences[0].reports", "a list of 0", "at least one entry")),
        (
            "[weekly]",
            "[hourly]",
            (5, "audiences[0].reports[0]", "'hourly'", "'daily', 'weekly' or 'monthly'"),
        ),
        (
            "[weekly]\n",
            "[weekly]\n    sections: []\n",
            (6, "audiences[0].sections", "a list of 0", "at least one entry"),
        ),
        (
            "[weekly]\n",
            "[weekly]\n    formats: [docx]\n",
            (6, "audiences[0].formats[0]", "'docx'", "'pdf', 'xlsx', 'csv' or 'json'"),
        ),
        (
            "[weekly]\n",
            "[weekly]\n    tiers: [gold]\n",
            (6, "audiences[0].tiers[0]", "'gold'", TIER),
        ),
        (
            "[weekly]\n",
            "[weekly]\n    customer: bluebird  books\n",
            (
                6,
                "audiences[0].customer",
                "'bluebird  books'",
                "'Bluebird Books', as sites.yaml writes it",
            ),
        ),
        (
            "[weekly]\n",
            "[weekly]\n    timezone: Europe/Atlantis\n",
            (
                6,
                "audiences[0].timezone",
                "'Europe/Atlantis'",
                "a zone of the IANA list, such as Europe/London",
            ),
        ),
        *(
            (
                "[weekly]\n",
                f"[weekly]\n    language: {found}\n",
                (6, "audiences[0].language", f"'{found}'", LANGUAGE),
            )
            for found in ("klingon", "en_GB", "../../etc", "e" * 60)
        ),
        (
            "name: managers",
            "name: The Managers",
            (
                2,
                "audiences[0].name",
                "'The Managers'",
                "a name of small letters, digits and underscores",
            ),
        ),
        (
            "[weekly]\n",
            "[weekly]\n  - {name: managers, title: M, receivers: [team], reports: [daily]}\n",
            (
                6,
                "audiences[1].name",
                "'managers'",
                "each once, but it stands at audiences[0].name too",
            ),
        ),
        ("audiences:", "targets: {gold: 95%}\naudiences:", (1, "targets.gold", "'gold'", TIER)),
        (
            "audiences:",
            "targets: {bug_fix: 101%}\naudiences:",
            (1, "targets.bug_fix", "'101%'", "a percentage from 0% to 100%"),
        ),
        (
            "audiences:",
            "stale_after: soon\naudiences:",
            (1, "stale_after", "'soon'", "a number and a unit: 30s, 5m, 2h or 1d"),
        ),
        *(
            (
                "audiences:",
                f"late: {{weekly: {found}}}\naudiences:",
                (1, "late.weekly", shown, expected),
            )
            for found, shown, expected in [
                ("9", "9", "a time of day such as 09:00"),
                ("quarter", "'quarter'", "a time of day such as 22:30"),
                ("24:00", "1440", "a time of day such as 22:30"),
            ]
        ),
        (
            "audiences:",
            "late: {hourly: '09:00'}\naudiences:",
            (1, "late.hourly", "'hourly'", "'daily', 'weekly' or 'monthly'"),
        ),
        *(
            (
                "audiences:",
                f"attach_at_most: {found}\naudiences:",
                (1, "attach_at_most", shown, expected),
            )
            for found, shown, expected in [
                ("7000000", "7000000", SIZE),
                ("true", "True", SIZE),
                ("7M", "'7M'", SIZE),
                ("-1MB", "'-1MB'", SIZE),
                ("9" * 30 + "MB", f"'{'9' * 30}MB'", SIZE),
                ("101MB", "'101MB'", "a size of at most 100MB"),
            ]
        ),
    ],
)
def test_a_fault(tmp_path: Path, before: str, after: str, fault: tuple[Any, ...]) -> None:
    assert before in SHORT
    assert fault in faults(tmp_path, SHORT.replace(before, after, 1))


def test_all_faults_are_told_at_once_with_those_of_the_other_files(tmp_path: Path) -> None:
    configure(tmp_path, [*SITES, {"name": "x", "url": "x"}])
    wrong = EVERYTHING.replace("manager, team", "boss").replace("92.5", "925").replace("pt-BR", "q")
    (tmp_path / "reports.yaml").write_text(wrong)
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path)
    assert [(fault.file, fault.path) for fault in error.value.faults] == [
        ("sites.yaml", "sites[2].url"),
        ("reports.yaml", "targets.bug_fix"),
        ("reports.yaml", "audiences[0].receivers[0]"),
        ("reports.yaml", "audiences[0].language"),
    ]


def test_a_name_is_not_doubted_where_the_file_that_knows_it_cannot_be_read(tmp_path: Path) -> None:
    configure(tmp_path, SITES)
    (tmp_path / "reports.yaml").write_text(EVERYTHING)
    for name in ("sites", "alerts", "service_levels"):
        (tmp_path / f"{name}.yaml").write_text("a: 1\na: 2\n")
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path)
    assert "reports.yaml" not in {fault.file for fault in error.value.faults}


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "audiences: 7",
        "audiences: [7, [], {receivers: {}, tiers: 7, customer: []}]",
        "availability: []\ntargets: []",
        "availability: {sites: [a]}\ntargets: {1: 2}",
    ],
)
def test_a_file_of_any_shape_is_told_and_breaks_nothing(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text)


@pytest.mark.parametrize(
    ("zone", "cadence", "at"),
    [
        ("America/Los_Angeles", "daily", "07:30"),
        ("America/Anchorage", "weekly", "08:00"),
        ("Pacific/Honolulu", "weekly", "08:00"),
    ],
)
def test_a_zone_whose_day_is_not_over_when_its_report_is_made_is_refused(
    tmp_path: Path, zone: str, cadence: str, at: str
) -> None:
    audience = f"{{name: a, title: A, receivers: [team], reports: [{cadence}], timezone: {zone}}}"
    expected = f"a zone in which the day before is over at {at} Europe/London, when it is made"
    assert (1, "audiences[0].timezone", f"'{zone}'", expected) in faults(
        tmp_path, f"audiences: [{audience}]\n"
    )


@pytest.mark.parametrize(
    ("zone", "cadence"),
    [
        ("America/New_York", "daily"),
        ("America/Los_Angeles", "weekly"),
        ("Pacific/Auckland", "daily"),
    ],
)
def test_other_zones_have_their_own_days(tmp_path: Path, zone: str, cadence: str) -> None:
    audience = f"{{name: a, title: A, receivers: [team], reports: [{cadence}], timezone: {zone}}}"
    assert read(tmp_path, f"audiences: [{audience}]\n").reports.audiences[0].zone == zone


def test_a_file_of_nothing_is_not_taken_for_no_file(tmp_path: Path) -> None:
    assert faults(tmp_path, "# all of it is commented out\n") == [
        (None, "", "None", "a mapping of keys")
    ]
    assert read(tmp_path, "audiences: []\n").reports == Plan()
