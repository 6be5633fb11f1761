"""Makes a configuration: from files that were checked, or from a document that was stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from supportops.config.alerts import AlertsFile
from supportops.config.configuration import (
    DOMAINS,
    IMPORTS,
    MONITORS,
    NO_ZONE,
    NOTICES,
    Configuration,
    File,
)
from supportops.config.model import Model
from supportops.config.of_customers.access import AccessFile
from supportops.config.of_customers.customers import CustomersFile
from supportops.config.of_customers.mailbox import MailboxFile
from supportops.config.of_customers.one_name import under_one_name
from supportops.config.of_customers.tutorials import TutorialsFile
from supportops.config.of_sites.sites import SitesFile
from supportops.config.of_store.retention import StoreFile
from supportops.config.of_tickets.imports import ImportFile
from supportops.config.of_tickets.service_levels import ServiceLevelsFile
from supportops.config.of_tickets.triage import TriageFile
from supportops.config.reports import ReportsFile, with_customers
from supportops.config.rota import Rota, RotaFile
from supportops.config.yaml_source import Fault
from supportops.customers import Customers
from supportops.reports.audience import Plan
from supportops.sites.announced.window import AnnouncedWindow, Scope, announced

VERSION = 2
# What people announced while the installation runs is in force beside the files.
ANNOUNCED = "announced"
# What was read from the calendars of the teams of rota.yaml.
CALENDARS = "calendars"
# The digests of the pictures that customers.yaml names, by file.
LOGOS = "logos"
# A document of an older version was written when each file had a zone of its own, this one unless
# it said otherwise; now they follow the office's.
_FORMER_ZONE = "Europe/London"
MODELS: Mapping[str, type[Model]] = {
    File.SITES.value: SitesFile,
    File.ALERTS.value: AlertsFile,
    File.SERVICE_LEVELS.value: ServiceLevelsFile,
    File.REPORTS.value: ReportsFile,
    File.TRIAGE.value: TriageFile,
    File.ROTA.value: RotaFile,
    File.CUSTOMERS.value: CustomersFile,
    File.MAILBOX.value: MailboxFile,
    File.TUTORIALS.value: TutorialsFile,
    File.STORE.value: StoreFile,
    File.ACCESS.value: AccessFile,
}
# What an installation may be without: then nothing of it is set.
OPTIONAL = frozenset(
    {
        *(File.REPORTS.value, File.TRIAGE.value, File.ROTA.value, File.CUSTOMERS.value),
        *(File.MAILBOX.value, File.TUTORIALS.value, File.STORE.value, File.ACCESS.value),
    }
)


def model_of(name: str) -> type[Model]:
    """The model of `sites`, ..., or of `imports/NAME`."""
    return MODELS.get(name, ImportFile)


def assemble(
    checked: Mapping[str, Model],
    document: Mapping[str, Any],
    faults: Mapping[str, tuple[Fault, ...]] | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> Configuration:
    """The configuration of files that were `checked`, by their names; `document` is their data."""
    levels = checked.get(File.SERVICE_LEVELS)
    zone = levels.zone if isinstance(levels, ServiceLevelsFile) else NO_ZONE
    duty = checked.get(File.ROTA)
    read = document.get(CALENDARS)
    rota = duty.rota(zone, read) if isinstance(duty, RotaFile) else None
    parts = {
        name: _meaning(name, model, zone, rota)
        for name, model in checked.items()
        if name not in (File.CUSTOMERS, File.STORE)
    }
    stored, boxes = checked.get(File.STORE), checked.get(File.MAILBOX)
    if isinstance(stored, StoreFile):
        former = boxes.keep_recordings if isinstance(boxes, MailboxFile) else None
        parts[File.STORE] = stored.means(former)
    named = checked.get(File.CUSTOMERS)
    customers = Customers()
    if isinstance(named, CustomersFile):
        customers = named.customers_named(document.get(LOGOS) or {})
        parts[NOTICES] = named.notice_plan()
    if File.CUSTOMERS not in (faults or {}) or isinstance(named, CustomersFile):
        parts[File.CUSTOMERS] = customers
    sites = checked.get(File.SITES)
    if isinstance(sites, SitesFile):
        parts[MONITORS] = sites.push_monitors(zone)
        parts[DOMAINS] = sites.domain_policy()
    if File.REPORTS not in parts and document.get(File.REPORTS, 0) is None:
        parts[File.REPORTS] = Plan(zone=zone)
    if isinstance(plan := parts.get(File.REPORTS), Plan):
        parts[File.REPORTS] = with_customers(plan, parts.get(File.CUSTOMERS) or Customers())
    return Configuration(
        document=document,
        digest=_digest(document),
        parts={name: under_one_name(part, customers) for name, part in parts.items()},
        faults=faults or {},
        pictures=pictures or {},
    )


def _meaning(name: str, model: Model, zone: str, rota: Rota | None) -> Any:
    match model:
        case SitesFile():
            return model.fleet(zone)
        case AlertsFile():
            return model.policy(zone, rota)
        case RotaFile():
            return rota
        case TutorialsFile():
            return model.library()
        case ServiceLevelsFile():
            return model.service_levels()
        case ReportsFile():
            return model.plan(zone)
        case TriageFile():
            return model.triage()
        case MailboxFile() | AccessFile():
            return model.means()
        case ImportFile():
            return model.mapping(name.removeprefix(f"{IMPORTS}/"), zone)
    raise AssertionError(name)


def restore(document: Mapping[str, Any]) -> Configuration:
    """The configuration of a stored `document`, as it was when it was loaded."""
    checked = {name: model_of(name).model_validate(data) for name, data in data_of(document)}
    restored = assemble(checked, _up_to_date(document))
    windows = [AnnouncedWindow.from_json(each) for each in document.get(ANNOUNCED, ())]
    restored = with_announced(restored, windows)
    return replace(restored, document=document, digest=_digest(document))


def with_announced(
    configuration: Configuration, windows: Sequence[AnnouncedWindow]
) -> Configuration:
    """`configuration` with maintenance that people announced; another digest, if there is any."""
    if not windows or not configuration.has(File.SITES):
        return configuration
    customers = configuration.customers
    named = [
        replace(each, name=customers.named(each.name)) if each.scope is Scope.CUSTOMER else each
        for each in windows
    ]
    document = {**configuration.document, ANNOUNCED: [window.to_json() for window in windows]}
    return replace(
        configuration,
        document=document,
        digest=_digest(document),
        parts={**configuration.parts, File.SITES: announced(configuration.fleet, named)},
    )


def data_of(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The name and the data of each file that a stored `document` holds, in today's form."""
    for name, data in _up_to_date(document).items():
        if name == IMPORTS:
            yield from ((f"{IMPORTS}/{each}", written) for each, written in data.items())
        elif name in MODELS and data is not None:
            yield name, data


def _digest(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _up_to_date(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document in today's form; one of an older version keeps the zones that it meant."""
    if document.get("version") == VERSION:
        return document
    sites = document[File.SITES]
    fixed: dict[str, Any] = {
        File.SITES: {
            **sites,
            "defaults": _with_zones(sites.get("defaults") or {}),
            "sites": [_with_zones(site) for site in sites["sites"]],
        },
        File.ALERTS: {"timezone": _FORMER_ZONE, **document[File.ALERTS]},
        File.REPORTS: None,
    }
    if File.REPORTS in document:
        fixed[File.REPORTS] = {"timezone": _FORMER_ZONE, **document[File.REPORTS]}
    return {**document, **fixed, "version": VERSION}


def _with_zones(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A site, or what holds for all, with a zone in each of its weekly windows."""
    maintenance = entry.get("maintenance") or {}
    if not maintenance.get("weekly"):
        return entry
    weekly = [{"zone": _FORMER_ZONE, **window} for window in maintenance["weekly"]]
    return {**entry, "maintenance": {**maintenance, "weekly": weekly}}
