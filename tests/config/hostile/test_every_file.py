"""What stands in the place of a configuration file: a fault with its name, at once."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_home import ROOT
from cli.hostile.values import SEQUENCES, paths
from supportops.config.configuration import IMPORTS
from supportops.config.loader import check
from supportops.schedule import schedule_zone

NAMES = ("sites", "service_levels", "triage")
BOMBS = {
    "aliases": b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (n, n, b", ".join([b"*%c" % (n - 1)] * 9)) for n in b"bcdefghij"
    ),
    "itself": b"a: &a [*a]\n",
    "merges": b"a: &a {<<: *a}\n",
    "depth": b"[" * 100_000,
    "closed depth": b"[" * 100_000 + b"]" * 100_000,
    "mappings": b"{a: " * 50_000,
    "long line": b"a: '" + b"x" * 5_000_000 + b"'",
    "many keys": b"".join(b"k%d: 1\n" % n for n in range(5_000)),
    "not utf8": b"\xff\xfe\x00\xd8",
    "utf16": "sites: []".encode("utf-16"),
    "half": b'a: "\\ud800"',
    "controls": f"a: '{SEQUENCES}'".encode(),
    "nul": b"a: \0",
    "two": b"a: 1\n---\nb: 2\n",
    "huge": b"#" * (8 * 1024 * 1024 + 1),
    "tag": b"!!python/object/apply:os.system [id]",
    "empty": b"",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(ROOT / "include/config", tmp_path / "config")

    def stop(*_: object) -> None:
        raise AssertionError("no end after 60 s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield tmp_path / "config"
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def faults_of(folder: Path, name: str) -> list[str]:
    faults = check(folder).faults.get(name, ())
    assert all(fault.file == f"{Path(name).name}.yaml" for fault in faults)
    return [str(fault) for fault in faults]


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_in_the_place_of(folder: Path, name: str) -> None:
    for kind, content in BOMBS.items():
        (folder / f"{name}.yaml").write_bytes(content)
        faults = faults_of(folder, name)
        assert faults or (name == "triage" and kind == "empty"), kind
        assert schedule_zone(folder)


def test_what_is_no_file_is_a_fault(folder: Path, tmp_path: Path) -> None:
    # The devices among them would be read for ever, the pipe would never be opened.
    for path in paths(tmp_path / "paths"):
        if not path.startswith("/"):
            continue
        for name in ("sites", "service_levels", "imports/uci"):
            file = folder / f"{name}.yaml"
            file.unlink(missing_ok=True)
            file.symlink_to(path)
            gone = name.startswith(IMPORTS) and not os.path.lexists(file)
            assert faults_of(folder, name) or gone, (name, path)
        assert schedule_zone(folder) == "UTC"


def test_a_folder_of_mappings_that_is_none_or_has_odd_names(folder: Path, tmp_path: Path) -> None:
    mapping = (folder / "imports/uci.yaml").read_bytes()
    for name in (b"caf\xe9.yaml", b"\x1b[2J.yaml", b"\xe2\x80\xae.yaml", b".yaml", b"a b.yaml"):
        Path(os.fsdecode(os.fsencode(folder / "imports") + b"/" + name)).write_bytes(mapping)
    checked = check(folder)
    assert all(fault.file.isprintable() for fault in checked.all_faults)
    assert "uci" in checked.configuration.mapping_names()
    shutil.rmtree(folder / "imports")
    (folder / "imports").symlink_to(folder / "imports")
    assert "uci" not in check(folder).configuration.mapping_names()
