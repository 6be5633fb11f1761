"""What the commands on alerts and silences take alike: who acts, and until when."""

from __future__ import annotations

import getpass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from supportops.cli.instants import FORMATS, to_utc
from supportops.cli.output import fail

Ref = Annotated[
    str, typer.Argument(help="The #reference that every message shows, or the alert's key.")
]
By = Annotated[
    str | None, typer.Option("--by", "--who", help="Who does it; your login name if left out.")
]
Note = Annotated[str, typer.Option(help="A note for the others, kept with the alert.")]
For = Annotated[str | None, typer.Option("--for", help="For how long: 30m, 2h or 1d.")]
Until = Annotated[
    datetime | None, typer.Option(formats=FORMATS, help="Until when; UTC without an offset.")
]


def person(by: str | None) -> str:
    """Who acts: `by`, else the login name."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        fail("who acts? this user has no name: say it with --by")


def end(length: str | None, until: datetime | None, start: datetime) -> datetime | None:
    """The instant that --for or --until names, None where neither is given."""
    if length is not None and until is not None:
        fail("--for and --until exclude each other")
    if until is not None:
        return to_utc(until)
    if length is None:
        return None
    try:
        return start + length_of("--for", length)
    except OverflowError:
        fail(f"--for {length!r} ends beyond the calendar")


def length_of(option: str, written: str) -> timedelta:
    """What a length of time means that was given with `option`."""
    from pydantic import TypeAdapter, ValidationError

    from supportops.config.values import Duration

    try:
        found: timedelta = TypeAdapter(Duration).validate_python(written)
    except ValidationError:
        fail(f"{option} {written!r}: expected a number and a unit: 30m, 2h or 1d")
    return found
