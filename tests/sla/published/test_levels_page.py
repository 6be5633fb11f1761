"""The page of service levels says what the clocks go by, to whom it is said, in three languages."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, date, datetime, time
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from builders import SHIPPED
from supportops.cli.main import app
from supportops.config.configuration import Configuration
from supportops.config.loader import check, load
from supportops.files import NoFileError
from supportops.flows.sla.service_levels_page import content, html, write
from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.published.hours import open_on, special_days, usual_week

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NINE_TO_FIVE = ((time(9), time(17)),)


def folder(path: Path, **changes: Any) -> Path:
    if not path.exists():
        shutil.copytree(SHIPPED, path)
    data = yaml.safe_load((SHIPPED / "service_levels.yaml").read_text())
    (path / "service_levels.yaml").write_text(yaml.safe_dump(data | changes, sort_keys=False))
    return path


def own_promise(**fields: Any) -> list[dict[str, Any]]:
    data = yaml.safe_load((SHIPPED / "service_levels.yaml").read_text())
    (policy,) = data["policies"]
    first = policy["promises"][0] | {"targets": {"first_reply_time": {"within": "2h"}}} | fields
    return [policy | {"promises": [first, *policy["promises"]]}]


def lines(configuration: Configuration, **asked: Any) -> list[str]:
    page = content(configuration, NOW, **asked)
    return [line for tier in page.tiers for line in (tier.title, *tier.promises, *tier.notes)]


@pytest.fixture(scope="module")
def shipped() -> Configuration:
    return load(SHIPPED)


def test_it_says_every_promise_and_what_it_counts_in(shipped: Configuration) -> None:
    assert lines(shipped) == [
        "User support",
        "First answer within 3 working days",
        "Each further answer within 3 working days",
        "Counted in our office hours.",
        "A working day is 8 hours of these hours.",
        "Bug fixes",
        "First answer within 1 working day",
        "Each further answer within 1 working day",
        "A progress update no later than 1 working day after the last, not counting while we wait "
        "for you",
        "Solution within 2 working days; we aim at 1 working day, not counting while we wait for "
        "you",
        "Counted in our office hours.",
        "A working day is 8 hours of these hours.",
        "Mission critical",
        "First answer within 15 minutes",
        "Each further answer within 30 minutes",
        "A progress update no later than 1 hour after the last, not counting while we wait for you",
        "Counted day and night.",
        "We respond outside our office hours, too.",
        "An outage of your site is one, also if we find it first.",
    ]


def test_the_hours_are_those_that_the_clocks_count_with_their_holidays(
    shipped: Configuration,
) -> None:
    (office,) = content(shipped, NOW).hours
    assert office.week[0] == ("Monday", "09:00–17:00")
    assert office.week[6] == ("Sunday", "closed")
    assert office.special[0] == ("Friday, 25 December 2026", "closed (Christmas Day)")
    assert office.zone == "Times are those of London."
    hours = shipped.office
    for special in special_days(hours, {}, NOW.date(), 365):
        noon = datetime(special.day.year, special.day.month, special.day.day, 12, tzinfo=UTC)
        assert hours.is_open(noon) is bool(special.spans)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", ("Frist für die erste Antwort: 3 Arbeitstage", "Montag", "geschlossen", "London")),
        ("fr", ("Première réponse sous 3 jours ouvrés", "Lundi", "fermé", "Londres")),
        ("de-AT", ("Frist für die erste Antwort: 15 Minuten",)),
    ],
)
def test_it_is_wholly_in_the_readers_language(
    shipped: Configuration, language: str, said: tuple[str, ...]
) -> None:
    page = unescape(html(shipped, NOW, language))
    assert f'<html lang="{language[:2]}">' in page
    for text in said:
        assert text in page
    for english in ("First answer", "Office hours", "closed", "Counted", ">Monday<"):
        assert english not in page


def test_what_was_promised_to_one_customer_is_said_to_that_customer_alone(tmp_path: Path) -> None:
    path = folder(tmp_path / "config", policies=own_promise(customers=["ACME"]))
    (path / "customers.yaml").write_text(
        "customers: [{name: Acme Ltd, aliases: [acme], colour: '#0a5c36'}, {name: Umbrella}]"
    )
    configuration = load(path)
    for customer, first in (
        ("", "First answer within 3 working days"),
        ("Umbrella", "First answer within 3 working days"),
        ("acme", "First answer within 2 hours"),
    ):
        found = lines(configuration, customer=customer)
        assert found[1] == first
        assert found.count("User support") == 1
    page = html(configuration, NOW, customer="acme")
    assert "For Acme Ltd" in page
    assert "--accent: #0a5c36" in page
    assert "noindex" in page
    for other in ("", "Umbrella"):
        assert "Acme" not in html(configuration, NOW, customer=other)


def test_a_promise_for_tags_stands_beside_the_one_for_all(tmp_path: Path) -> None:
    configuration = load(folder(tmp_path / "config", policies=own_promise(tags=["vip"])))
    tiers = content(configuration, NOW).tiers
    assert [(each.title, each.condition) for each in tiers[:2]] == [
        ("User support", "For requests marked vip"),
        ("User support", ""),
    ]


def test_a_change_of_the_policy_changes_the_page_on_its_day(tmp_path: Path) -> None:
    data = yaml.safe_load((SHIPPED / "service_levels.yaml").read_text())
    (policy,) = data["policies"]
    later = own_promise()[0] | {"name": "next", "from": date(2027, 1, 1)}
    configuration = load(folder(tmp_path / "config", policies=[policy, later]))
    page = content(configuration, NOW)
    assert page.since.endswith("Others come into force on Friday, 1 January 2027.")
    assert page.tiers[0].promises[0] == "First answer within 3 working days"
    after = content(configuration, datetime(2027, 1, 1, tzinfo=UTC))
    assert after.since == "In force since Friday, 1 January 2027."
    assert after.tiers[0].promises == ("First answer within 2 hours",)


def test_how_to_reach_us_while_the_office_is_closed(tmp_path: Path) -> None:
    contact = {"agency": "A & B", "phone": "+44 20 7946 0000", "email": "help@agency.example"}
    answering = load(folder(tmp_path / "a", contact=contact | {"answerphone": True}))
    page = unescape(html(answering, NOW))
    assert "It reaches the engineer on duty at once." in page
    assert 'href="mailto:help%40agency.example"' in page or "mailto:help@agency.example" in page
    assert "A & B" in page
    number = load(folder(tmp_path / "b", contact=contact | {"emergency": "+44 20 7946 0001"}))
    assert ("Outside our office hours, for emergencies", "+44 20 7946 0001") in content(
        number, NOW
    ).reach
    assert content(load(SHIPPED), NOW).reach == ()
    both = contact | {"answerphone": True, "emergency": "1"}
    (fault,) = check(folder(tmp_path / "c", contact=both)).all_faults
    assert "either an `emergency` number or an `answerphone`" in str(fault)


def test_hostile_names_are_text(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    tiers = yaml.safe_load((SHIPPED / "service_levels.yaml").read_text())["tiers"]
    tiers["user_support"]["title"] = hostile
    contact = {"agency": hostile, "phone": hostile, "email": f"{hostile}@x", "emergency": hostile}
    page = html(load(folder(tmp_path / "config", tiers=tiers, contact=contact)), NOW)
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!mailto:)', page)


def test_hours_of_odd_calendars_are_read_from_the_calendar_itself() -> None:
    spec = {
        "tz": "Europe/London",
        "hours": {"mon": [["09:00", "12:00"], ["13:00", "24:00"]], "tue": [["00:00", "02:00"]]},
        "holidays": ["2026-12-28"],
        "overrides": {"2026-12-07": [["10:00", "11:00"]]},
    }
    hours = BusinessHours.from_spec(spec)
    monday = ((time(9), time(12)), (time(13), time()))
    assert usual_week(hours, date(2026, 12, 3))[:3] == (monday, ((time(), time(2)),), ())
    assert open_on(hours, date(2026, 12, 7)) == ((time(10), time(11)),)
    found = list(special_days(hours, {date(2026, 12, 28): "Boxing Day"}, date(2026, 12, 3), 30))
    assert [(each.day.day, each.spans, each.why) for each in found] == [
        (7, ((time(10), time(11)),), ""),
        (28, (), "Boxing Day"),
    ]
    # The clock goes back on a day: it has as many rows as any other.
    assert open_on(BusinessHours.from_spec(spec | {"hours": {"sun": [["00:00", "24:00"]]}}),
                   date(2026, 10, 25)) == ((time(), time()),)  # fmt: skip


def test_the_file_is_replaced_whole_and_only_where_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "levels.html"
    assert write(target, "a")
    before = target.stat().st_mtime_ns
    assert not write(target, "a")
    assert target.stat().st_mtime_ns == before
    assert write(target, "b")
    assert target.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["levels.html"]
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(SHIPPED))
    out = tmp_path / "page.html"
    arguments = ["sla", "page", "--out", str(out), "--language", "de"]
    assert CliRunner().invoke(app, arguments).output == f"{out}: written\n"
    assert CliRunner().invoke(app, arguments).output == f"{out}: as it was\n"
    assert "Unsere Servicelevel" in out.read_text()
    assert CliRunner().invoke(app, ["sla", "page", "--language", "xx"]).exit_code == 2
    nowhere = CliRunner().invoke(app, ["sla", "page", "--out", str(tmp_path / "no" / "x")])
    assert nowhere.exit_code == 2


def test_the_page_takes_the_place_of_a_file_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NoFileError, match="a named pipe"):
        write(tmp_path / "pipe", "page")
    assert (tmp_path / "pipe").is_fifo()
