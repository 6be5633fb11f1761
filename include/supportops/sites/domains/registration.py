"""What a registry says of a domain: whether it is registered, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RegistryStatus(StrEnum):
    """What a registry says. NO_RDAP: it has no such service. UNKNOWN: it did not answer, or not
    in a way that can be read. NO_DATE: it answers and does not say when."""

    KNOWN = "known"
    NO_DATE = "no_date"
    NO_RDAP = "no_rdap"
    NOT_REGISTERED = "not_registered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Registration:
    """One answer. `ends` is aware UTC, known where `status` is KNOWN; `detail` in a few words."""

    status: RegistryStatus
    ends: datetime | None = None
    detail: str = ""
