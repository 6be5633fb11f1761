"""What `sites.yaml` says of domains, as operators write it."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address
from typing import Annotated

import idna
from pydantic import AfterValidator, Field

from supportops.config.model import Model
from supportops.sites.domains.domain import (
    REGISTRATION_STEPS,
    DomainPolicy,
    Special,
    registrable,
)

_Days = Annotated[int, Field(ge=1, le=365)]
_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?")


def _resolver(found: str) -> str:
    try:
        return str(ip_address(found))
    except ValueError:
        raise ValueError("the address of a name server, such as 9.9.9.9") from None


def _selector(found: str) -> str:
    if not _SELECTOR.fullmatch(found):
        raise ValueError("a selector of DKIM, such as google or s1")
    return found


def _domain(found: str) -> str:
    try:
        name = found.lower() if found.isascii() else idna.encode(found, uts46=True).decode("ascii")
    except UnicodeError:
        name = ""
    if registrable(name) != name:
        raise ValueError("a domain that is registered, such as example.com, without www")
    return name


class SpecialEntry(Model):
    """What is set for one domain."""

    dkim: Annotated[list[Annotated[str, AfterValidator(_selector)]], Field(max_length=10)] = []
    expires: date | None = None
    mail: bool | None = None


class DomainsEntry(Model):
    """The daily check of domains."""

    warn: Annotated[list[_Days], Field(min_length=1, max_length=10)] = list(REGISTRATION_STEPS)
    mail: bool = True
    resolvers: Annotated[list[Annotated[str, AfterValidator(_resolver)]], Field(max_length=5)] = []
    names: dict[Annotated[str, AfterValidator(_domain)], SpecialEntry] = {}

    def policy(self) -> DomainPolicy:
        special = {
            name: Special(tuple(entry.dkim), entry.expires, entry.mail)
            for name, entry in self.names.items()
        }
        warn = tuple(sorted(set(self.warn), reverse=True))
        return DomainPolicy(warn, self.mail, tuple(self.resolvers), special)
