"""A stored configuration means what it meant when it was stored, whatever version stored it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import SHIPPED
from supportops.alerts.alert import Severity
from supportops.config.documents import restore
from supportops.config.loader import check, load
from supportops.config.yaml_source import ConfigurationError, read
from supportops.reports.audience import Plan
from supportops.sites.maintenance import WeeklyMaintenance
from supportops.tickets.imports.mapping import Times

NEW_KEYS = ("tiers", "outage_tier", "call_tier")
WINDOW = {"weekday": "sun", "from": "02:00", "to": "03:00"}


def older(**changes: Any) -> dict[str, Any]:
    """What a version without tiers, triage rules and a common zone stored, of an office in New York
    that named no other zone."""
    names = ("sites", "alerts", "service_levels", "reports")
    document = {name: read(SHIPPED / f"{name}.yaml").data for name in names}
    levels = {k: v for k, v in document["service_levels"].items() if k not in NEW_KEYS}
    for calendar in levels["calendars"].values():
        calendar["timezone"] = "America/New_York"
    document["service_levels"] = levels
    document["sites"]["defaults"]["maintenance"] = {"weekly": [WINDOW]}
    return json.loads(json.dumps(document | changes))


def windows_of(configuration: Any) -> set[str]:
    return {
        window.zone
        for site in configuration.fleet.sites
        for window in site.maintenance
        if isinstance(window, WeeklyMaintenance)
    }


def test_an_older_document_keeps_the_zones_that_it_meant() -> None:
    restored = restore(older())
    assert restored.office.zone.key == "America/New_York"
    assert restored.alerts.timezone == "Europe/London"
    assert restored.reports.zone == "Europe/London"
    assert {audience.zone for audience in restored.reports.audiences} == {"Europe/London"}
    assert windows_of(restored) == {"Europe/London"}


def test_an_older_document_keeps_its_tiers() -> None:
    tiers = restore(older()).tiers
    assert tiers.titles() == {
        "user_support": "User support",
        "bug_fix": "Bug fixes",
        "mission_critical": "Mission critical",
    }
    assert {name for name in tiers.named if tiers.severity(name) is Severity.CRITICAL} == {
        "mission_critical"
    }
    assert (tiers.outages, tiers.calls) == ("mission_critical", "mission_critical")
    assert tiers.severity("gold") is Severity.WARNING


def test_an_older_document_keeps_its_digest_and_its_content() -> None:
    document = older()
    restored = restore(document)
    assert restored.document == older()
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert restored.digest == hashlib.sha256(canonical.encode()).hexdigest()


def test_an_older_document_without_reports_has_none() -> None:
    document = older()
    del document["reports"]
    assert restore(document).reports == Plan(zone="America/New_York")


def test_a_document_has_the_rules_and_mappings_that_were_in_force() -> None:
    configuration = load(SHIPPED)
    restored = restore(json.loads(json.dumps(configuration.document)))
    assert restored.triage == configuration.triage
    assert {"generic", "uci"} < set(restored.mapping_names()) == set(configuration.mapping_names())
    assert restored.mapping("uci") == configuration.mapping("uci")
    with pytest.raises(
        ConfigurationError, match=r"found no such mapping, expected one of .*generic"
    ):
        restored.mapping("generik")


def test_a_file_without_a_version_to_use_is_not_taken_for_one_that_is_missing(
    tmp_path: Path,
) -> None:
    for name in ("sites", "alerts", "service_levels"):
        (tmp_path / f"{name}.yaml").write_text((SHIPPED / f"{name}.yaml").read_text())
    missing = restore(check(tmp_path).configuration.document)
    assert missing.reports == Plan(zone="Europe/London")
    with pytest.raises(ConfigurationError, match=r"triage\.yaml: found no such file"):
        _ = missing.triage
    for name in ("reports", "triage"):
        (tmp_path / f"{name}.yaml").write_text("colour: blue\n")
    faulty = restore(check(tmp_path).configuration.document)
    for part in ("reports", "triage"):
        with pytest.raises(ConfigurationError, match="found no version of it that can be used"):
            getattr(faulty, part)


def test_the_last_good_version_of_an_older_document_keeps_its_zone(tmp_path: Path) -> None:
    levels = older()["service_levels"]
    (tmp_path / "service_levels.yaml").write_text(yaml.safe_dump(levels))
    (tmp_path / "sites.yaml").write_text((SHIPPED / "sites.yaml").read_text())
    (tmp_path / "alerts.yaml").write_text("a: [")
    checked = check(tmp_path, older())
    assert checked.configuration.alerts.timezone == "Europe/London"
    assert restore(checked.configuration.document).alerts.timezone == "Europe/London"
    assert set(checked.faults) == {"alerts"}


class TestOneZone:
    """The zone stands once: in the office's calendar."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for file in (*SHIPPED.glob("*.yaml"), *SHIPPED.glob("imports/*.yaml")):
            there = tmp_path / file.relative_to(SHIPPED)
            there.parent.mkdir(exist_ok=True)
            there.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        levels = tmp_path / "service_levels.yaml"
        text = levels.read_text().replace(
            "timezone: Europe/London", "timezone: America/New_York", 1
        )
        levels.write_text(text)
        return tmp_path

    def test_everything_follows_it(self, folder: Path) -> None:
        configuration = load(folder)
        assert configuration.zone == "America/New_York"
        assert configuration.alerts.timezone == "America/New_York"
        assert configuration.reports.zone == "America/New_York"
        assert {one.zone for one in configuration.reports.audiences} == {"America/New_York"}
        assert windows_of(configuration) == {"America/New_York"}
        assert configuration.mapping("generic").times == Times(("iso",), "America/New_York")
        assert configuration.mapping("uci").times.zone == "UTC"
        book = configuration.promises
        assert book is not None
        zones = {calendar.hours.zone.key for calendar in book.calendars.values()}
        assert zones == {"America/New_York"}

    def test_a_report_and_an_audience_may_have_another(self, folder: Path) -> None:
        reports = folder / "reports.yaml"
        text = reports.read_text().replace("formats: []", "formats: []\n    timezone: Asia/Tokyo")
        reports.write_text(f"timezone: Europe/Berlin\n{text}")
        plan = load(folder).reports
        assert [one.zone for one in plan.audiences] == ["Europe/Berlin", "Asia/Tokyo"]

    def test_an_office_without_one_is_a_fault(self, folder: Path) -> None:
        levels = folder / "service_levels.yaml"
        levels.write_text(levels.read_text().replace("timezone: America/New_York", "# none"))
        (fault,) = check(folder).all_faults
        assert (fault.file, fault.path, fault.expected) == (
            "service_levels.yaml",
            "calendars.office.timezone",
            "this key",
        )

    @pytest.mark.parametrize(
        ("office", "fits"), [("America/New_York", True), ("Asia/Tokyo", False)]
    )
    def test_a_reports_day_is_over_when_the_office_makes_it(
        self, folder: Path, office: str, fits: bool
    ) -> None:
        levels, reports = folder / "service_levels.yaml", folder / "reports.yaml"
        levels.write_text(levels.read_text().replace("America/New_York", office))
        reports.write_text(f"timezone: America/Los_Angeles\n{reports.read_text()}")
        expected = f"a zone in which the day before is over at 07:30 {office}, when it is made"
        assert (expected in {fault.expected for fault in check(folder).all_faults}) is not fits
