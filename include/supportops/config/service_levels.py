"""`service_levels.yaml`: the calendars in which the agency keeps its promises."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import holidays
from pydantic import AfterValidator, Field, model_validator

from supportops.config.values import WEEKDAYS, Identifier, Model, Zone
from supportops.sla.business_hours import BusinessHours

FIRST_YEAR, LAST_YEAR = 1990, 2050


def _region(found: str) -> str:
    country, _, part = found.partition("/")
    known: dict[str, list[str]] = holidays.list_supported_countries()
    if country not in known or (part and part not in known[country]):
        raise ValueError("a country and part that `holidays` knows, such as GB/ENG")
    return found


Region = Annotated[str, AfterValidator(_region)]


class CalendarEntry(Model):
    """Opening hours by weekday; public holidays of `region`; more closed dates; other hours."""

    timezone: Zone
    hours: dict[str, list[tuple[str, str]]]
    region: Region | None = None
    holidays: list[date] = []
    overrides: dict[date, list[tuple[str, str]]] = {}

    @model_validator(mode="after")
    def is_a_calendar(self) -> CalendarEntry:
        unknown = set(self.hours) - set(WEEKDAYS)
        if unknown:
            raise ValueError(f"weekdays out of {', '.join(WEEKDAYS)}; found {sorted(unknown)}")
        BusinessHours.from_spec(self.spec())
        return self

    def spec(self) -> dict[str, Any]:
        """The form that `BusinessHours.from_spec` reads."""
        closed = {day.isoformat() for day in self.holidays}
        if self.region:
            country, _, part = self.region.partition("/")
            years = range(FIRST_YEAR, LAST_YEAR)
            known = holidays.country_holidays(country, subdiv=part or None, years=years)
            closed |= {day.isoformat() for day in known}
        return {
            "tz": self.timezone,
            "hours": {day: [list(span) for span in spans] for day, spans in self.hours.items()},
            "holidays": sorted(closed),
            "overrides": {
                day.isoformat(): [list(span) for span in spans]
                for day, spans in self.overrides.items()
            },
        }


class ServiceLevelsFile(Model):
    """The whole of `service_levels.yaml`."""

    calendars: Annotated[dict[Identifier, CalendarEntry], Field(min_length=1)]

    @model_validator(mode="after")
    def has_office_hours(self) -> ServiceLevelsFile:
        if "office" not in self.calendars:
            raise ValueError("a calendar named office")
        return self
