"""The certificates that a server presents, when one is warned about, and what succeeds it. Pure.

What is in a certificate was written by others: texts are one printable line each, and bounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from supportops.sites.site import Site

# A site that has shown two certificates in turn must show the better one for so long.
_CALM = timedelta(hours=1)
_CALM_CHECKS = 8
_LONGEST_CALM = timedelta(days=1)
MOST_CERTIFICATES = 10
MOST_NAMES = 40
LONGEST_TEXT = 300


def step_reached(left: timedelta, days: Sequence[int]) -> int | None:
    """The last of the steps (`days` before the end) that is passed; None: none is."""
    return min((step for step in days if left < timedelta(days=step)), default=None)


def is_successor(better_since: datetime, at: datetime, *, alternates: bool, site: Site) -> bool:
    """Whether the certificate seen since `better_since`, and again at `at`, replaces the one that
    was warned about.

    Two checks in a row, as for every recovery. Where both certificates were seen in turn, servers
    behind one name have different ones, and chance must be ruled out: an hour, or eight checks.
    """
    if not alternates:
        return at > better_since
    return at - better_since >= max(_CALM, min(_CALM_CHECKS * site.interval, _LONGEST_CALM))


def end_in_words(left: timedelta) -> str:
    """How soon a certificate ends, for people."""
    return f"the certificate ends in {left.days} days"


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """One certificate of a chain. `names` are those of hosts, `more_names` how many follow.

    The instants are None where the certificate has none that can be read.
    """

    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    more_names: int = 0
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def self_signed(self) -> bool:
        """Whether it names itself as its issuer, as a root does."""
        return self.subject == self.issuer


@dataclass(frozen=True, slots=True)
class Chain:
    """What `host` presented, its own certificate first."""

    host: str
    certificates: tuple[ServedCertificate, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """One certificate as OpenSSL writes it: to be read only where it has changed.

    `listed`: how many names it has, of which `names` holds the first.
    """

    subject: bytes
    issuer: bytes
    names: bytes
    listed: int
    begins: bytes
    ends: bytes


@dataclass(frozen=True, slots=True)
class Presented:
    """What `host` presented, its own certificate first, not read yet."""

    host: str
    certificates: tuple[Fields, ...]

    def digest(self) -> str:
        """The same for the same host and certificates."""
        parts = [(f.subject, f.issuer, f.names, f.begins, f.ends) for f in self.certificates]
        return hashlib.sha256(repr((self.host, parts)).encode()).hexdigest()[:32]


def to_json(chain: Chain) -> dict[str, Any]:
    """The chain in JSON's types, as it is stored."""
    return {
        "host": chain.host,
        "certificates": [
            {
                "subject": each.subject,
                "issuer": each.issuer,
                "names": list(each.names),
                "more_names": each.more_names,
                "begins": each.begins.isoformat() if each.begins else None,
                "ends": each.ends.isoformat() if each.ends else None,
            }
            for each in chain.certificates
        ],
    }


def from_json(found: Mapping[str, Any]) -> Chain:
    """The chain that `to_json` wrote. KeyError or ValueError for anything else."""
    return Chain(
        found["host"],
        tuple(
            ServedCertificate(
                subject=each["subject"],
                issuer=each["issuer"],
                names=tuple(each["names"]),
                more_names=each["more_names"],
                begins=_instant(each["begins"]),
                ends=_instant(each["ends"]),
            )
            for each in found["certificates"]
        ),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
