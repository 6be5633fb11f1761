"""A store that is not there, not ours, or not to be had: one line, no password, no waiting."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.hostile.test_every_argument import answer
from cli.hostile.values import paths
from sites.servers import closed_port
from supportops.db import engine as engines
from supportops.db.engine import make_engine, writing

ADDRESSES = (
    "",
    " ",
    "nonsense",
    "://",
    "sqlite://",
    "sqlite:///relative.db",
    "sqlite+pysqlite:////tmp/supportops/no/such/folder/x.db",
    "sqlite+pysqlite:////tmp/supportops/no/such/x.db?timeout=soon",
    "sqlite+pysqlite:////tmp/supportops/no/such/x.db?unknown=1",
    "mysql://u:hunter22@127.0.0.1/x",
    "postgresql+asyncpg://u:hunter22@127.0.0.1:1/x",
    "postgresql://u:hunter22@127.0.0.1:port/x",
    "postgresql://u:hunter22@127.0.0.1:99999/x",
    "postgresql://u:hunter22@127.0.0.1:-1/x",
    "postgresql://u:hunter22@127.0.0.1:0/x",
    "postgresql://u:hunter22@[::1/x",
    "postgresql://u:hunter22@[zz]/x",
    "postgresql://u:hunter22@no.such.host.invalid/x",
    "postgresql://u:hunter22@127.0.0.1:1/x?unknown=1",
    "postgresql://u:hunter22@127.0.0.1:1/x?connect_timeout=soon",
    "postgresql://u:hunter22@127.0.0.1:1/x?sslmode=perhaps",
    "postgresql://u:hunter22@a\x1b[2Jb:1/x",
    "postgresql://u:hunter22@caf\udce9/x",
    "postgresql://u:hunter22@/x?host=/no/such/folder",
    '{"conn_type": "sqlite"}',
    '{"conn_type": 1, "port": "x"}',
    '{"conn_type": "postgres", "host": "h", "port": "hunter22"}',
    "{broken",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("command", ["alerts list", "db upgrade"])
def test_an_address_that_leads_to_no_store_is_one_line(command: str, address: str) -> None:
    code, out, errors = answer(command.split(), SUPPORTOPS_DATABASE_URL=address)
    assert (code, out) == (2, "")
    assert len(errors.splitlines()) == 1
    assert "hunter22" not in errors


def test_what_is_no_database_file_is_one_line(tmp_path: Path) -> None:
    for path in paths(tmp_path / "paths"):
        if Path(path).name in ("empty", "a\0b") or not path.startswith("/"):
            continue
        code, _, errors = answer(
            ["alerts", "list"], SUPPORTOPS_DATABASE_URL=f"sqlite+pysqlite:///{path}"
        )
        assert code == 2, path
        assert len(errors.splitlines()) == 1, path


def test_a_server_that_never_answers_is_waited_for_a_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "CONNECT_SECONDS", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgresql://u:hunter22@127.0.0.1:{silent.getsockname()[1]}/x"
        code, _, errors = answer(["alerts", "list"], SUPPORTOPS_DATABASE_URL=address)
    assert code == 2
    assert "does not answer" in errors
    assert len(errors.splitlines()) == 1


def test_a_store_that_somebody_else_has_locked_is_one_line(
    store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_WAIT_SECONDS", 0.5)
    holder = make_engine(store_address)
    with writing(holder) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE"))
        code, _, errors = answer(
            ["alerts", "ack", "x", "--by", "Ada"], SUPPORTOPS_DATABASE_URL=store_address
        )
    holder.dispose()
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert "lock" in errors


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE alembic_version (version_num INTEGER)")
        other.execute("INSERT INTO alembic_version VALUES (7)")
    code, _, errors = answer(
        ["alerts", "list"], SUPPORTOPS_DATABASE_URL=f"sqlite+pysqlite:///{tmp_path}/other.db"
    )
    assert code == 2
    assert len(errors.splitlines()) == 1


def test_a_closed_port_is_one_line() -> None:
    address = f"postgresql://u:hunter22@127.0.0.1:{closed_port()}/x"
    code, _, errors = answer(["clocks"], SUPPORTOPS_DATABASE_URL=address)
    assert code == 2
    assert "hunter22" not in errors
