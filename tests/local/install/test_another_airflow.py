"""Another version of Airflow for the tests: what is asked of uv, and what is said of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supportops.local.install.another_airflow import VersionError, moved, prepare, with_airflow
from supportops.local.install.installation import Installation

ROOT = Path(__file__).parents[3]
PROJECT = (ROOT / "pyproject.toml").read_text()


def test_the_version_takes_the_place_of_the_projects_own() -> None:
    changed = with_airflow(PROJECT, "3.4.0rc1")
    differing = [new for old, new in zip(PROJECT.split("\n"), changed.split("\n"), strict=True)
                 if old != new]  # fmt: skip
    assert differing == ['  "apache-airflow==3.4.0rc1",']


@pytest.mark.parametrize("version", ["3.4", "latest", "", "3.3.1 ", '3.3.1", "evil==1.0.0'])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(VersionError, match="is no version of Airflow"):
        with_airflow(PROJECT, version)


def test_a_project_without_airflow_is_refused() -> None:
    with pytest.raises(VersionError, match="does not name one version"):
        with_airflow('dependencies = ["requests"]', "3.3.1")


def test_what_moved_is_named() -> None:
    before = "a==1.0 \\\n    --hash=sha256:00\nb==2.0\nonly-before==1\n"
    assert moved(before, "a==1.1\nb==2.0\nonly-after==1\n") == ["a 1.0 -> 1.1"]


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A checkout whose uv notes what it is asked for, and locks what it is given."""
    uv = tmp_path / ".venv/bin/uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(f'#!/bin/sh\necho "$PWD $*" >> {tmp_path}/asked\n')
    uv.chmod(0o755)
    (uv.parent / "python").symlink_to(sys.executable)
    for name in ("pyproject.toml", "requirements-celery.txt", "requirements-dev.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    made = tmp_path / ".local/airflow-3.3.1/venv/bin"
    made.mkdir(parents=True)
    (made / "python").touch()
    return Installation(tmp_path, tmp_path / ".local")


def test_uv_locks_and_installs_in_a_folder_of_its_own(here: Installation) -> None:
    before = {path: path.read_bytes() for path in here.root.glob("*.t*")}
    python = prepare(here, "3.3.1", {"PATH": "/usr/bin:/bin"})
    folder = here.local / "airflow-3.3.1"
    assert python == folder / "venv/bin/python"
    compiled, synced = (here.root / "asked").read_text().splitlines()
    assert compiled.startswith(f"{folder} pip compile")
    assert compiled.endswith("--extra celery --group dev --group bench -o lock.txt")
    assert "--generate-hashes" in compiled
    assert synced.startswith(f"{folder} pip sync --require-hashes")
    assert f"--python={python}" in synced
    assert "apache-airflow==3.3.1" in (folder / "pyproject.toml").read_text()
    assert {path: path.read_bytes() for path in before} == before


def test_make_passes_the_version_and_what_pytest_gets() -> None:
    asked = ["make", "--dry-run", "test", "AIRFLOW=3.3.1", "ARGS=tests/dags"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "another_airflow 3.3.1 -n 3 --dist worksteal --max-worker-restart 0 tests/dags" in said
    assert "mypy" not in said
    plain = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True)
    assert "another_airflow" not in plain.stdout
