"""What the files of a configuration mean, and which of them there is no usable version of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from supportops.alerts.policy import AlertPolicy
from supportops.config.alerts import AlertsFile
from supportops.config.imports import ImportFile
from supportops.config.model import Model, did_you_mean
from supportops.config.of_customers.access import Access, AccessFile
from supportops.config.of_customers.customers import CustomersFile
from supportops.config.of_customers.mailbox import MailboxFile
from supportops.config.of_customers.one_name import under_one_name
from supportops.config.of_customers.tutorials import TutorialsFile
from supportops.config.of_store.retention import AS_SHIPPED, Retention, StoreFile
from supportops.config.reports import ReportsFile, with_customers
from supportops.config.rota import Rota, RotaFile
from supportops.config.service_levels import ServiceLevels, ServiceLevelsFile, Tiers
from supportops.config.sites import SitesFile
from supportops.config.triage import TriageFile
from supportops.config.values import WEEKDAYS
from supportops.config.yaml_source import ConfigurationError, Fault
from supportops.customers import Customers
from supportops.mailbox.account import Mailboxes
from supportops.notices.settings import NoticePlan
from supportops.reports.audience import Plan
from supportops.sites.announced.window import AnnouncedWindow, Scope, announced
from supportops.sites.domains.domain import DomainPolicy
from supportops.sites.push.monitor import Monitors
from supportops.sites.site import Fleet
from supportops.sla.business_hours import BusinessHours
from supportops.sla.policy import PolicyBook
from supportops.tickets.imports.mapping import ImportMapping
from supportops.tickets.triage import TriageRules
from supportops.tutorials.tutorial import Library

VERSION = 2
IMPORTS = "imports"
# What people announced while the installation runs is in force beside the files.
ANNOUNCED = "announced"
# What was read from the calendars of the teams of rota.yaml.
CALENDARS = "calendars"
# The digests of the pictures that customers.yaml names, by file.
LOGOS = "logos"
# Parts of sites.yaml that are not about the check of sites.
MONITORS, DOMAINS = "monitors", "domains"
# A document of an older version was written when each file had a zone of its own, this one unless
# it said otherwise; now they follow the office's.
_FORMER_ZONE = "Europe/London"
# The part of customers.yaml about notices.
_NOTICES = "notices"
# While nobody knows the office's zone.
_NO_ZONE = "UTC"
_ALWAYS_OPEN = {
    "tz": _NO_ZONE,
    "hours": {day: [["00:00", "24:00"]] for day in WEEKDAYS},
}

Part = TypeVar("Part")


class File(StrEnum):
    """The files of a configuration folder, `NAME.yaml` each, beside the folder `imports`."""

    SITES = "sites"
    ALERTS = "alerts"
    SERVICE_LEVELS = "service_levels"
    REPORTS = "reports"
    TRIAGE = "triage"
    ROTA = "rota"
    CUSTOMERS = "customers"
    MAILBOX = "mailbox"
    TUTORIALS = "tutorials"
    STORE = "store"
    ACCESS = "access"


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
# Of these a document says nothing where they are missing, as it did before there were any.
UNSTORED = frozenset(
    {
        *(File.ROTA.value, File.CUSTOMERS.value, File.MAILBOX.value, File.TUTORIALS.value),
        *(File.STORE.value, File.ACCESS.value),
    }
)


def file_name(name: str) -> str:
    """What the file `name` is called in a fault: a mapping without its folder."""
    return f"{name.removeprefix(f'{IMPORTS}/')}.yaml"


def model_of(name: str) -> type[Model]:
    """The model of `sites`, ..., or of `imports/NAME`."""
    return MODELS.get(name, ImportFile)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that operators edit, checked and frozen.

    `document` is the content as plain JSON values, `digest` the SHA-256 over its canonical bytes:
    the same content has the same digest, whatever its comments and order of keys. `parts` holds
    what each usable file means; to ask for the part of another file raises ConfigurationError,
    with the `faults` of that file as far as they are known. `pictures`: the content of logos by
    digest, where the configuration was read from its folder.
    """

    document: Mapping[str, Any]
    digest: str
    parts: Mapping[str, Any]
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def fleet(self) -> Fleet:
        return self._part(File.SITES, Fleet)

    @property
    def monitors(self) -> Monitors:
        """The push monitors of sites.yaml; none where no version of it can be used."""
        found = self.parts.get(MONITORS)
        return found if isinstance(found, Monitors) else Monitors()

    @property
    def domains(self) -> DomainPolicy | None:
        """How domains are checked; None where they are not, or sites.yaml cannot be used."""
        found = self.parts.get(DOMAINS)
        return found if isinstance(found, DomainPolicy) else None

    @property
    def alerts(self) -> AlertPolicy:
        return self._part(File.ALERTS, AlertPolicy)

    @property
    def service_levels(self) -> ServiceLevels:
        return self._part(File.SERVICE_LEVELS, ServiceLevels)

    @property
    def office(self) -> BusinessHours:
        return self.service_levels.office

    @property
    def promises(self) -> PolicyBook | None:
        """None where no policy is written."""
        return self.service_levels.promises

    @property
    def tiers(self) -> Tiers:
        return self.service_levels.tiers

    @property
    def reports(self) -> Plan:
        return self._part(File.REPORTS, Plan)

    @property
    def triage(self) -> TriageRules:
        return self._part(File.TRIAGE, TriageRules)

    @property
    def rota(self) -> Rota:
        return self._part(File.ROTA, Rota)

    @property
    def notices(self) -> NoticePlan:
        """Who approves notices to customers; nobody gets any where customers.yaml does not say so,
        or has no usable version."""
        plan = self.parts.get(_NOTICES, NoticePlan())
        assert isinstance(plan, NoticePlan)
        return plan

    @property
    def customers(self) -> Customers:
        """Those of customers.yaml; none where there is no usable version of it, so that what only
        compares names goes on. What is for customers requires the file."""
        found = self.parts.get(File.CUSTOMERS)
        return found if isinstance(found, Customers) else Customers()

    @property
    def mailboxes(self) -> Mailboxes:
        """Those of mailbox.yaml; none where there is no usable version of it."""
        found = self.parts.get(File.MAILBOX)
        return found if isinstance(found, Mailboxes) else Mailboxes()

    @property
    def tutorials(self) -> Library:
        """Those of tutorials.yaml; none where there is no usable version of it."""
        found = self.parts.get(File.TUTORIALS)
        return found if isinstance(found, Library) else Library()

    @property
    def retention(self) -> Retention:
        """How long what piles up is kept, as shipped where store.yaml says nothing. Raises
        ConfigurationError where it has no usable version: nothing is removed by a guess."""
        self._unless_faulty(File.STORE)
        shipped = replace(AS_SHIPPED, recordings=self.mailboxes.keep_recordings)
        found = self.parts.get(File.STORE, shipped)
        assert isinstance(found, Retention)
        return found

    @property
    def access(self) -> Access:
        """Which logins are bound to which customers. Raises ConfigurationError where access.yaml
        has no usable version: nobody is shown anything by a guess."""
        self._unless_faulty(File.ACCESS)
        found = self.parts.get(File.ACCESS, Access())
        assert isinstance(found, Access)
        return found

    def _unless_faulty(self, file: str) -> None:
        if file in self.faults and file not in self.parts:
            raise ConfigurationError(self.faults[file])

    def mapping(self, name: str) -> ImportMapping:
        """The meaning of `imports/NAME.yaml`."""
        return self._part(f"{IMPORTS}/{name}", ImportMapping)

    def mapping_names(self) -> list[str]:
        """The mappings that can be used."""
        prefix = f"{IMPORTS}/"
        return sorted(name.removeprefix(prefix) for name in self.parts if name.startswith(prefix))

    def has(self, *files: str) -> bool:
        return all(name in self.parts for name in files)

    def require(self, *files: str) -> None:
        """Raises ConfigurationError with the faults of those of `files` that cannot be used."""
        faults = [fault for name in files if name not in self.parts for fault in self._why(name)]
        if faults:
            raise ConfigurationError(tuple(faults))

    def _part(self, name: str, kind: type[Part]) -> Part:
        self.require(name)
        part = self.parts[name]
        assert isinstance(part, kind)
        return part

    def _why(self, name: str) -> tuple[Fault, ...]:
        if name in self.faults:
            return self.faults[name]
        if name.startswith(f"{IMPORTS}/"):
            names = self.mapping_names()
            mapping = name.removeprefix(f"{IMPORTS}/")
            expected = f"one of {', '.join(names)}" if names else "a file in the folder imports"
            hint = did_you_mean(mapping, names)
            return (Fault(file_name(name), None, "", "no such mapping", expected, hint),)
        if name in self.document or name in UNSTORED:
            return (Fault(file_name(name), None, "", "no such file", "a file in the folder"),)
        found = "no version of it that can be used"
        hint = "see `supportops config check`"
        return (Fault(file_name(name), None, "", found, "a file without faults", hint),)

    def displayed(self) -> Configuration:
        """For the board, which shows what there is: parts of no usable file are empty ones."""
        empty: dict[str, Any] = {
            File.SITES: Fleet(()),
            File.ALERTS: AlertPolicy((), timezone=self.zone),
            File.SERVICE_LEVELS: ServiceLevels(_always_open(), None, Tiers({}, "", "")),
            File.REPORTS: Plan(zone=self.zone),
        }
        return replace(self, parts={**empty, **self.parts})

    @property
    def zone(self) -> str:
        """The office's; UTC where service_levels.yaml cannot be used."""
        return self.office.zone.key if self.has(File.SERVICE_LEVELS) else _NO_ZONE


@cache
def _always_open() -> BusinessHours:
    return BusinessHours.from_spec(_ALWAYS_OPEN)


def assemble(
    checked: Mapping[str, Model],
    document: Mapping[str, Any],
    faults: Mapping[str, tuple[Fault, ...]] | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> Configuration:
    """The configuration of files that were `checked`, by their names; `document` is their data."""
    levels = checked.get(File.SERVICE_LEVELS)
    zone = levels.zone if isinstance(levels, ServiceLevelsFile) else _NO_ZONE
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
        parts[_NOTICES] = named.notice_plan()
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
