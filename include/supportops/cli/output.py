"""How every command answers: exit codes, JSON, and one line for an error that a user can mend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup

from supportops.bootstrap import SetupError
from supportops.config.yaml_source import ConfigurationError
from supportops.db.engine import StoreAddressError
from supportops.db.migrate import SchemaError

FINE, FINDINGS, USAGE = 0, 1, 2

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


class Commands(TyperGroup):
    """The root of all commands: whatever command runs, its errors are handled here."""

    def invoke(self, ctx: Any) -> Any:
        with handle_errors():
            return super().invoke(ctx)


@contextmanager
def handle_errors() -> Iterator[None]:
    """Ends the command with one line for each error that a user can mend, and exit code 2.

    A LookupError is the answer "there is none of that name". Its subclasses KeyError and
    IndexError are defects of the program and keep their traceback, like every other exception.
    """
    try:
        yield
    except ConfigurationError as error:
        fail(*(str(fault) for fault in error.faults))
    except (KeyError, IndexError):
        raise
    except (SetupError, StoreAddressError, SchemaError, LookupError) as error:
        fail(str(error))
    except OperationalError as error:
        # The driver's text names host and database, never the password.
        fail(f"the store does not answer: {str(error.orig).splitlines()[0]}")


def print_json(value: Any) -> None:
    """Prints `value` as indented JSON; what JSON has no type for becomes its text."""
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots, by name, for `print_json`."""
    return {name: getattr(value, name) for name in type(value).__slots__}


def warn(line: str) -> None:
    """Prints one line to standard error."""
    typer.echo(f"supportops: {line}", err=True)


def fail(*lines: str) -> NoReturn:
    """Ends the command as wrongly used or configured; each line goes to standard error."""
    for line in lines:
        warn(line)
    raise typer.Exit(USAGE)
