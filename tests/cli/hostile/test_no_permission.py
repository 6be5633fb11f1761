"""Files and folders that this user may not read or write: one line and exit code 2.

Root may do everything, so a child of the tests gives its rights away where they run as root.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_home import ROOT
from cli.hostile.test_every_argument import answer

NOBODY = 65534


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder with everything in it that only somebody else may use."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "log.csv").write_text("a\n")
    (folder / "sites.yaml").write_text("sites: []\n")
    for path in (folder / "log.csv", folder / "sites.yaml", folder):
        path.chmod(0)
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(0o755)
    yield folder
    folder.chmod(0o700)


def as_nobody(commands: list[list[str]], settings: dict[str, str]) -> None:
    """Runs the commands without root's rights, in a child; twice, since it imports at first."""
    for command in commands:
        answer(command, **settings)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
            for command in commands:
                code, _, errors = answer(command, **settings)
                assert code == 2, command
                assert errors.count("\n") == len(errors.splitlines()) >= 1, command
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def test_nothing_that_is_closed_ends_in_a_traceback(
    locked: Path, sqlite_template: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    store.write_bytes(sqlite_template.read_bytes())
    if os.geteuid() == 0:
        os.chown(store, NOBODY, NOBODY)
        os.chown(tmp_path, NOBODY, NOBODY)
    settings = {
        "SUPPORTOPS_DATABASE_URL": f"sqlite+pysqlite:///{store}",
        "SUPPORTOPS_CONFIG": str(ROOT / "include/config"),
    }
    closed = str(locked / "log.csv")
    as_nobody(
        [
            ["tickets", "import", closed],
            ["report", "daily", "--out", str(locked / "out")],
            ["config", "check", str(locked)],
        ],
        settings,
    )
    as_nobody([["alerts", "list"]], settings | {"SUPPORTOPS_CONFIG": str(locked / "config")})
