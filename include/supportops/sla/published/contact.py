"""How customers reach the agency, as its page of service levels says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutOfHours(StrEnum):
    """What the telephone does while the office is closed: nothing is said of it, it takes messages
    that are read at once, or somebody answers the number for emergencies."""

    UNSAID = "unsaid"
    ANSWERPHONE = "answerphone"
    EMERGENCY_NUMBER = "emergency_number"


@dataclass(frozen=True, slots=True)
class Contact:
    """Empty texts are left out of the page."""

    agency: str = ""
    phone: str = ""
    email: str = ""
    form: str = ""
    emergency: str = ""
    out_of_hours: OutOfHours = OutOfHours.UNSAID
