"""Which sites of a fleet a run checks, in the form in which the run is recorded."""

from __future__ import annotations

from collections.abc import Collection

from supportops.sites.site import Fleet, Site


def to_text(fleet: Fleet, due: Collection[Site]) -> str | None:
    """The places of `due` in the fleet as ranges, such as `0-11,14`; None where all are due.

    Names would take a hundred times the space, with every run of a large fleet.
    """
    names = {site.name for site in due}
    if len(names) == len(fleet.sites):
        return None
    ranges: list[list[int]] = []
    for place, site in enumerate(fleet.sites):
        if site.name not in names:
            continue
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return ",".join(f"{low}-{high}" if low < high else str(low) for low, high in ranges)


def from_text(fleet: Fleet, text: str | None) -> tuple[Site, ...]:
    """The sites that `to_text` wrote, in the order of the file. ValueError for anything else."""
    if text is None:
        return fleet.sites
    found: list[Site] = []
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found += fleet.sites[int(low) : int(high or low) + 1]
    return tuple(found)
