"""Checks of domains in the store: an append-only log, and its fold by domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from supportops.db.schema import domain_checks, domain_standings
from supportops.db.statements import insert_new, insert_or_update
from supportops.db.storable import storable
from supportops.sites.domains import found as checks
from supportops.sites.domains import standing as standings
from supportops.sites.domains.found import Found
from supportops.sites.domains.registration import RegistryStatus
from supportops.sites.domains.standing import DomainStanding

STORED_FOR = timedelta(days=400)
ANSWERED_WITHIN = timedelta(days=10)
_c, _s = domain_checks.c, domain_standings.c


def append(connection: Connection, found: Found) -> bool:
    """Records a check; False where one of this instant is there."""
    row = {
        "domain": found.domain,
        "checked_at": found.checked_at,
        "found": storable(checks.to_json(found)),
    }
    return bool(insert_new(connection, domain_checks, [row]))


def save(connection: Connection, domain: str, standing: DomainStanding) -> None:
    """Writes how a domain stands."""
    row = {
        "domain": domain,
        "checked_at": standing.checked_at,
        "fold": storable(standings.to_json(standing)),
    }
    insert_or_update(connection, domain_standings, [row])


def load(connection: Connection, only: Iterable[str] | None = None) -> dict[str, DomainStanding]:
    """How domains stand, by name; `only` these."""
    statement = select(_s.domain, _s.fold)
    if only is not None:
        statement = statement.where(_s.domain.in_(sorted(only)))
    return {row.domain: standings.from_json(row.fold) for row in connection.execute(statement)}


def known_as_of(connection: Connection, as_of: datetime) -> dict[str, DomainStanding]:
    """What each registry had said last by `as_of`: `status` and `ends` of the domain's standing.

    What nobody answered for longer than ANSWERED_WITHIN is left out. Where a registry answers and
    does not say an end any more, the one that it said last counts.
    """
    found = _said(connection, as_of - ANSWERED_WITHIN, as_of)
    former = sorted(name for name, each in found.items() if each.is_former and each.ends is None)
    before = _said(connection, as_of - STORED_FOR, as_of, former) if former else {}
    return found | before


def _said(
    connection: Connection, since: datetime, as_of: datetime, only: Sequence[str] | None = None
) -> dict[str, DomainStanding]:
    statement = select(domain_checks).where(_c.checked_at > since, _c.checked_at <= as_of)
    if only is not None:
        statement = statement.where(_c.domain.in_(only))
    found: dict[str, DomainStanding] = {}
    for row in connection.execute(statement.order_by(_c.checked_at, _c.domain)):
        said = checks.from_json(row.domain, row.checked_at, row.found).registration
        before = found.get(row.domain, DomainStanding(row.checked_at))
        if said.status is not RegistryStatus.UNKNOWN:
            found[row.domain] = before.after(said, row.checked_at)
    return found


def forget(connection: Connection, domains: Iterable[str]) -> None:
    """Deletes the standings of what no site has any more: if it comes back it is new."""
    connection.execute(delete(domain_standings).where(_s.domain.in_(sorted(domains))))


def prune(connection: Connection, now: datetime) -> None:
    """Deletes old checks."""
    connection.execute(delete(domain_checks).where(_c.checked_at < now - STORED_FOR))
