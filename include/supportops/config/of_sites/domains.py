"""What `sites.yaml` says of domains, as operators write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from ipaddress import ip_address
from typing import Annotated, Any

import idna
from pydantic import AfterValidator, Field

from supportops.config.model import Model, Wrong, entries, unknown
from supportops.config.values import Name, Url
from supportops.sites.domains.domain import (
    REGISTRATION_STEPS,
    DomainPolicy,
    RegistryList,
    Special,
    registrable,
)

_Days = Annotated[int, Field(ge=1, le=365)]
_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?")


def _resolver(found: str) -> tuple[str, int]:
    address, _, port = found.rpartition(":") if _has_port(found) else (found, "", "53")
    try:
        if not 1 <= int(port) <= 65535:
            raise ValueError(port)
        return str(ip_address(address.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        expected = "the address of a name server, such as 9.9.9.9 or 127.0.0.1:5353"
        raise ValueError(expected) from None


def _has_port(found: str) -> bool:
    """An IPv6 address has one only in brackets."""
    return found.count(":") == 1 or "]:" in found


def _https(found: str) -> str:
    if not found.startswith("https://"):
        raise ValueError("an address that begins with https://")
    return found


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


def _resolver_text(found: str) -> str:
    address, port = _resolver(found)
    shown = f"[{address}]" if ":" in address else address
    return address if port == 53 else f"{shown}:{port}"


_Resolver = Annotated[str, AfterValidator(_resolver_text)]


class SpecialEntry(Model):
    """What is set for one domain."""

    dkim: Annotated[list[Annotated[str, AfterValidator(_selector)]], Field(max_length=10)] = []
    expires: date | None = None
    mail: bool | None = None
    site: Name | None = None


class RegistriesEntry(Model):
    """A list of registries in the place of IANA's."""

    address: Annotated[Url, AfterValidator(_https)] = Field(alias="list")
    authorities: Name | None = None
    allow_private: bool = False

    def listed(self) -> RegistryList:
        return RegistryList(self.address, self.authorities, self.allow_private)


class DomainsEntry(Model):
    """The daily check of domains."""

    warn: Annotated[list[_Days], Field(min_length=1, max_length=10)] = list(REGISTRATION_STEPS)
    mail: bool = True
    resolvers: Annotated[list[_Resolver], Field(max_length=5)] = []
    registries: RegistriesEntry | None = None
    names: dict[Annotated[str, AfterValidator(_domain)], SpecialEntry] = {}

    def policy(self) -> DomainPolicy:
        special = {
            name: Special(tuple(entry.dkim), entry.expires, entry.mail, entry.site)
            for name, entry in self.names.items()
        }
        warn = tuple(sorted(set(self.warn), reverse=True))
        resolvers = tuple(_resolver(each) for each in self.resolvers)
        listed = self.registries.listed() if self.registries is not None else None
        return DomainPolicy(warn, self.mail, resolvers, special, listed)


def wrong_domains(data: Any) -> Iterator[Wrong]:
    """Domains are watched for sites that the file has."""
    sites = [entry.get("name") for _, entry in entries(data, "sites")]
    known = list(dict.fromkeys(name for name in sites if isinstance(name, str)))
    domains = data.get("domains") if isinstance(data, dict) else None
    names = domains.get("names") if isinstance(domains, dict) else None
    for domain, entry in names.items() if isinstance(names, dict) else ():
        named = entry.get("site") if isinstance(entry, dict) else None
        if isinstance(named, str) and named not in known:
            path = ("domains", "names", str(domain), "site")
            yield unknown(path, named, known, "a site of this file:")
