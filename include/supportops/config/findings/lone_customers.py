"""Customers that only one file names: probably another name of one that others name, or a slip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from supportops.config.configuration import Configuration, File
from supportops.config.model import Wrong, did_you_mean, entries, items, shown
from supportops.config.of_customers.access import customers_named
from supportops.config.yaml_source import KeyPath

# A route for a customer that no other file names is found among the routes that nothing matches.
_SEARCHED = (File.CUSTOMERS, File.SITES, File.SERVICE_LEVELS, File.REPORTS)
# What access.yaml names makes nobody a customer.
_CHECKED = (*_SEARCHED, File.ACCESS)


def lone_customers(name: str, data: Any, configuration: Configuration) -> Iterator[Wrong]:
    """The customers in the raw `data` of the file `name` that no other file names, each once.

    Without a list of customers the help desk may well know some that have no site: then only those
    that look like another file's.
    """
    if name not in _CHECKED:
        return
    customers = configuration.customers
    places = list(customers_in(name, data))
    if not places or (name == File.SITES and not customers.listed):
        return
    others = _others(name, configuration)
    known = {customers.key(each) for each in others}
    names = customers.also_called(others)
    reported: set[str] = set()
    for path, written in places:
        key = customers.key(written)
        if key in known or key in reported:
            continue
        reported.add(key)
        few = len(reported) <= _MOST_HINTS and len(names) <= _MOST_NAMES
        hint = did_you_mean(written, names) if few else ""
        if customers.listed or hint or name == File.ACCESS:
            yield Wrong(path, f"{shown(written)}, which no other file names", _EXPECTED, hint)


# Each is compared with every name that there is, whenever the files are read.
_MOST_HINTS, _MOST_NAMES = 5, 2_000
_EXPECTED = "a name or alias that another file has, too"


def _others(name: str, configuration: Configuration) -> list[str]:
    """The names that the other files have, a route's among them."""
    files = {each: configuration.document.get(each) for each in (*_SEARCHED, File.ALERTS)}
    return [
        written
        for each, data in files.items()
        if each != name
        for _, written in customers_in(each, data)
    ]


def customers_in(name: str, data: Any) -> Iterator[tuple[KeyPath, str]]:
    """Every place of a file, given its raw data, that names a customer."""
    for path, found in _places(name, data):
        if isinstance(found, str):
            yield path, found


def _places(name: str, data: Any) -> Iterator[tuple[KeyPath, Any]]:
    match name:
        case File.ACCESS:
            yield from customers_named(data)
        case File.CUSTOMERS:
            yield from (((*path, "name"), each.get("name")) for path, each in entries(data, name))
        case File.SITES:
            for path, site in entries(data, name):
                yield (*path, "customer"), site.get("customer")
        case File.REPORTS:
            for path, audience in entries(data, "audiences"):
                yield (*path, "customer"), audience.get("customer")
        case File.SERVICE_LEVELS:
            for path, policy in entries(data, "policies"):
                for inner, promise in entries(policy, "promises"):
                    for place, customer in items(promise, "customers"):
                        yield (*path, *inner, *place), customer
        case File.ALERTS:
            for path, route in entries(data, "routes"):
                found: Mapping[str, Any] = route.get("match") or {}
                for place, customer in items(found, "customer"):
                    yield (*path, "match", *place), customer
