"""What the files of a configuration mean, and which of them there is no usable version of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from supportops.alerts.policy import AlertPolicy
from supportops.config.model import did_you_mean
from supportops.config.of_customers.access import Access
from supportops.config.of_store.retention import AS_SHIPPED, Retention
from supportops.config.of_tickets.service_levels import ServiceLevels, Tiers
from supportops.config.rota import Rota
from supportops.config.values import WEEKDAYS
from supportops.config.yaml_source import ConfigurationError, Fault
from supportops.customers import Customers
from supportops.mailbox.account import Mailboxes
from supportops.notices.settings import NoticePlan
from supportops.reports.audience import Plan
from supportops.sites.domains.domain import DomainPolicy
from supportops.sites.push.monitor import Monitors
from supportops.sites.site import Fleet
from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.policy import PolicyBook
from supportops.tickets.imports.mapping import ImportMapping
from supportops.tickets.triage import TriageRules
from supportops.tutorials.tutorial import Library

IMPORTS = "imports"
# Parts of sites.yaml that are not about the check of sites.
MONITORS, DOMAINS = "monitors", "domains"
# The part of customers.yaml about notices.
NOTICES = "notices"
# While nobody knows the office's zone.
NO_ZONE = "UTC"
_ALWAYS_OPEN = {"tz": NO_ZONE, "hours": {day: [["00:00", "24:00"]] for day in WEEKDAYS}}
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
        plan = self.parts.get(NOTICES, NoticePlan())
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
        """Whether each of `files` has a version that can be used."""
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
        return self.office.zone.key if self.has(File.SERVICE_LEVELS) else NO_ZONE


@cache
def _always_open() -> BusinessHours:
    return BusinessHours.from_spec(_ALWAYS_OPEN)
