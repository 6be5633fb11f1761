"""What every page is made from: the store, the configuration, the instant, and the last check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Connection

from supportops.alerts.hold import held_alerts, held_since
from supportops.config.configuration import Configuration
from supportops.context import Context
from supportops.db.activity import Flow, standstill
from supportops.sites.log.checks import FleetOf
from supportops.sites.site import STALE_AFTER, Fleet
from supportops.sites.store import first_start, last_run
from supportops.tickets.source import TicketSource
from supportops.web.tiles import Status

if TYPE_CHECKING:  # it loads what the doctor examines with
    from supportops.web.examinations import Examinations

OpenSources = Callable[[], AbstractContextManager[Sequence[TicketSource]]]
"""Opens the ticket sources that are connected, as `bootstrap.open_ticket_sources` does."""
Q = TypeVar("Q", bound="Query")


class ActiveConfiguration(Protocol):
    """The stored configurations, as `supportops.config.snapshots.LastConfiguration` reads them."""

    def __call__(self, connection: Connection) -> Configuration:
        """The active one; raises LookupError before the first."""

    def fleet_of(self, connection: Connection, digest: str) -> Fleet:
        """The fleet of any of them, by its digest."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page. `may_act`: whether acts of theirs are accepted.

    `may_read`: whether the login itself gives the right to see the board. `customers`: those whose
    reports are all that is shown, by names of access.yaml; None for everything.
    """

    name: str
    may_act: bool
    may_read: bool = True
    customers: frozenset[str] | None = None


@contextmanager
def no_sources() -> Iterator[Sequence[TicketSource]]:
    """Where no ticket source is connected."""
    yield ()


class Unavailable(RuntimeError):
    """Nothing can be shown: what says who may see what was not read."""


class NotFound(LookupError):
    """The page is about something that is not in the store."""


class Redirect(LookupError):
    """The page has another address: `to`, relative to the board."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is made from: one snapshot of the store, its configuration, and the instant.

    `context`: for what looks beyond the store, at the folder of files or at secrets.
    """

    connection: Connection
    configuration: Configuration
    now: datetime
    fleet_of: FleetOf
    viewer: Viewer
    context: Context
    open_sources: OpenSources = no_sources
    examinations: Examinations | None = None

    @property
    def zone(self) -> str:
        """The IANA name of the zone that pages show times in."""
        return self.configuration.alerts.timezone


class Query(BaseModel):
    """The query of a page's address: what it does not name is ignored."""

    model_config = ConfigDict(frozen=True)

    flags: ClassVar[frozenset[str]] = frozenset()
    """The fields that are set by their name alone, as in `?wall`."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        """A form sends its empty fields too: they filter nothing."""
        if not isinstance(given, Mapping):
            return given
        named = cls.flags & given.keys()
        flags = {name: given[name] not in (False, "0", "false") for name in named}
        return {name: value for name, value in given.items() if value != ""} | flags


Text = Annotated[str, StringConstraints(max_length=4000)]
PageNumber = Annotated[int, Field(ge=1, le=10_000)]


class NoQuery(Query):
    """The query of a page that has none."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Q]):
    """A page: its template `web/<name>.html`, filled with what `make` returns of a query.

    `make` raises NotFound or Redirect. `address` is relative to the board, `name` by default;
    `headers` are sent in place of the board's own. `for_customers` is what a login that is bound
    to customers gets at this address; without one it gets nothing.
    """

    name: str
    query: type[Q]
    make: Callable[[PageContext, Q], dict[str, Any]]
    address: str = ""
    headers: Mapping[str, str] | None = None
    for_customers: Page[Any] | None = None

    @property
    def path(self) -> str:
        """The path of its route."""
        return f"/{'' if self.address == './' else self.address or self.name}"


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file for the browser; `name`: what it is saved as, None where it is shown."""

    content: bytes
    media_type: str
    name: str | None


@dataclass(frozen=True, slots=True)
class MadeFile(Generic[Q]):
    """A file that is made of a query when it is asked for; `path` begins with a slash.

    `make` raises NotFound.
    """

    path: str
    query: type[Q]
    make: Callable[[PageContext, Q], ServedFile]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter; `chosen` if the page shows it, `count`: how many rows it has."""

    words: str
    href: str
    count: int
    chosen: bool
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class LastCheck:
    """When the last run was judged; `age` is None before the first.

    `waiting`: how long the installation has been at work without any, where there was none.
    `dispatch_idle`: for how long no dispatch of alerts has finished, where that is too long.
    `held`: how many open alerts wait for the installation to go live, None where it is live.
    """

    at: datetime | None
    age: timedelta | None
    waiting: timedelta = timedelta(0)
    dispatch_idle: timedelta | None = None
    held: int | None = None

    @property
    def seconds(self) -> int | None:
        """The age in whole seconds."""
        return None if self.age is None else max(0, int(self.age.total_seconds()))

    @property
    def stale_after(self) -> int:
        """The age in seconds from which on the page may be out of date."""
        return int(STALE_AFTER.total_seconds())

    @property
    def stale(self) -> bool:
        """Whether the page may be out of date."""
        return (self.waiting if self.age is None else self.age) > STALE_AFTER


def last_check(connection: Connection, now: datetime) -> LastCheck:
    """The last judged run of the site check, and its age at `now`."""
    run = last_run(connection, judged=True)
    idle = standstill(connection, Flow.ALERT_DISPATCH, now)
    held = held_alerts(connection) if held_since(connection) is not None else None
    if run is None or run.judged_at is None:
        waiting = now - (first_start(connection) or now)
        return LastCheck(None, None, waiting, dispatch_idle=idle, held=held)
    return LastCheck(run.judged_at, now - run.judged_at, dispatch_idle=idle, held=held)


def link(to: str, /, **query: str | int | None) -> str:
    """A relative address with a query string; None and "" are left out of it.

    All pages are at the same depth, so it works wherever the board is mounted.
    """
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{to}?{urlencode(given, quote_via=quote, safe='')}" if given else to
