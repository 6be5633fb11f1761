"""What is refused before anything starts, and what is shown at the end of a start."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from supportops.db.engine import make_engine, writing
from supportops.local.install.credentials import passwords
from supportops.local.install.installation import Installation
from supportops.local.supervisor.up import CannotStart, check_store_is_no_demo
from supportops.local.supervisor.welcome import things_to_try, welcome
from supportops.tickets.log.sync_marks import set_first_mark

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_store_that_an_older_demo_has_filled_is_refused(
    tmp_path: Path, sqlite_template: Path
) -> None:
    here = Installation(tmp_path, tmp_path / ".local")
    here.prepare()
    check_store_is_no_demo(here)
    here.store.touch()  # not migrated yet
    check_store_is_no_demo(here)
    here.store.write_bytes(sqlite_template.read_bytes())
    check_store_is_no_demo(here)
    engine = make_engine(f"sqlite+pysqlite:///{here.store}")
    with writing(engine) as connection:
        set_first_mark(connection, "uci", "demo_shift", "500", NOW)
    engine.dispose()

    with pytest.raises(CannotStart, match=r"holds the tickets of a demo.* mv .*/supportops\.db "):
        check_store_is_no_demo(here)


def test_a_user_keeps_a_password_and_only_named_users_have_one(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    first = passwords(file, ["admin", "viewer", "op"], "secret")

    assert first["admin"] == "secret"
    assert len({*first.values()}) == 3
    again = passwords(file, ["admin", "viewer"], "other")
    assert again == {"admin": "other", "viewer": first["viewer"]}
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("demo", [True, False])
def test_the_end_of_a_start_is_address_logins_and_things_to_try(demo: bool) -> None:
    page = io.StringIO()
    console = Console(file=page, width=120)
    logins, status = ["admin / x", "me / y (op)"], "http://127.0.0.1:8124/" if demo else None
    console.print(welcome("http://127.0.0.1:8123", logins, ".local", demo, status))
    console.print(things_to_try(demo=demo))

    shown = page.getvalue()
    assert ("http://127.0.0.1:8124/" in shown) is demo
    for words in ("http://127.0.0.1:8123", "admin / x", "me / y (op)", ".local/logs"):
        assert words in shown
    assert [line[:2] for line in shown.splitlines() if line[:1].isdigit()] == [
        f"{number}." for number in range(1, 7 if demo else 4)
    ]
