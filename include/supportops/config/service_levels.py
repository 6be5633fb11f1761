"""`service_levels.yaml`: the agency's promises, and the calendars in which it keeps them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any

import holidays
from pydantic import AfterValidator, Field, ValidationError, model_validator

from supportops.config.promises import PolicyEntry, wrong_default, wrong_policies
from supportops.config.values import Identifier, Model, Wrong, Zone
from supportops.config.yaml_source import KeyPath
from supportops.sla.business_hours import BusinessHours
from supportops.sla.calendar_spec import read_spec
from supportops.sla.policy import Calendar, PolicyBook

FIRST_YEAR, LAST_YEAR = 1990, 2050


def _region(found: str) -> str:
    country, _, part = found.partition("/")
    known: dict[str, list[str]] = holidays.list_supported_countries()
    if country not in known or (part and part not in known[country]):
        raise ValueError("a country and part that `holidays` knows, such as GB/ENG")
    return found


@cache
def _public_holidays(region: str) -> Mapping[date, str]:
    country, _, part = region.partition("/")
    years = range(FIRST_YEAR, LAST_YEAR)
    return dict(holidays.country_holidays(country, subdiv=part or None, years=years))


Region = Annotated[str, AfterValidator(_region)]


class CalendarEntry(Model):
    """Opening hours by weekday; public holidays of `region`; more closed dates; other hours."""

    timezone: Zone
    hours: dict[str, list[tuple[str, str]]]
    region: Region | None = None
    holidays: list[date] = []
    overrides: dict[date, list[tuple[str, str]]] = {}

    def spec(self) -> dict[str, Any]:
        """The form that `BusinessHours.from_spec` reads."""
        closed = {day.isoformat() for day in self.holidays}
        if self.region:
            closed |= {day.isoformat() for day in _public_holidays(self.region)}
        return {
            "tz": self.timezone,
            "hours": {day: [list(span) for span in spans] for day, spans in self.hours.items()},
            "holidays": sorted(closed),
            "overrides": {
                day.isoformat(): [list(span) for span in spans]
                for day, spans in self.overrides.items()
            },
        }

    def calendar(self, name: str) -> Calendar:
        """For the clocks. "A working day" is as long as most weekdays with hours are."""
        lengths = Counter(
            sum(closes - opens for opens, closes in day)
            for day in read_spec(self.spec()).week
            if day
        )
        closed = dict(_public_holidays(self.region)) if self.region else {}
        closed |= {day: "closed" for day in self.holidays if day not in closed}
        working_day = max(lengths, key=lambda length: (lengths[length], length), default=86_400)
        return Calendar(name, BusinessHours.from_spec(self.spec()), working_day, closed)


class ServiceLevelsFile(Model):
    """The whole of `service_levels.yaml`."""

    calendars: Annotated[dict[Identifier, CalendarEntry], Field(min_length=1)]
    default_tier: Identifier = "user_support"
    policies: list[PolicyEntry] = []

    def book(self) -> PolicyBook | None:
        """The promises; None in a file that makes none."""
        if not self.policies:
            return None
        zone = self.calendars["office"].timezone
        return PolicyBook(
            tuple(entry.version(zone) for entry in self.policies),
            {name: entry.calendar(name) for name, entry in self.calendars.items()},
            self.default_tier,
        )

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Calendars and policies whose parts do not fit together, or not each other."""
        yield from wrong_policies(data)
        yield from wrong_default(data)
        found = data.get("calendars") if isinstance(data, dict) else None
        for name, written in (found if isinstance(found, dict) else {}).items():
            try:
                BusinessHours.from_spec(CalendarEntry.model_validate(written).spec())
            except ValidationError:
                continue  # told at the key that it concerns
            except ValueError as error:
                yield from _problems(("calendars", name), str(error))

    @model_validator(mode="after")
    def has_office_hours(self) -> ServiceLevelsFile:
        if "office" not in self.calendars:
            raise ValueError("a calendar named office")
        return self


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
