"""The zone that schedules follow: out of service_levels.yaml, whatever else is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supportops.bootstrap import config_folder
from supportops.schedule import FALLBACK, configured_folder, schedule_zone

INCLUDE = Path(__file__).parents[1] / "include"
LEVELS = """\
calendars:
  always: {timezone: Asia/Tokyo, hours: {mon: [["00:00", "24:00"]]}}
  office:
    hours: {mon: [["09:00", "17:00"]]}
    timezone: America/New_York
policies: []
"""


def zone(tmp_path: Path, text: str | bytes) -> str:
    written = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "service_levels.yaml").write_bytes(written)
    return schedule_zone(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        LEVELS,
        "\ufeff" + LEVELS,
        LEVELS.replace("America/New_York", '"America/New_York"'),
        "usual: &usual {timezone: America/New_York}\ncalendars: {office: {<<: *usual}}",
        "usual: &usual America/New_York\ncalendars: {office: {timezone: *usual}}",
        "usual: &usual {timezone: America/New_York}\ncalendars: {office: *usual}",
        "list: [{calendars: {office: {timezone: x}}}]\n? ''\n: [1]\n" + LEVELS,
    ],
    ids=["plain", "mark", "quoted", "merge", "alias", "office by alias", "others before"],
)
def test_it_is_the_zone_of_the_office(tmp_path: Path, text: str) -> None:
    assert zone(tmp_path, text) == "America/New_York"


@pytest.mark.parametrize("fault", ["\ta: b", "a: [", "calendars: {}", "x: &a [*a]"])
def test_a_fault_after_it_leaves_the_schedules_as_they_are(tmp_path: Path, fault: str) -> None:
    assert zone(tmp_path, f"{LEVELS}{fault}\n") == "America/New_York"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "[]",
        "calendars: {office: {}}",
        LEVELS.replace("America/New_York", "Europe/Londn"),
        LEVELS.replace("America/New_York", "Europe"),
        LEVELS.replace("America/New_York", "../../etc/passwd"),
        LEVELS.replace("America/New_York", ""),
        LEVELS.replace("America/New_York", "[a]"),
        b"\xff\xfe",
    ],
)
def test_without_a_zone_it_is_utc_and_nothing_is_raised(tmp_path: Path, text: str | bytes) -> None:
    assert zone(tmp_path, text) == FALLBACK == "UTC"


def test_without_a_file_it_is_utc(tmp_path: Path) -> None:
    assert schedule_zone(tmp_path) == FALLBACK
    (tmp_path / "service_levels.yaml").mkdir()
    assert schedule_zone(tmp_path) == FALLBACK


def test_it_reads_the_folder_that_flows_read(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    assert configured_folder() == config_folder()
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(tmp_path))
    assert configured_folder() == config_folder() == tmp_path
    zone(tmp_path, LEVELS)
    assert schedule_zone() == "America/New_York"


def test_reading_it_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom supportops.schedule import schedule_zone\nschedule_zone()\n"
        "heavy = ('sqlalchemy', 'pydantic', 'pandas', 'numpy', 'alembic', 'airflow')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "print(sorted(name for name in sys.modules if name.startswith('supportops')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(INCLUDE)},
    )
    ours = ["supportops", "supportops.files", "supportops.schedule"]
    assert done.stdout.splitlines() == ["[]", str(ours)]
