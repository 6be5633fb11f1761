"""The entry of `sites.yaml` for a new site, checked against the file as it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from supportops.config.configuration import Configuration, File
from supportops.config.of_sites.sites import SitesFile
from supportops.config.validation import validate
from supportops.config.yaml_source import ConfigurationError, Source
from supportops.names import near

INDENT = "  "


@dataclass(frozen=True, slots=True)
class NewSite:
    """`yaml`: what to put below `sites:`. `faults`: a line for each thing that is wrong with it.

    `alike`: customers and servers of the file that look like a new one, by what was written.
    """

    yaml: str
    faults: tuple[str, ...]
    alike: Mapping[str, tuple[str, ...]]


def new_site(
    configuration: Configuration, name: str, customer: str, url: str, host: str
) -> NewSite:
    """The entry of a site with these values; an empty `host` is left out."""
    values = {"name": name, "customer": customer, "url": url, "host": host}
    entry = {key: value for key, value in values.items() if value or key != "host"}
    known = configuration.document.get(File.SITES.value) or {"sites": []}
    data: dict[str, Any] = {**known, "sites": [*known.get("sites", ()), entry]}
    faults: tuple[str, ...] = ()
    try:
        validate(SitesFile, Source(data, {}), "sites.yaml")
    except ConfigurationError as error:
        place = f"sites[{len(data['sites']) - 1}]"
        faults = tuple(str(fault).replace(f"{place}.", "") for fault in error.faults)
    sites = configuration.fleet.sites if configuration.has(File.SITES) else ()
    customers = configuration.customers
    known_names = customers.also_called(s.customer for s in sites)
    fields = {"customer": list(known_names), "host": [s.host for s in sites if s.host]}
    alike = {
        key: tuple(near(values[key], names))
        for key, names in fields.items()
        if values[key] and values[key] not in names
    }
    written = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    return NewSite(
        "".join(f"{INDENT}{line}\n" for line in written.splitlines()),
        faults,
        {key: found for key, found in alike.items() if found},
    )
