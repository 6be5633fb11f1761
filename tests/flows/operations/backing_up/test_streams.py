"""`db backup -`, `db verify -` and `db restore -`: a backup that goes through pipes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from builders import SHIPPED
from flows.operations.backing_up.filled import fill
from flows.operations.backing_up.test_backup import empty_sqlite, installation
from supportops.cli.main import app
from supportops.db.copying import contents
from supportops.flows.operations import backup as flow

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


class Shell:
    """Runs `supportops` on a store, with temporary files in a folder of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
        self.temporary = temporary
        temporary.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        self.environment = {"SUPPORTOPS_CONFIG": str(SHIPPED)}

    def run(self, store: Engine, *words: str, given: bytes = b"") -> tuple[int, bytes, str]:
        """Exit code, standard output and standard error."""
        address = store.url.render_as_string(hide_password=False)
        environment = self.environment | {"SUPPORTOPS_DATABASE_URL": address}
        done = CliRunner().invoke(app, ["db", *words], input=given, env=environment)
        assert list(self.temporary.iterdir()) == []
        return done.exit_code, done.stdout_bytes, done.stderr


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    return Shell(monkeypatch, tmp_path / "temporary")


def test_a_backup_goes_through_pipes_and_nothing_else_with_it(
    store: Engine, tmp_path: Path, shell: Shell
) -> None:
    fill(store)
    before = contents(store)
    code, backup, said = shell.run(store, "backup", "-")
    assert code == 0
    assert "standard output has the store: " in said
    code, output, _ = shell.run(store, "verify", "-", given=backup)
    assert (code, output[:26]) == (0, b"the backup can be restored")
    with empty_sqlite(tmp_path) as other:
        code, output, _ = shell.run(other, "restore", "-", given=backup)
        assert (code, output[:21]) == (0, b"the store is restored")
        assert contents(other) == before


@pytest.mark.parametrize("words", [("verify", "-"), ("restore", "-")])
def test_what_comes_by_a_pipe_and_is_no_backup_is_refused_by_its_name(
    store: Engine, shell: Shell, words: tuple[str, ...]
) -> None:
    for given, why in ((b"", "is no backup"), (b"\x1f\x8b half", "is damaged or not whole")):
        code, output, said = shell.run(store, *words, given=given)
        assert (code, output) == (2, b"")
        assert said.startswith(f"supportops: standard input {why}")
        assert len(said.splitlines()) == 1


def test_json_and_a_backup_do_not_share_standard_output(store: Engine, shell: Shell) -> None:
    code, output, said = shell.run(store, "backup", "-", "--json")
    assert (code, output) == (2, b"")
    assert "leave out --json" in said


def test_an_output_that_takes_no_more_is_a_failure(store: Engine, shell: Shell) -> None:
    """`> FILE` on a full disk must not look like a backup."""
    fill(store)
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        flow.send(installation(store), full)
    assert list(shell.temporary.iterdir()) == []
