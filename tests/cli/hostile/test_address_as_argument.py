"""An address with its password, given where the name of a variable belongs."""

from __future__ import annotations

from typer.testing import CliRunner

from supportops.cli.main import app


def test_a_copy_does_not_repeat_it() -> None:
    done = CliRunner().invoke(app, ["db", "copy", "postgresql://u:zq7secret@127.0.0.1:9/x"])
    assert done.exit_code == 2
    assert "expected the name of a variable" in done.output
    assert "zq7secret" not in done.output
