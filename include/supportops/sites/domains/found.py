"""What one check of a domain found, as it is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from supportops.sites.check import instant_from_json, instant_to_json
from supportops.sites.domains.mail import MailRecord
from supportops.sites.domains.records import Answer
from supportops.sites.domains.registration import Registration, RegistryStatus


@dataclass(frozen=True, slots=True)
class Found:
    """One check. `records` by "name TYPE"; `mail` by "SPF", "DMARC" and "DKIM selector"."""

    domain: str
    checked_at: datetime
    registration: Registration
    records: Mapping[str, Answer] = field(default_factory=dict)
    mail: Mapping[str, MailRecord] = field(default_factory=dict)

    @property
    def seen(self) -> bool:
        """Whether any name server answered."""
        return any(answer.known for answer in self.records.values())


def to_json(found: Found) -> dict[str, Any]:
    """In JSON's types, without domain and instant, which are columns."""
    registration = found.registration
    return {
        "registration": {
            "status": registration.status.value,
            "ends": instant_to_json(registration.ends),
            "detail": registration.detail,
        },
        "records": {
            key: {"values": list(answer.values), "trouble": answer.trouble}
            for key, answer in found.records.items()
        },
        "mail": {
            key: {"valid": each.valid, "fault": each.fault, "record": each.record}
            for key, each in found.mail.items()
        },
    }


def from_json(domain: str, checked_at: datetime, data: Mapping[str, Any]) -> Found:
    """The inverse of `to_json`."""
    registration = data["registration"]
    return Found(
        domain,
        checked_at,
        Registration(
            RegistryStatus(registration["status"]),
            instant_from_json(registration["ends"]),
            registration["detail"],
        ),
        {k: Answer(tuple(v["values"]), v["trouble"]) for k, v in data["records"].items()},
        {k: MailRecord(v["valid"], v["fault"], v["record"]) for k, v in data["mail"].items()},
    )
