"""How a domain stands: what was last known of it, through checks that learned nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from supportops.sites.check import instant_from_json, instant_to_json
from supportops.sites.domains.domain import Special
from supportops.sites.domains.mail import MailRecord
from supportops.sites.domains.registration import Registration, RegistryStatus

# For so long an address that a name once had counts as one of its own: content networks answer
# with another of theirs each time.
REMEMBERED = timedelta(days=30)
_BITS = {4: 16, 6: 32}
WITHOUT_END = (RegistryStatus.NO_DATE, RegistryStatus.NO_RDAP)
"""Answers that say nothing about the end, which is then what it was."""


@dataclass(frozen=True, slots=True)
class KnownRecords:
    """The records of one name and type that are taken for right. `networks` of addresses that it
    had lately, with the instant of each."""

    values: tuple[str, ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)

    def after(self, values: Sequence[str], at: datetime) -> KnownRecords:
        """With `values` as the right ones, seen at `at`."""
        oldest = (at - REMEMBERED).isoformat()
        kept = {net: seen for net, seen in self.networks.items() if seen >= oldest}
        return KnownRecords(
            tuple(values), kept | {net: at.isoformat() for net in _networks(values)}
        )

    def changed(self, kind: str, values: Sequence[str]) -> bool:
        """Whether `values` are other ones. Of addresses one in a known network is enough."""
        if set(values) == set(self.values):
            return False
        if kind not in ("A", "AAAA") or not values or not self.values:
            return True
        return not any(net in self.networks for net in _networks(values))


@dataclass(frozen=True, slots=True)
class DomainStanding:
    """What was last known. `status` is that of the last check, `ends` the last end that a registry
    gave. `answered_at`: when its registry said anything last, at first the first check. `mail` by
    name as in `Found`."""

    checked_at: datetime
    status: RegistryStatus = RegistryStatus.UNKNOWN
    ends: datetime | None = None
    seen_at: datetime | None = None
    answered_at: datetime | None = None
    records: Mapping[str, KnownRecords] = field(default_factory=dict)
    mail: Mapping[str, MailRecord] = field(default_factory=dict)

    def ends_at(self, special: Special) -> datetime | None:
        """The end of the registration: the registry's, else the one that the file gives, else what
        the registry said before it stopped saying it."""
        if self.ends is None or (self.is_former and special.ends_at is not None):
            return special.ends_at
        return self.ends

    @property
    def is_former(self) -> bool:
        """Whether the registry answers without an end: `ends` is what it said before."""
        return self.status in WITHOUT_END

    def after(self, said: Registration, at: datetime) -> DomainStanding:
        """The standing after what the registry said at `at`, or did not answer."""
        if said.status is RegistryStatus.UNKNOWN:
            return replace(self, answered_at=self.answered_at or at)
        ends = self.ends if said.status in WITHOUT_END else said.ends
        return replace(self, status=said.status, ends=ends, answered_at=at)


def _networks(values: Sequence[str]) -> list[str]:
    """The networks of addresses, wide as a provider's; of other texts themselves."""
    found = []
    for value in values:
        try:
            address = ip_address(value)
        except ValueError:
            found.append(value)
            continue
        bits = _BITS[address.version]
        found.append(str(ip_network(f"{address}/{bits}", strict=False)))
    return found


def to_json(standing: DomainStanding) -> dict[str, Any]:
    """In JSON's types; `from_json` gives the same standing back."""
    return {
        "checked_at": instant_to_json(standing.checked_at),
        "status": standing.status.value,
        "ends": instant_to_json(standing.ends),
        "seen_at": instant_to_json(standing.seen_at),
        "answered_at": instant_to_json(standing.answered_at),
        "records": {
            key: {"values": list(known.values), "networks": dict(known.networks)}
            for key, known in standing.records.items()
        },
        "mail": {
            key: {"valid": each.valid, "fault": each.fault, "record": each.record}
            for key, each in standing.mail.items()
        },
    }


def from_json(found: Mapping[str, Any]) -> DomainStanding:
    """The standing that `to_json` wrote."""
    checked_at = instant_from_json(found["checked_at"])
    assert checked_at is not None
    answered_at = instant_from_json(found.get("answered_at"))  # not in those of the first days
    return DomainStanding(
        checked_at,
        RegistryStatus(found["status"]),
        instant_from_json(found["ends"]),
        instant_from_json(found["seen_at"]),
        answered_at or checked_at,
        {k: KnownRecords(tuple(v["values"]), v["networks"]) for k, v in found["records"].items()},
        {k: MailRecord(v["valid"], v["fault"], v["record"]) for k, v in found["mail"].items()},
    )
