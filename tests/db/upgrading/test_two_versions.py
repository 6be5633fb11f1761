"""A program and a store of two versions: one sentence that says what to do, and no traceback."""

from __future__ import annotations

import gzip
import logging
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from db.upgrading.old_stores import unpacked
from supportops.cli.main import app
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context, no_secrets
from supportops.db.copying import contents
from supportops.db.engine import make_engine, writing
from supportops.db.migrate import SchemaError, check, newest, upgrade
from supportops.flows.operations import backup
from supportops.web import shared_context
from supportops.web.app import make_app
from supportops.web.page import Viewer
from supportops.web.public.app import make_public_app
from supportops.web.shared_context import SharedContext
from web.boards import NOON, context_of

NEWER = "does not know (its newest is"


def make_newer(store: Engine) -> None:
    with writing(store) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))


@pytest.fixture
def board(store: Engine, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A board that has served a page of this version's store."""
    monkeypatch.setattr(shared_context, "_CHECKED_FOR", -1.0)
    shared = SharedContext(lambda: _opened(store))
    board = make_app(shared, LastConfiguration(), lambda: NOON, viewer=lambda: Viewer("a", True))
    client = TestClient(board)
    assert client.get("/alerts").status_code == 200
    return client


def _opened(store: Engine):
    check(store)
    return nullcontext(context_of(store))


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_board_that_runs_while_a_newer_version_migrates_says_so(
    store: Engine, board: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    make_newer(store)
    for _ in range(2):
        page = board.get("/alerts")
        assert page.status_code == 503
        assert NEWER in page.text
    assert "Traceback" not in caplog.text
    with writing(store) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": newest()})
    assert board.get("/alerts").status_code == 200


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_public_endpoint_asks_to_try_again_and_tells_the_log(
    store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    make_newer(store)
    public = make_public_app(lambda: _opened(store), LastConfiguration(), None, lambda: NOON)
    with caplog.at_level(logging.ERROR):
        client = TestClient(public)
        assert client.post("/push/token").status_code == 503
        assert client.post("/webhooks/zendesk").status_code == 503
    assert "Traceback" not in caplog.text
    assert caplog.text.count(NEWER) == 2


@pytest.mark.parametrize(
    "command",
    ["alerts list", "db upgrade", "db upgrade --plan", "db fold", "db backup {folder}/b", "doctor"],
)
def test_every_command_refuses_a_store_of_a_newer_version(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite+pysqlite:///{tmp_path}/store.db"
    store = make_engine(address)
    upgrade(store)
    make_newer(store)
    store.dispose()
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", address)
    done = CliRunner().invoke(app, command.format(folder=tmp_path).split())
    assert done.exit_code in (1, 2)
    assert "9999" in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "b").exists()


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    store = make_engine(f"sqlite+pysqlite:///{tmp_path}/store.db")
    upgrade(store)
    context = Context(store, tmp_path, no_secrets)
    backup.backup(context, tmp_path / "backup")
    newer = make_engine(f"sqlite+pysqlite:///{tmp_path}/newer.db")
    upgrade(newer)
    make_newer(newer)
    newer.dispose()
    (tmp_path / "newer").write_bytes(gzip.compress((tmp_path / "newer.db").read_bytes()))
    with pytest.raises(backup.BackupError, match="newer is of a newer version"):
        backup.restore(context, tmp_path / "newer")
    store.dispose()


def test_going_back_is_the_backup_of_before_restored_by_the_version_before(tmp_path: Path) -> None:
    """What docs/upgrading.md says: the older version's part is that its schema is the same."""
    old = unpacked("0013", tmp_path)
    before = contents(old)
    backup.backup(Context(old, tmp_path, no_secrets), tmp_path / "before.backup")
    upgrade(old)
    old.dispose()
    (tmp_path / "again.db").write_bytes(gzip.decompress((tmp_path / "before.backup").read_bytes()))
    again = make_engine(f"sqlite+pysqlite:///{tmp_path}/again.db")
    assert contents(again) == before
    with pytest.raises(SchemaError, match="revision 0013, this version needs"):
        check(again)
    again.dispose()


def test_the_plan_names_what_is_to_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked("0013", tmp_path).dispose()
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", f"sqlite+pysqlite:///{tmp_path}/0013.db")
    said = CliRunner().invoke(app, ["db", "upgrade", "--plan"]).output
    assert "at revision 0013, this version needs" in said
    assert "0014: Replays of other policies that people asked for" in said
    assert "0013:" not in said
    assert re.search(r"^ticket_events: about \d\d rows$", said, re.M)
    assert "at revision 0013" in CliRunner().invoke(app, ["db", "upgrade", "--plan"]).output
