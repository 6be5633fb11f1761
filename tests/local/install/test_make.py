"""The Makefile and the locks: what a newcomer types, and what is installed by it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = [ROOT / f"requirements{part}.txt" for part in ("", "-celery", "-dev", "-uv")]


def names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", text) for text in requirements)
    return {re.sub(r"[._-]+", "-", match[0]).lower() for match in found if match}


def pins(lock: Path) -> dict[str, set[str]]:
    """Versions pinned for each lower-case name; numpy has two, by Python version."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text(), re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


def test_make_alone_lists_every_target_with_its_help() -> None:
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

    listed = re.findall(r"^  make (\w+) +\S", answer.stdout, re.MULTILINE)
    everyday = ["help", "setup", "demo", "up", "secrets", "test"]
    seldom = ["bench", "chaos", "docs", "pictures", "messages", "lock"]
    seldom += ["audit", "licenses", "sbom", "clean"]
    assert listed == [*everyday, *seldom]


def test_ci_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().endswith("exec make test")
    assert subprocess.run(["bash", "-n", script]).returncode == 0


def test_the_locks_hold_everything_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    run, celery, dev, uv = (names(list(pins(lock))) for lock in LOCKS)
    extras = project["project"]["optional-dependencies"]

    assert names(project["project"]["dependencies"]) <= run
    assert names(extras["celery"]) | run <= celery
    assert names(groups["dev"] + groups["bench"]) <= dev
    assert names(groups["uv"]) == uv


def test_the_locks_install_together() -> None:
    run, celery, dev, _ = (pins(lock) for lock in LOCKS)

    for name in run:
        assert celery[name] == run[name], name
    for name in celery.keys() & dev.keys():
        assert dev[name] <= celery[name], name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_a_hash_for_each_pin_and_names_no_server(lock: Path) -> None:
    text = lock.read_text()

    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
