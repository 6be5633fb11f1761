"""No folder grows until nobody finds his way in it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from airflow_home import ROOT

MOST = 16
LARGEST = 20_000
"""Bytes of a file of the package: about five hundred lines, beyond which two concepts share it."""
ON_ONE_PAGE = {"include/supportops/db/schema.py"}  # every table
EXCEPTIONS = {
    "include/supportops/db/migrations/versions": (60, "a file for each migration"),
}


def python_files() -> Counter[str]:
    """Python files by folder, without `__init__.py`."""
    roots = [ROOT / "include" / "supportops", ROOT / "tests", ROOT / "dags", ROOT / "bench"]
    files = (file for root in roots for file in root.rglob("*.py"))
    folders = (_name(file.parent) for file in files if file.name != "__init__.py")
    return Counter(folders)


def _name(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


def test_no_folder_has_more_than_sixteen_python_files() -> None:
    most = {folder: limit for folder, (limit, _) in EXCEPTIONS.items()}
    assert [
        f"{folder}: {count}"
        for folder, count in python_files().items()
        if count > most.get(folder, MOST)
    ] == []


def test_every_exception_is_still_one() -> None:
    counts = python_files()
    assert [folder for folder in EXCEPTIONS if counts[folder] <= MOST] == []


def test_no_file_of_the_package_holds_a_second_concept() -> None:
    sizes = {_name(file): file.stat().st_size for file in (ROOT / "include").rglob("*.py")}
    assert {name for name, size in sizes.items() if size > LARGEST} == ON_ONE_PAGE
