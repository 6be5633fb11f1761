"""What a command does with an error: one line where a user can mend it, else a traceback."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner, Result

from supportops.cli.output import Commands
from supportops.connections import SetupError
from supportops.db.engine import StoreAddressError
from supportops.db.migrate import SchemaError


def command_that_raises(error: Exception) -> Result:
    app, group = typer.Typer(cls=Commands), typer.Typer(name="group", no_args_is_help=True)
    app.add_typer(group)

    @group.command("fails")
    def fails() -> None:
        raise error

    return CliRunner().invoke(app, ["group", "fails"])


@pytest.mark.parametrize("error", [SetupError, StoreAddressError, SchemaError, LookupError])
def test_an_error_that_a_user_can_mend_is_one_line_and_exit_code_2(error: type[Exception]) -> None:
    result = command_that_raises(error("set this variable"))
    assert result.exit_code == 2
    assert result.stderr == "supportops: set this variable\n"


@pytest.mark.parametrize("error", [KeyError("x"), IndexError("x"), TypeError("x")])
def test_a_defect_keeps_its_traceback(error: Exception) -> None:
    result = command_that_raises(error)
    assert result.exception is error
    assert result.stderr == ""
