"""A configuration folder: every fault with its file, line, key path, found and expected."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import jsonschema
import pytest
import yaml

from config.documented_examples import (
    access_data,
    customers_data,
    mailbox_data,
    rota_data,
    store_data,
)
from supportops.alerts.channels.registry import CHANNELS
from supportops.config import values
from supportops.config.configuration import Configuration
from supportops.config.documents import MODELS, restore
from supportops.config.loader import json_schema, load
from supportops.config.yaml_source import ConfigurationError, read
from supportops.sites.maintenance import OneOffMaintenance, WeeklyMaintenance
from supportops.sla.policy import PolicyVersion

INCLUDE = Path(__file__).parents[2] / "include"
SHIPPED = INCLUDE / "config"
DEMO = INCLUDE / "supportops" / "local" / "demo" / "demo_config"

SITES = """\
check: {confirm_after: [10s, 30s]}
sites:
  - name: shop
    customer: Acme
    url: https://shop.example/
    pages: [{path: /basket}]
  - {name: blog, customer: Acme, url: "https://blog.example/"}
"""
ALERTS = """\
receivers:
  team: [{name: team_email, channel: email, secret: apprise_team_email}]
routes:
  - name: everything
    steps: [{receivers: [team]}]
"""
LEVELS = """\
calendars:
  office:
    timezone: Europe/London
    hours: {mon: [["09:00", "17:00"]]}
"""


def a_channel() -> str:
    """What is expected where a channel is named."""
    *others, last = map(repr, CHANNELS)
    return f"{', '.join(others)} or {last}"


def folder(path: Path, sites: str = SITES, alerts: str = ALERTS, levels: str = LEVELS) -> Path:
    for name, text in (("sites", sites), ("alerts", alerts), ("service_levels", levels)):
        (path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return path


def _versions(configuration: Configuration) -> tuple[PolicyVersion, ...]:
    return configuration.promises.versions if configuration.promises else ()


def faults(*args: Any, **files: str) -> list[tuple[str, int | None, str, str, str]]:
    with pytest.raises(ConfigurationError) as error:
        load(folder(*args, **files))
    return [(f.file, f.line, f.path, f.found, f.expected) for f in error.value.faults]


def sites(change: str, by: str) -> str:
    assert change in SITES
    return SITES.replace(change, by)


URL = "url: https://shop.example/"
ADDRESS = "an address such as https://www.example.org/"
DURATION = "a number and a unit: 30s, 5m, 2h or 1d"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (sites("url: https", "uri: x\n    url: https"), (5, "sites[0].uri", "'x'", "no such key")),
        (sites("    customer: Acme\n", ""), (3, "sites[0].customer", "nothing", "this key")),
        (sites("name: shop", "name: 7"), (3, "sites[0].name", "7", "a text")),
        (
            sites("name: blog", "name: shop"),
            (7, "sites[1].name", "'shop'", "each once, but it stands at sites[0].name too"),
        ),
        (
            sites("[{path: /basket}]", "[{path: /a}, {path: /a}]"),
            (
                6,
                "sites[0].pages[1].path",
                "'/a'",
                "each once, but it stands at sites[0].pages[0].path too",
            ),
        ),
        (sites("https://shop.example/", "ftp://x/"), (5, "sites[0].url", "'ftp://x/'", ADDRESS)),
        (sites("https://shop.example/", "shop"), (5, "sites[0].url", "'shop'", ADDRESS)),
        (
            sites("https://shop.example/", "https://u:hunter22@x/"),
            (5, "sites[0].url", "'https://***@x/'", "an address without user and password"),
        ),
        (
            sites(URL, f"{URL}\n    interval: 7m"),
            (6, "sites[0].interval", "'7m'", "a multiple of 5m, at most 1d"),
        ),
        (
            sites(URL, f"{URL}\n    interval: 2d"),
            (6, "sites[0].interval", "'2d'", "a multiple of 5m, at most 1d"),
        ),
        (sites(URL, f"{URL}\n    interval: soon"), (6, "sites[0].interval", "'soon'", DURATION)),
        (
            sites(URL, f"{URL}\n    interval: {'9' * 30}d"),
            (
                6,
                "sites[0].interval",
                f"'{'9' * 30}d'",
                "a duration that ends before the world does",
            ),
        ),
        (
            sites(URL, f"{URL}\n    expect: {{status: 20x}}"),
            (
                6,
                "sites[0].expect.status",
                "'20x'",
                "status codes or ranges: 200, or 200-399, or 200-299,404",
            ),
        ),
        (
            sites(URL, f"{URL}\n    maintenance: {{once: [{{from: 2026-12-01T22:00, to: x}}]}}"),
            (
                6,
                "sites[0].maintenance.once[0].from",
                "'2026-12-01T22:00'",
                "an instant with its offset, such as 2026-11-28T22:00+00:00",
            ),
        ),
        (
            sites(
                URL,
                f"{URL}\n    maintenance:\n      weekly:\n"
                '        - {weekday: sun, from: "02:00", to: "03:00", zone: Europe/Atlantis}',
            ),
            (
                8,
                "sites[0].maintenance.weekly[0].zone",
                "'Europe/Atlantis'",
                "a zone of the IANA list, such as Europe/London",
            ),
        ),
        (
            sites("[10s, 30s]", "[10s, 300s]"),
            (
                1,
                "check",
                "a mapping",
                "a deadline and confirmations that end within 4m together",
            ),
        ),
        (
            sites("name: blog", "name: '@vantage'"),
            (
                7,
                "sites[1].name",
                "'@vantage'",
                "a name of 1 to 200 characters that does not begin with @",
            ),
        ),
        (
            sites("/basket", "/" + "b" * 400),
            (
                6,
                "sites[0].pages[0].path",
                f"'/{'b' * 75}...",
                "a path that begins with /, has no spaces and at most 400 characters",
            ),
        ),
        (
            sites("check:", "vantage: ['http://a/', 'http://a/']\ncheck:"),
            (1, "vantage[1]", "'http://a/'", "each once, but it stands at vantage[0] too"),
        ),
        ("- a\n", (1, "", "a list of 1", "a mapping of keys")),
        ("", (None, "", "None", "a mapping of keys")),
    ],
)
def test_a_fault_in_the_sites(tmp_path: Path, text: str, fault: tuple[Any, ...]) -> None:
    assert ("sites.yaml", *fault) in faults(tmp_path, sites=text)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (
            "[team]",
            "[crew]",
            (5, "routes[0].steps[0].receivers[0]", "'crew'", "a receiver out of team"),
        ),
        (
            "secret: apprise_team_email",
            "secret: 'mailto://u:hunter22@host'",
            (
                2,
                "receivers.team[0].secret",
                "what is no name (not shown: it may be the secret)",
                "a name of small letters, digits and underscores",
            ),
        ),
        (
            "steps: [{receivers: [team]}]",
            "steps: [{after: 5m, receivers: [team]}, {after: 1m, receivers: [team]}]",
            (4, "routes[0]", "a mapping", "steps in the order of their `after`"),
        ),
        (
            "channel: email",
            "channel: fax",
            (2, "receivers.team[0].channel", "'fax'", a_channel()),
        ),
        (
            "routes:\n",
            "fallback: [boss]\nroutes:\n",
            (3, "fallback[0]", "'boss'", "a receiver out of team"),
        ),
        (
            "routes:\n",
            "  more: [{name: team_email, channel: sms, secret: a}]\nroutes:\n",
            (
                3,
                "receivers.more[0].name",
                "'team_email'",
                "each once, but it stands at receivers.team[0].name too",
            ),
        ),
        (
            "steps: [{receivers: [team]}]",
            "match: {kind: [outage, report]}\n    steps: [{receivers: [team]}]",
            (
                5,
                "routes[0].match.kind[1]",
                "'report'",
                "a kind of alert: reports.yaml says who gets a report",
            ),
        ),
    ],
)
def test_a_fault_in_the_alerts(
    tmp_path: Path, before: str, after: str, fault: tuple[Any, ...]
) -> None:
    assert ("alerts.yaml", *fault) in faults(tmp_path, alerts=ALERTS.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (
            "Europe/London",
            "Europe",
            (
                3,
                "calendars.office.timezone",
                "'Europe'",
                "a zone of the IANA list, such as Europe/London",
            ),
        ),
        (
            '[["09:00", "17:00"]]',
            '[["09:00", "17:00"], ["16:00", "18:00"]]',
            (
                4,
                "calendars.office.hours.mon",
                "[['09:00', '17:00'], ['16:00', '18:00']]",
                "intervals that do not overlap",
            ),
        ),
        (
            "{mon:",
            "{moonday:",
            (
                4,
                "calendars.office.hours.moonday",
                "'moonday'",
                "a weekday of mon, tue, wed, thu, fri, sat, sun",
            ),
        ),
        (
            "17:00",
            "25:00",
            (
                4,
                "calendars.office.hours.mon[0][1]",
                "'25:00'",
                "a time 'HH:MM' from '00:00' to '24:00'",
            ),
        ),
        (
            "    timezone",
            "    region: XX\n    timezone",
            (
                3,
                "calendars.office.region",
                "'XX'",
                "a country and part that `holidays` knows, such as GB/ENG",
            ),
        ),
        ("office:", "shop:", (1, "", "a mapping", "a calendar named office")),
    ],
)
def test_a_fault_in_the_service_levels(
    tmp_path: Path, before: str, after: str, fault: tuple[Any, ...]
) -> None:
    assert ("service_levels.yaml", *fault) in faults(tmp_path, levels=LEVELS.replace(before, after))


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    text = sites("name: blog", "name: shop, colour: blue").replace(URL, "url: shop")
    found = faults(tmp_path, sites=text, alerts="a: 1\na: 2\n", levels=LEVELS + "x: 1\n")
    assert [(file, path) for file, _, path, _, _ in found] == [
        ("sites.yaml", "sites[0].url"),
        ("sites.yaml", "sites[1].name"),
        ("sites.yaml", "sites[1].colour"),
        ("alerts.yaml", "a"),
        ("service_levels.yaml", "x"),
    ]


def test_a_fault_reads_as_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(folder(tmp_path, sites=sites("https://shop.example/", "shop")))
    assert str(error.value) == f"sites.yaml:5 sites[0].url: found 'shop', expected {ADDRESS}"


@pytest.mark.parametrize("where", [SHIPPED, DEMO], ids=["shipped", "demo"])
class TestShipped:
    def test_it_loads(self, where: Path) -> None:
        assert load(where).fleet.sites

    def test_it_comes_back_from_its_document(self, where: Path) -> None:
        configuration = load(where)
        document = json.loads(json.dumps(configuration.document))
        again = restore(document)
        # Calendars are compared by what they answer, below.
        same = {**again.parts, "service_levels": configuration.service_levels}
        assert replace(again, parts=same) == configuration
        assert again.tiers == configuration.tiers
        assert _versions(again) == _versions(configuration)
        noon = datetime(2026, 12, 25, 12, tzinfo=UTC)
        week = [noon + timedelta(hours=7 * n) for n in range(24)]
        assert [again.office.is_open(t) for t in week] == [
            configuration.office.is_open(t) for t in week
        ]

    def test_its_files_satisfy_their_schemas(self, where: Path) -> None:
        for file in (*where.glob("*.yaml"), *where.glob("imports/*.yaml")):
            name = "imports" if file.parent.name == "imports" else file.stem
            data = json.loads(json.dumps(read(file).data))
            jsonschema.validate(data, json_schema(name), jsonschema.Draft202012Validator)


def test_every_yaml_of_the_folders_is_one_that_is_read() -> None:
    for where in (SHIPPED, DEMO):
        absent = {"rota", "mailbox"} if where == SHIPPED else {"rota", "triage"}
        absent |= {"store", "access"}
        assert {path.stem for path in where.glob("*.y*ml")} == set(MODELS) - absent


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_is_valid_and_knows_no_other_keys(name: str) -> None:
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    documented = {"rota": rota_data, "customers": customers_data, "mailbox": mailbox_data}
    documented["store"], documented["access"] = store_data, access_data
    data = documented[name]() if name in documented else read(SHIPPED / f"{name}.yaml").data
    validator = jsonschema.Draft202012Validator(schema)
    assert not validator.is_valid(data | {"shade": "blue"})
    inner = next(value for value in data.values() if isinstance(value, dict | list))
    entry = inner[0] if isinstance(inner, list) else next(iter(inner.values()), None)
    if isinstance(entry, dict):
        entry["shade"] = "blue"
        assert not validator.is_valid(data)


@pytest.mark.parametrize("name", MODELS)
def test_a_schemas_defaults_are_as_one_would_write_them(name: str) -> None:
    schema = json_schema(name)
    definitions = {"$defs": schema["$defs"]}
    seen = 0
    for part in (schema, *schema["$defs"].values()):
        for value in part.get("properties", {}).values():
            if "default" in value:
                seen += 1
                jsonschema.validate(value["default"], value | definitions)
    assert seen


def test_durations_in_a_schema_have_their_units() -> None:
    check = json_schema("sites")["$defs"]["CheckEntry"]["properties"]
    assert check["confirm_after"]["default"] == ["10s", "30s"]
    retry = json_schema("alerts")["$defs"]["RetryEntry"]["properties"]
    assert [retry[key]["default"] for key in ("longest", "give_up_after")] == ["15m", "1d"]


def test_the_digest_knows_content_and_neither_comments_nor_order(tmp_path: Path) -> None:
    first = load(folder(tmp_path)).digest
    shuffled = yaml.safe_dump(yaml.safe_load(SITES), sort_keys=True)
    assert load(folder(tmp_path, sites=f"# a comment\n{shuffled}")).digest == first
    assert load(folder(tmp_path, sites=sites("shop.example", "shop.test"))).digest != first


def test_what_a_site_leaves_out_comes_from_the_level_above(tmp_path: Path) -> None:
    text = """\
defaults:
  interval: 10m
  expect: {status: "200,404", certificate_days: 30, latency: 2s, contains: [Home]}
  maintenance: {weekly: [{weekday: sunday, from: 22:00, to: "02:00"}]}
sites:
  - name: shop
    customer: Acme
    url: https://shop.example/
    expect: {certificate_days: 7}
    pages: [{path: /a, expect: {status: 201}}]
    maintenance: {once: [{from: 2026-12-01T22:00:00+01:00, to: 2026-12-02T02:00Z}]}
"""
    (site,) = load(folder(tmp_path, sites=text)).fleet.sites
    assert site.interval == timedelta(minutes=10)
    assert site.expect.status == ((200, 200), (404, 404))
    assert (site.expect.certificate_days, site.expect.contains) == ((7, 3, 1), ("Home",))
    page = site.pages[0].expect
    assert (page.status, page.latency, page.contains) == (((201, 201),), timedelta(seconds=2), ())
    weekly, once = site.maintenance
    assert isinstance(weekly, WeeklyMaintenance)
    assert (weekly.weekday, weekly.start.hour, weekly.end.hour) == (6, 22, 2)
    assert isinstance(once, OneOffMaintenance)
    assert once.start == datetime(2026, 12, 1, 21, tzinfo=UTC)


def test_a_hostile_name_is_a_name(tmp_path: Path) -> None:
    name = 'O\'Brien "&" <script>\r\nSubject: x \N{PILE OF POO}'
    entry = {"name": name, "customer": "Acme", "url": "https://shop.example/"}
    fleet = load(folder(tmp_path, sites=yaml.safe_dump({"sites": [entry]}))).fleet
    assert fleet.sites[0].name == name


def test_the_zones_are_walked_once_in_a_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    walks: list[int] = []

    def walk() -> set[str]:
        walks.append(1)
        return available_timezones()

    monkeypatch.setattr(values, "available_timezones", walk)
    values.known_zones.cache_clear()
    for number in range(2):
        folder = shutil.copytree(SHIPPED, tmp_path / str(number))
        with (folder / "sites.yaml").open("a") as file:
            file.write(f"# tests check a folder that they know once, and this is number {number}\n")
        load(folder)
    assert walks == [1]
