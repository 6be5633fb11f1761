"""`service_levels.yaml`: the agency's tiers and promises, and the calendars that they count in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator

from supportops.alerts.alert import Severity
from supportops.config.basics.public_holidays import is_known, public_holidays
from supportops.config.model import Model, Wrong, entries, mapping, unknown
from supportops.config.of_tickets.promises import PolicyEntry, wrong_default, wrong_policies
from supportops.config.values import Identifier, Name, Url, Zone
from supportops.config.yaml_source import KeyPath, read
from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.calendar.calendar_spec import read_spec
from supportops.sla.policy import Calendar, PolicyBook
from supportops.sla.published.contact import Contact, OutOfHours

_TIER_KEYS = ("default_tier", "outage_tier", "call_tier")


def _region(found: str) -> str:
    if not is_known(found):
        raise ValueError("a country and part that `holidays` knows, such as GB/ENG")
    return found


Region = Annotated[str, AfterValidator(_region)]


@dataclass(frozen=True, slots=True)
class Tier:
    """How a tier is called in reports and how loud its alerts are.

    `title`: None where it has none but its identifier. `wakes`: its alerts must reach somebody
    also outside the office's hours; the routes of alerts.yaml see to it.
    """

    title: str | None = None
    severity: Severity = Severity.WARNING
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Tiers:
    """All tiers by their identifiers, and which of them a ticket gets that nobody chose one for:
    `outages` for an outage that the checks found, `calls` for a call to the emergency number."""

    named: Mapping[str, Tier]
    outages: str
    calls: str

    def severity(self, tier: str) -> Severity:
        """Of the alerts on a ticket's clocks."""
        return self.named.get(tier, Tier()).severity

    def ranks(self) -> dict[str, int]:
        """How severe tiers are, 0 the most: the places of their severities."""
        order = list(Severity)
        return {name: order.index(tier.severity) for name, tier in self.named.items()}

    def titles(self) -> dict[str, str]:
        """What tiers are called, of those that have a title."""
        return {name: tier.title for name, tier in self.named.items() if tier.title}


_NO_CONTACT = Contact()


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """What service_levels.yaml means. `promises` is None where no policy is written."""

    office: BusinessHours
    promises: PolicyBook | None
    tiers: Tiers
    contact: Contact = _NO_CONTACT


class ContactEntry(Model):
    """How customers reach the agency, as the page of service levels says. `emergency`: a number
    that is answered while the office is closed."""

    agency: Name | None = None
    phone: Name | None = None
    email: Name | None = None
    form: Url | None = None
    emergency: Name | None = None
    answerphone: bool = False

    @model_validator(mode="after")
    def _one_way_at_night(self) -> ContactEntry:
        if self.emergency and self.answerphone:
            raise ValueError("either an `emergency` number or an `answerphone`")
        return self

    def contact(self) -> Contact:
        out_of_hours = OutOfHours.UNSAID
        if self.emergency or self.answerphone:
            out_of_hours = OutOfHours.EMERGENCY_NUMBER if self.emergency else OutOfHours.ANSWERPHONE
        return Contact(
            agency=self.agency or "",
            phone=self.phone or "",
            email=self.email or "",
            form=self.form or "",
            emergency=self.emergency or "",
            out_of_hours=out_of_hours,
        )


class TierEntry(Model):
    """`severity`: critical where the tier `wakes` people, else warning, unless it is written."""

    title: Name | None = None
    severity: Severity | None = None
    wakes: bool = False

    def tier(self) -> Tier:
        usual = Severity.CRITICAL if self.wakes else Severity.WARNING
        return Tier(self.title, self.severity or usual, self.wakes)


class _Former(Model):
    """The file that says what service_levels.yaml means where it is silent."""

    default_tier: Identifier
    outage_tier: Identifier
    call_tier: Identifier
    tiers: dict[Identifier, TierEntry]


@cache
def former() -> _Former:
    return _Former.model_validate(read(Path(__file__).with_name("former_tiers.yaml")).data)


class CalendarEntry(Model):
    """Opening hours by weekday; public holidays of `region`; more closed dates; other hours.

    Without a `timezone` the office's clock counts; the office itself must name one.
    """

    timezone: Zone | None = None
    hours: dict[str, list[tuple[str, str]]]
    region: Region | None = None
    holidays: list[date] = []
    overrides: dict[date, list[tuple[str, str]]] = {}

    def spec(self, zone: str) -> dict[str, Any]:
        """The form that `BusinessHours.from_spec` reads; `zone` counts where the entry has none."""
        closed = {day.isoformat() for day in self.holidays}
        if self.region:
            closed |= {day.isoformat() for day in public_holidays(self.region)}
        return {
            "tz": self.timezone or zone,
            "hours": {day: [list(span) for span in spans] for day, spans in self.hours.items()},
            "holidays": sorted(closed),
            "overrides": {
                day.isoformat(): [list(span) for span in spans]
                for day, spans in self.overrides.items()
            },
        }

    def calendar(self, name: str, zone: str) -> Calendar:
        """For the clocks. "A working day" is as long as most weekdays with hours are."""
        lengths = Counter(
            sum(closes - opens for opens, closes in day)
            for day in read_spec(self.spec(zone)).week
            if day
        )
        closed = dict(public_holidays(self.region)) if self.region else {}
        closed |= {day: "closed" for day in self.holidays if day not in closed}
        working_day = max(lengths, key=lambda length: (lengths[length], length), default=86_400)
        return Calendar(name, BusinessHours.from_spec(self.spec(zone)), working_day, closed)


class ServiceLevelsFile(Model):
    """The whole of `service_levels.yaml`."""

    tiers: Annotated[dict[Identifier, TierEntry], Field(min_length=1)] | None = None
    default_tier: Identifier | None = None
    outage_tier: Identifier | None = None
    call_tier: Identifier | None = None
    calendars: Annotated[dict[Identifier, CalendarEntry], Field(min_length=1)]
    policies: list[PolicyEntry] = []
    contact: ContactEntry = ContactEntry()

    @property
    def zone(self) -> str:
        """The office's: the one that everything follows which names no other."""
        zone = self.calendars["office"].timezone
        assert zone is not None
        return zone

    def service_levels(self) -> ServiceLevels:
        calendars = self._calendars()
        tiers = former().tiers if self.tiers is None else self.tiers
        return ServiceLevels(
            calendars["office"].hours,
            self._book(calendars),
            Tiers(
                {name: entry.tier() for name, entry in tiers.items()},
                self.outage_tier or former().outage_tier,
                self.call_tier or former().call_tier,
            ),
            self.contact.contact(),
        )

    def book(self) -> PolicyBook | None:
        """The promises; None in a file that makes none."""
        return self._book(self._calendars())

    def _calendars(self) -> dict[str, Calendar]:
        """Each costs some milliseconds, most of them for the changes of its zone's clocks."""
        return {name: entry.calendar(name, self.zone) for name, entry in self.calendars.items()}

    def _book(self, calendars: Mapping[str, Calendar]) -> PolicyBook | None:
        if not self.policies:
            return None
        return PolicyBook(
            tuple(entry.version(self.zone) for entry in self.policies),
            calendars,
            self.default_tier or former().default_tier,
        )

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Calendars, policies and tiers whose parts do not fit together, or not each other."""
        yield from wrong_policies(data)
        yield from wrong_default(data, former().default_tier)
        yield from _wrong_tiers(data)
        zone = office_zone(data)
        for name, written in mapping(data, "calendars").items():
            try:
                entry = CalendarEntry.model_validate(written)
                BusinessHours.from_spec(entry.spec(zone or "UTC"))
            except ValidationError:
                continue  # reported at the key that it concerns
            except ValueError as error:
                yield from _problems(("calendars", name), str(error))
            if name == "office" and entry.timezone is None:
                yield Wrong(("calendars", name, "timezone"), "nothing", "this key")

    @model_validator(mode="after")
    def has_office_hours(self) -> ServiceLevelsFile:
        if "office" not in self.calendars:
            raise ValueError("a calendar named office")
        return self


def tiers_in(data: Any) -> dict[str, KeyPath]:
    """The tiers that the raw `data` of a file has, each with where it first stands.

    They are those under `tiers`; in a file without it, those that are promised something.
    """
    written = mapping(data, "tiers")
    if written:
        return {str(name): ("tiers", name) for name in written}
    found: dict[str, KeyPath] = {}
    for path, name in _promised(data):
        found.setdefault(name, path)
    return found


def _promised(data: Any) -> Iterator[tuple[KeyPath, str]]:
    """The tiers in the promises of all policies, each time that one stands."""
    for path, policy in entries(data, "policies"):
        for place, promise in entries(policy, "promises"):
            if isinstance(promise.get("tier"), str):
                yield (*path, *place, "tier"), promise["tier"]


def _wrong_tiers(data: Any) -> Iterator[Wrong]:
    """Names that are not among `tiers`, where the file has them: a slip would lose its severity."""
    known = list(mapping(data, "tiers"))
    if not known:
        return
    named = [((key,), data[key]) for key in _TIER_KEYS if isinstance(data.get(key), str)]
    for path, name in [*named, *_promised(data)]:
        if name not in known:
            yield unknown(path, name, known, "a tier of `tiers`:")
    for key in _TIER_KEYS:
        usual = getattr(former(), key)
        if key not in data and usual not in known:
            yield Wrong((key,), "nothing", f"this key: `tiers` has no {usual}")


def office_zone(data: Any) -> str | None:
    """The zone that the raw `data` of a file gives its office; None where it gives none."""
    for key in ("calendars", "office", "timezone"):
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, str) else None


def _problems(path: KeyPath, text: str) -> Iterator[Wrong]:
    """The lines of a calendar's error, "hours.mon[0]: found X, expected Y", as faults."""
    for line in text.splitlines():
        match = re.fullmatch(r"\s+([^:]+): found (.*), expected (.*)", line)
        if match:
            where = (int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", match[1]))
            yield Wrong((*path, *where), match[2], match[3])
