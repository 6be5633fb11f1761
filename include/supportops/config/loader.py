"""Reads a configuration folder into frozen, checked objects; every fault is told at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from supportops.alerts.policy import AlertPolicy
from supportops.config.alerts import AlertsFile
from supportops.config.reports import ReportsFile
from supportops.config.service_levels import ServiceLevelsFile
from supportops.config.sites import SitesFile
from supportops.config.values import AsWritten, Model, shown
from supportops.config.yaml_source import (
    ConfigurationError,
    Fault,
    KeyPath,
    MissingFileError,
    Source,
    read,
    show_path,
)
from supportops.reports.audience import Plan
from supportops.sites.site import Fleet
from supportops.sla.business_hours import BusinessHours
from supportops.sla.policy import PolicyBook

FILES: Mapping[str, type[Model]] = {
    "sites": SitesFile,
    "alerts": AlertsFile,
    "service_levels": ServiceLevelsFile,
    "reports": ReportsFile,
}
# What older installations, and documents stored by them, have no such file of: nothing is set.
_OPTIONAL = frozenset({"reports"})

_EXPECTED = {
    "extra_forbidden": "no such key",
    "missing": "this key",
    "string_type": "a text",
    "list_type": "a list",
    "too_short": "at least one entry",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "datetime_from_date_parsing": "an instant with its offset, such as 2026-11-28T22:00+00:00",
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that operators edit, checked and frozen.

    `document` is the content as plain JSON values, `digest` the SHA-256 over its canonical
    bytes: the same content has the same digest, whatever its comments and order of keys.
    """

    fleet: Fleet
    alerts: AlertPolicy
    office: BusinessHours
    promises: PolicyBook | None  # None where no policy is written
    reports: Plan
    document: Mapping[str, Any]
    digest: str


def load(folder: Path) -> Configuration:
    """The configuration in `folder`. Raises ConfigurationError with all faults of all files."""
    sources: dict[str, Source] = {}
    checked: dict[str, Model] = {}
    faults: dict[str, tuple[Fault, ...]] = {}
    for name in FILES:
        try:
            sources[name] = read(folder / f"{name}.yaml")
        except ConfigurationError as error:
            if not (name in _OPTIONAL and isinstance(error, MissingFileError)):
                faults[name] = error.faults
    documents = {name: source.data for name, source in sources.items()}
    for name, source in sources.items():
        try:
            checked[name] = _validate(FILES[name], source, f"{name}.yaml", documents)
        except ConfigurationError as error:
            faults[name] = error.faults
    if faults:
        raise ConfigurationError(tuple(each for name in FILES for each in faults.get(name, ())))
    return _assemble(checked, documents)


def restore(document: Mapping[str, Any]) -> Configuration:
    """The configuration of a stored `document`, as it was when it was loaded."""
    written = [name for name in FILES if name in document or name not in _OPTIONAL]
    checked = {name: FILES[name].model_validate(document[name]) for name in written}
    return _assemble(checked, document)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one file, for editors. `name` is a key of FILES."""
    schema = FILES[name].model_json_schema(by_alias=True, schema_generator=AsWritten)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _assemble(checked: Mapping[str, Model], document: Mapping[str, Any]) -> Configuration:
    sites, alerts, levels = (checked[name] for name in ("sites", "alerts", "service_levels"))
    reports = checked.get("reports", ReportsFile())
    assert isinstance(sites, SitesFile)
    assert isinstance(alerts, AlertsFile)
    assert isinstance(levels, ServiceLevelsFile)
    assert isinstance(reports, ReportsFile)
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Configuration(
        fleet=sites.fleet(),
        alerts=alerts.policy(),
        office=BusinessHours.from_spec(levels.calendars["office"].spec()),
        promises=levels.book(),
        reports=reports.plan(),
        document=document,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def _validate(
    model: type[Model], source: Source, file: str, others: Mapping[str, Any] | None = None
) -> Model:
    wrongs = (*model.across(source.data), *model.among(source.data, others or {}))
    faults = [
        Fault(file, source.line(wrong.path), show_path(wrong.path), wrong.found, wrong.expected)
        for wrong in wrongs
    ]
    try:
        checked = model.model_validate(source.data)
    except ValidationError as error:
        faults += [_fault(file, source, detail) for detail in error.errors()]
    if faults:
        raise ConfigurationError(tuple(sorted(faults, key=lambda fault: fault.line or 0)))
    return checked


def _fault(file: str, source: Source, detail: ErrorDetails) -> Fault:
    # A key that is wrong itself is told with its mapping's path, itself and "[key]".
    path = tuple(p for p in detail["loc"] if p != "[key]")
    kind = detail["type"]
    if kind == "value_error":
        expected = detail["msg"].removeprefix("Value error, ")
    else:
        expected = _EXPECTED.get(kind, detail["msg"].removeprefix("Input should be "))
    found = "nothing" if kind == "missing" else _shown(path, detail.get("input"))
    return Fault(file, source.line(path), show_path(path), found, expected)


def _shown(path: KeyPath, value: Any) -> str:
    """The offending value. Where a secret's name belongs, the secret may have been written."""
    if path and path[-1] in ("secret", "heartbeat") and isinstance(value, str):
        return "what is no name (not shown: it may be the secret)"
    return shown(value)
