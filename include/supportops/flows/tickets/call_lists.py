"""The names that Airflow's form for a call offers, out of the files of a configuration folder.

A scheduler reads them each time that it parses the DAG, so nothing heavy is imported here, and no
fault of a file is an error: what it does not say is not offered.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from supportops.files import open_file
from supportops.names import folded
from supportops.schedule import configured_folder

MOST_OFFERED = 1_000
_LONGEST = 200
_LARGEST = 2 * 1024 * 1024
_DEEPEST = 40
_OPTIONAL = "customers.yaml"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallLists:
    """Names in order, at most MOST_OFFERED of each; `tiers`: what each is called."""

    customers: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)


def call_lists(folder: Path | None = None) -> CallLists:
    """The names in `folder`, the configured one by default. Never raises."""
    where = folder or configured_folder()
    entries = _data(where / "sites.yaml").get("sites")
    sites = [each for each in _listed(entries) if isinstance(each, dict)]
    written = _data(where / "service_levels.yaml").get("tiers")
    tiers = written if isinstance(written, dict) else {}
    listed = _listed(_data(where / "customers.yaml").get("customers"))
    customers = [each for each in listed if isinstance(each, dict)]
    return CallLists(
        _names(_customers(sites, customers)),
        _names(each.get("name") for each in sites),
        {name: _title(name, tiers[name]) for name in _names(tiers, in_order=False)},
    )


def _customers(
    sites: Iterable[Mapping[str, Any]], customers: Iterable[Mapping[str, Any]]
) -> Iterator[Any]:
    """Those of customers.yaml, and those of sites that it has no name or alias of."""
    known = set()
    for each in customers:
        yield each.get("name")
        names = [each.get("name"), *_listed(each.get("aliases"))]
        known |= {folded(name) for name in names if isinstance(name, str)}
    for site in sites:
        name = site.get("customer")
        if not isinstance(name, str) or folded(name) not in known:
            yield name


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _names(found: Any, *, in_order: bool = True) -> tuple[str, ...]:
    texts = (each.strip() for each in found if isinstance(each, str))
    names = dict.fromkeys(each for each in texts if 0 < len(each) <= _LONGEST)
    return tuple(sorted(names, key=str.casefold) if in_order else names)[:MOST_OFFERED]


def _title(name: str, entry: Any) -> str:
    title = entry.get("title") if isinstance(entry, dict) else None
    return title if isinstance(title, str) and title.strip() else name.replace("_", " ")


def _data(file: Path) -> dict[str, Any]:
    """The mapping that a file holds; empty where it cannot be read, or is not there."""
    if file.name == _OPTIONAL and not file.exists():
        return {}
    try:
        with open_file(file) as opened:
            text = opened.read(_LARGEST).decode("utf-8-sig")
        _refuse_deep(text)
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except Exception as error:
        log.warning("the form for calls offers no names of %s: %s", file, error)
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_deep(text: str) -> None:
    """Raises ValueError for what libyaml would build by recursion in C until it crashes."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError("brackets in brackets without end")
