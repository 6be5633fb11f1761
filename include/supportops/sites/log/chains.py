"""The certificates of each site in the store: a row for each chain that it has presented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from supportops.db.schema import certificate_chains
from supportops.db.statements import insert_or_update
from supportops.sites.certificates import Chain, from_json, to_json
from supportops.sites.store import NAMES_AT_ONCE

# A server may present another certificate each time that it is asked.
MOST_OF_A_SITE = 20


@dataclass(frozen=True, slots=True)
class SeenChain:
    """A chain by its digest, and since when it is, or was, the one that the site presents."""

    digest: str
    chain: Chain
    since: datetime


def current_digests(connection: Connection, sites: Iterable[str]) -> dict[str, str]:
    """The digest of the chain that each of `sites` presented last, where one is known."""
    c = certificate_chains.c
    wanted, found = sorted(sites), dict[str, str]()
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        names = wanted[start : start + NAMES_AT_ONCE]
        statement = select(c.site, c.digest).where(c.site.in_(names)).order_by(c.since, c.digest)
        found.update((site, digest) for site, digest in connection.execute(statement))
    return found


def record(connection: Connection, seen: Mapping[str, SeenChain]) -> None:
    """The chains that sites present from now on; of each site the last ones are kept."""
    rows = [
        {
            "site": site,
            "digest": each.digest,
            "since": each.since,
            "chain": to_json(each.chain),
        }
        for site, each in sorted(seen.items())
    ]
    insert_or_update(connection, certificate_chains, rows)
    for site in sorted(seen):
        _forget_old(connection, site)


def _forget_old(connection: Connection, site: str) -> None:
    c = certificate_chains.c
    count = connection.execute(select(func.count()).where(c.site == site)).scalar_one()
    if count > MOST_OF_A_SITE:
        newest = select(c.digest).where(c.site == site).order_by(c.since.desc(), c.digest.desc())
        kept = connection.execute(newest.limit(MOST_OF_A_SITE)).scalars().all()
        connection.execute(delete(certificate_chains).where(c.site == site, c.digest.not_in(kept)))


def chains_of(connection: Connection, site: str, most: int) -> list[SeenChain]:
    """What a site presents and presented, the last one first."""
    c = certificate_chains.c
    statement = (
        select(c.digest, c.chain, c.since)
        .where(c.site == site)
        .order_by(c.since.desc(), c.digest.desc())
        .limit(most)
    )
    rows = connection.execute(statement)
    return [SeenChain(digest, from_json(chain), since) for digest, chain, since in rows]
