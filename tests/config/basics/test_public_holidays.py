"""One country's module, loaded alone, says what the library says."""

from __future__ import annotations

import subprocess
import sys

import holidays
import pytest

from supportops.config.basics.public_holidays import (
    FIRST_YEAR,
    LAST_YEAR,
    is_known,
    public_holidays,
)


@pytest.mark.parametrize("region", ["GB/ENG", "DE/BY", "FR", "IE", "USA/CA", "AX", "CH/ZH"])
def test_the_holidays_are_the_librarys_in_their_order(region: str) -> None:
    country, _, part = region.partition("/")
    years = range(FIRST_YEAR, LAST_YEAR)
    expected = holidays.country_holidays(country, subdiv=part or None, years=years)
    assert list(public_holidays(region).items()) == list(dict(expected).items())


def test_every_region_of_the_library_is_known_and_no_other() -> None:
    known = holidays.list_supported_countries()
    for country, parts in known.items():
        assert is_known(country)
        assert all(is_known(f"{country}/{part}") for part in parts)
        assert not is_known(f"{country}/nowhere")
    assert not any(is_known(name) for name in ("", "G", "XX", "gb", "UnitedKingdom", "HolidaysAX"))


def test_other_countries_are_not_imported() -> None:
    program = (
        "import sys; from supportops.config.basics.public_holidays import is_known;"
        "assert is_known('GB/ENG');"
        "print([name for name in sys.modules if name.startswith('holidays.countries')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
