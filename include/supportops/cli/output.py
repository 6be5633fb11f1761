"""How every command answers: exit codes, JSON, and one line for an error that a user can mend.

What commands print goes through here or through `cli.tables`: a text from outside cannot make a
terminal do anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError
from typer.core import TyperGroup
from typer.exceptions import TyperException

from supportops.bootstrap import check_environment
from supportops.cli.instants import InstantError
from supportops.config.yaml_source import ConfigurationError
from supportops.connections import SetupError
from supportops.db.engine import StoreAddressError
from supportops.db.migrate import SchemaError
from supportops.db.storable import storable
from supportops.rendering.printable import printable, printable_json, printable_line

FINE, FINDINGS, USAGE = 0, 1, 2

_NOT_ALLOWED = "42501"  # PostgreSQL's insufficient_privilege
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


class Commands(TyperGroup):
    """The root of all commands: whatever command runs, its errors are handled here."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        with handle_errors():
            _refuse_halves(args)
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with handle_errors():
            return super().invoke(ctx)


@contextmanager
def handle_errors() -> Iterator[None]:
    """Ends the command with one line for each error that a user can mend, and exit code 2.

    A LookupError is the answer "there is none of that name". Its subclasses KeyError and
    IndexError are defects of the program and keep their traceback, like every other exception
    that neither the machine nor the store has raised.
    """
    try:
        yield
    except TyperException as error:
        if not error.format_message():
            raise  # it has shown the help
        fail(f"{error.format_message()} ({_help_of(error)})")
    except ConfigurationError as error:
        fail(*(str(fault) for fault in error.faults))
    except (KeyError, IndexError):
        raise
    except (SetupError, StoreAddressError, SchemaError, InstantError, LookupError) as error:
        fail(str(error))
    except DBAPIError as error:
        if not _comes_from_the_machine(error):
            raise
        # The driver's text names host and database, never the password.
        fail(f"the store does not answer: {(str(error.orig).splitlines() or ['?'])[0]}")
    except BrokenPipeError as error:
        fail(f"standard output: {error.strerror}")
    except OSError as error:
        fail(_words_of(error))


def echo(text: str) -> None:
    """Prints `text`, which may have several lines, to standard output."""
    typer.echo(printable(text))


def print_json(value: Any) -> None:
    """Prints `value` as indented JSON; what JSON has no type for becomes its text."""
    typer.echo(printable_json(value))


def fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots, by name, for `print_json`."""
    return {name: getattr(value, name) for name in type(value).__slots__}


def warn(line: str) -> None:
    """Prints one line to standard error."""
    with suppress(OSError):  # nobody reads it, and the exit code remains
        typer.echo(f"supportops: {printable_line(line)}", err=True)


def fail(*lines: str) -> NoReturn:
    """Ends the command as wrongly used or configured; each line goes to standard error."""
    for line in lines:
        warn(line)
    raise typer.Exit(USAGE)


def _refuse_halves(arguments: Sequence[str]) -> None:
    """Fails where an argument or a setting could neither be stored nor sent anywhere."""
    for number, argument in enumerate(arguments, 1):
        if storable(argument) != argument:
            fail(f"argument {number} is not UTF-8, or has a NUL: {argument[:200]}")
    check_environment()


def _comes_from_the_machine(error: DBAPIError) -> bool:
    """Whether the store is away, locked, full, damaged or closed to us; else it is a defect.

    A bare DatabaseError is what SQLite raises for a file that is no database.
    """
    if error.connection_invalidated or isinstance(error, (OperationalError, InternalError)):
        return True
    connecting = error.statement is None  # the address has a setting that the driver does not know
    not_allowed = getattr(error.orig, "sqlstate", None) == _NOT_ALLOWED
    return connecting or not_allowed or type(error) is DatabaseError


def _help_of(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path if context else 'supportops'} --help"


def _words_of(error: OSError) -> str:
    words = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {words}" if error.filename else words
