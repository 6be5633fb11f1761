"""Sites as tiles of the board: the status of each in one word, shape and colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.sites.check import WORDS, Reason
from supportops.sites.site import Site
from supportops.sites.standing import SiteState


class Status(StrEnum):
    """What the pages say of a site, from the worst to the best; each has its own shape."""

    DOWN = "down"
    DEGRADED = "degraded"
    FAULT = "fault"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    UP = "up"


ORDER = {status: number for number, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The stored state of a site's front page: what tiles and metrics need. `total_ms`: ms."""

    state: SiteState
    reason: str
    since: datetime
    checked_at: datetime
    total_ms: float | None
    certificate_expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class FaultyPage:
    """A page that fails while its site is up; the front page ("") when it is too slow."""

    page: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Tile:
    """One site on the board. `since` is None where nothing was ever known, `latency` in ms."""

    name: str
    customer: str
    host: str | None
    status: Status
    words: str
    since: datetime | None
    latency: float | None


def tile(site: Site, front: FrontPage | None, faults: Sequence[FaultyPage], now: datetime) -> Tile:
    """The tile of `site` at `now`, from what was stored of its last check."""
    status, words, since = _standing(site, front, faults, now)
    latency = (
        front.total_ms if front and status in (Status.UP, Status.FAULT, Status.DEGRADED) else None
    )
    return Tile(site.name, site.customer, site.host, status, words, since, latency)


def _standing(
    site: Site, front: FrontPage | None, faults: Sequence[FaultyPage], now: datetime
) -> tuple[Status, str, datetime | None]:
    if site.maintenance and site.in_maintenance(now):
        return Status.MAINTENANCE, "announced maintenance", None
    if front is None:
        return Status.UNKNOWN, "never checked", None
    if now - front.checked_at > 2 * site.interval:
        return Status.UNKNOWN, "not checked any more", front.checked_at + site.interval
    if front.state is SiteState.DOWN:
        return Status.DOWN, reason_words(front.reason), front.since
    if front.state is SiteState.DEGRADED:
        return Status.DEGRADED, "requests fail at times", front.since
    if front.state is not SiteState.UP:
        return Status.UNKNOWN, "cannot be judged", front.checked_at
    if faults:
        words = ", ".join(f"{fault.page} {reason_words(fault.reason)}".strip() for fault in faults)
        return Status.FAULT, words, min(fault.since for fault in faults)
    if front.reason not in (Reason.OK, Reason.SLOW):
        return Status.UP, f"being confirmed: {reason_words(front.reason)}", front.since
    return Status.UP, "", front.since


def reason_words(reason: str) -> str:
    """The words of a stored reason; one that this version does not know is shown as it is."""
    try:
        return WORDS[Reason(reason)]
    except ValueError:
        return reason.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Group:
    """The sites of one server, the worst first; `host` is None for sites without one."""

    host: str | None
    total: int
    counts: Mapping[Status, int]
    attention: tuple[Tile, ...]
    up: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class TilePage:
    """One page of groups, of `pages`; `hidden`: how many sites that need attention are on none."""

    groups: tuple[Group, ...]
    pages: int
    hidden: int


def grouped(tiles: Iterable[Tile], page: int, most_up: int, most_attention: int) -> TilePage:
    """Sites by server, the server in the worst state first.

    The first page holds what needs attention; sites that are up are spread over the pages.
    """
    servers: dict[str | None, list[Tile]] = {}
    for each in tiles:
        servers.setdefault(each.host, []).append(each)
    ordered = sorted(servers.items(), key=_server_order)
    up = [
        t for _, found in ordered for t in sorted(found, key=_tile_order) if t.status is Status.UP
    ]
    attention = [
        t
        for _, found in ordered
        for t in sorted(found, key=_tile_order)
        if t.status is not Status.UP
    ]
    shown = {t.name for t in up[(page - 1) * most_up : page * most_up]}
    if page == 1:
        shown |= {t.name for t in attention[:most_attention]}
    groups = [_group(host, found, shown) for host, found in ordered]
    return TilePage(
        tuple(group for group in groups if group.attention or group.up),
        max(1, -(-len(up) // most_up)),
        max(0, len(attention) - most_attention),
    )


def _group(host: str | None, tiles: Sequence[Tile], shown: set[str]) -> Group:
    here = [t for t in sorted(tiles, key=_tile_order) if t.name in shown]
    return Group(
        host,
        len(tiles),
        count(tiles),
        tuple(t for t in here if t.status is not Status.UP),
        tuple(t for t in here if t.status is Status.UP),
    )


def count(tiles: Iterable[Tile]) -> dict[Status, int]:
    """How many tiles have each status; every status is a key."""
    counts = dict.fromkeys(Status, 0)
    for each in tiles:
        counts[each.status] += 1
    return counts


def _tile_order(tile: Tile) -> tuple[int, str]:
    return ORDER[tile.status], tile.name.casefold()


def _server_order(entry: tuple[str | None, Sequence[Tile]]) -> tuple[int, bool, str]:
    host, tiles = entry
    return min(ORDER[t.status] for t in tiles), host is None, (host or "").casefold()
