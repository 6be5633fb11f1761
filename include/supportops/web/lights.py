"""How a site stands for people who glance at it: one word, one shape, one colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.sites.check import WORDS, Reason
from supportops.sites.site import Site
from supportops.sites.standing import SiteState


class Light(StrEnum):
    """From the worst to the best; each has a shape of its own in the pages."""

    DOWN = "down"
    FAULT = "fault"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    UP = "up"


ORDER = {light: number for number, light in enumerate(Light)}


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What the store holds of a site's front page: the columns that a tile needs."""

    state: SiteState
    reason: str
    since: datetime
    checked_at: datetime
    total_ms: float | None


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
    light: Light
    words: str
    since: datetime | None
    latency: float | None


def tile(site: Site, front: FrontPage | None, faults: Sequence[FaultyPage], now: datetime) -> Tile:
    """How `site` stands at `now`, from what was stored of its last check."""
    light, words, since = _standing(site, front, faults, now)
    latency = front.total_ms if front and light in (Light.UP, Light.FAULT) else None
    return Tile(site.name, site.customer, site.host, light, words, since, latency)


def _standing(
    site: Site, front: FrontPage | None, faults: Sequence[FaultyPage], now: datetime
) -> tuple[Light, str, datetime | None]:
    if site.maintenance and site.in_maintenance(now):
        return Light.MAINTENANCE, "announced maintenance", None
    if front is None:
        return Light.UNKNOWN, "never checked", None
    if now - front.checked_at > 2 * site.interval:
        return Light.UNKNOWN, "not checked any more", front.checked_at + site.interval
    if front.state is SiteState.DOWN:
        return Light.DOWN, reason_words(front.reason), front.since
    if front.state is not SiteState.UP:
        return Light.UNKNOWN, "cannot be judged", front.checked_at
    if faults:
        words = ", ".join(f"{fault.page} {reason_words(fault.reason)}".strip() for fault in faults)
        return Light.FAULT, words, min(fault.since for fault in faults)
    if front.reason not in (Reason.OK, Reason.SLOW):
        return Light.UP, f"being confirmed: {reason_words(front.reason)}", front.since
    return Light.UP, "", front.since


def reason_words(reason: str) -> str:
    """The words of a stored reason; one that this version does not know speaks for itself."""
    try:
        return WORDS[Reason(reason)]
    except ValueError:
        return reason.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Group:
    """The sites of one server, the worst first; `host` is None for sites without one."""

    host: str | None
    total: int
    counts: Mapping[Light, int]
    attention: tuple[Tile, ...]
    calm: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """One page of groups; `hidden` sites need attention and are not on it."""

    groups: tuple[Group, ...]
    pages: int
    hidden: int


def grouped(tiles: Iterable[Tile], page: int, most_calm: int, most_attention: int) -> Cut:
    """Sites by server, the server in the worst state first.

    The first page holds what needs attention; sites that are up are spread over the pages.
    """
    servers: dict[str | None, list[Tile]] = {}
    for each in tiles:
        servers.setdefault(each.host, []).append(each)
    ordered = sorted(servers.items(), key=_server_order)
    calm = [
        t for _, found in ordered for t in sorted(found, key=_tile_order) if t.light is Light.UP
    ]
    attention = [
        t for _, found in ordered for t in sorted(found, key=_tile_order) if t.light is not Light.UP
    ]
    shown = {t.name for t in calm[(page - 1) * most_calm : page * most_calm]}
    if page == 1:
        shown |= {t.name for t in attention[:most_attention]}
    groups = [_group(host, found, shown) for host, found in ordered]
    return Cut(
        tuple(group for group in groups if group.attention or group.calm),
        max(1, -(-len(calm) // most_calm)),
        max(0, len(attention) - most_attention),
    )


def _group(host: str | None, tiles: Sequence[Tile], shown: set[str]) -> Group:
    here = [t for t in sorted(tiles, key=_tile_order) if t.name in shown]
    return Group(
        host,
        len(tiles),
        count(tiles),
        tuple(t for t in here if t.light is not Light.UP),
        tuple(t for t in here if t.light is Light.UP),
    )


def count(tiles: Iterable[Tile]) -> dict[Light, int]:
    """How many stand how; every light is a key."""
    counts = dict.fromkeys(Light, 0)
    for each in tiles:
        counts[each.light] += 1
    return counts


def _tile_order(tile: Tile) -> tuple[int, str]:
    return ORDER[tile.light], tile.name.casefold()


def _server_order(entry: tuple[str | None, Sequence[Tile]]) -> tuple[int, bool, str]:
    host, tiles = entry
    return min(ORDER[t.light] for t in tiles), host is None, (host or "").casefold()
