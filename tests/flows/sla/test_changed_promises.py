"""A configuration that would judge the past otherwise than the active one is a finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from builders import configure
from sla.policies import london
from supportops.cli.main import app
from supportops.config.loader import load
from supportops.config.snapshots import save
from supportops.db.engine import make_engine, writing
from supportops.db.migrate import upgrade
from supportops.flows.sla.changed_promises import findings

NOW = london("2026-11-26 12:00")
SITES = [{"name": "shop", "url": "https://shop.example/"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configure(tmp_path / "config", SITES)


@pytest.fixture
def engine(tmp_path: Path, folder: Path) -> Engine:
    """With the folder as the active configuration."""
    made = make_engine(f"sqlite+pysqlite:///{tmp_path}/store.db")
    upgrade(made)
    with writing(made) as connection:
        save(connection, load(folder), NOW)
    return made


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "service_levels.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_only_what_changes_the_past_is_found(engine: Engine, folder: Path) -> None:
    assert list(findings(engine, load(folder), NOW)) == []
    edit(folder, "holidays: []", "holidays: [2026-12-24]")
    assert list(findings(engine, load(folder), NOW)) == []
    edit(folder, "holidays: [2026-12-24]", "holidays: [2026-10-14]")
    edit(folder, "within: 15m", "within: 10m")
    assert [each.path for each in findings(engine, load(folder), NOW)] == [
        "policy published",
        "calendar office",
    ]


def test_without_an_active_configuration_there_is_nothing_to_change(
    tmp_path: Path, folder: Path
) -> None:
    empty = make_engine(f"sqlite+pysqlite:///{tmp_path}/empty.db")
    upgrade(empty)
    assert list(findings(empty, load(folder), NOW)) == []


def test_config_check_says_so_where_there_is_a_store(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, "within: 15m", "within: 10m")
    absent = tmp_path / "absent.db"
    for store, code in ((tmp_path / "store.db", 1), (absent, 0)):
        monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", f"sqlite+pysqlite:///{store}")
        done = CliRunner().invoke(app, ["config", "check", str(folder)])
        assert done.exit_code == code, done.output
        assert ("policy published" in done.output) is (code == 1)
    assert not absent.exists()
