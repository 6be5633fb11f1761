"""Files that the product makes are their owner's alone, whatever the umask, from the start."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_home import ROOT
from cli.hostile.test_streams import run
from supportops.db.engine import make_engine, writing
from supportops.db.migrate import upgrade
from supportops.local.install.installation import Installation

OF_OTHERS = 0o077
HEADER = "ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags\n"


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [
        f"{path.relative_to(folder)} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in sorted(folder.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & OF_OTHERS
    ]


def test_a_new_store_and_the_files_beside_it(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+pysqlite:///{tmp_path}/store.db")
    upgrade(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE x (a INTEGER)")
        assert {"store.db", "store.db-shm", "store.db-wal"} <= {p.name for p in tmp_path.iterdir()}
        assert open_to_others(tmp_path) == []
        engine.dispose()


def test_an_older_store_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    holder = sqlite3.connect(store)
    holder.execute("PRAGMA journal_mode=WAL")
    holder.execute("CREATE TABLE x (a INTEGER)")
    assert len(open_to_others(tmp_path)) == 3
    engine = make_engine(f"sqlite+pysqlite:///{store}")
    engine.connect().close()
    engine.dispose()
    assert open_to_others(tmp_path) == []
    holder.close()


def test_reports_and_bad_rows_of_the_command_line(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    (tmp_path / "store.db").chmod(0o644)
    (tmp_path / "log.csv").write_text(HEADER + "7,e,never,created,customer,,a,b,,,,,\n")
    (tmp_path / "log.csv").chmod(0o600)
    settings = {
        "SUPPORTOPS_DATABASE_URL": f"sqlite+pysqlite:///{tmp_path}/store.db",
        "SUPPORTOPS_CONFIG": str(ROOT / "include/config"),
    }
    (tmp_path / "bad").write_text("an older run's")
    out, bad = tmp_path / "a" / "b", tmp_path / "bad"
    done = run("report", "daily", "--day", "2026-11-20", "--out", str(out), **settings)
    assert done.returncode in (0, 1), done.stderr
    done = run("tickets", "import", str(tmp_path / "log.csv"), "--rejects", str(bad), **settings)
    assert done.returncode == 1, done.stderr
    assert "never" in bad.read_text()
    assert any(path.is_file() for path in out.rglob("*"))
    assert open_to_others(tmp_path) == []


def test_the_folders_of_the_local_installation(tmp_path: Path) -> None:
    here = Installation(root=tmp_path, local=tmp_path / ".local")
    here.local.mkdir()
    here.secrets.write_text("{}")
    here.prepare()
    here.demo.inbox.mkdir(parents=True)
    here.demo.prepare_demo()
    assert open_to_others(tmp_path) == []


def test_all_that_a_local_start_makes_has_a_strict_umask() -> None:
    code = (
        "import os, supportops.local.__main__ as m\n"
        "m.up = lambda *_: print(oct(os.umask(0)))\n"
        "m.main(['up'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "include"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0o77\n"
