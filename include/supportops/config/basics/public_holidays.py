"""The public holidays of a country or a part of it, as the library `holidays` knows them.

When one country is asked for, the library imports the modules of all of them, which takes every
task of Airflow longer than the rest of its configuration does. Here only the country's is loaded.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FIRST_YEAR, LAST_YEAR = 1990, 2050


def is_known(region: str) -> bool:
    """Whether there is such a country, and such a part of it: GB or GB/ENG."""
    country, _, part = region.partition("/")
    calendar = _calendar(country)
    return calendar is not None and (not part or part in calendar.subdivisions)


@cache
def public_holidays(region: str) -> Mapping[date, str]:
    """The holidays of a region such as GB/ENG by their dates, from FIRST_YEAR until before
    LAST_YEAR. The region must be known."""
    country, _, part = region.partition("/")
    calendar = _calendar(country)
    assert calendar is not None
    return dict(calendar(subdiv=part or None, years=range(FIRST_YEAR, LAST_YEAR)))


@cache
def _calendar(country: str) -> Any:
    """The library's class for a country's code of two or three letters; None where it has none."""
    from holidays import registry

    for module, (_, *codes) in registry.COUNTRIES.items():
        if country in codes and 2 <= len(country) <= 3:
            path = Path(registry.__file__).with_name("countries") / f"{module}.py"
            spec = importlib.util.spec_from_file_location(f"holidays.countries.{module}", path)
            assert spec is not None
            assert spec.loader is not None
            loaded = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(loaded)
            return getattr(loaded, country)
    return None
