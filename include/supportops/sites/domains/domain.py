"""The registrable domains of sites, by the public suffix list that its library ships."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache

from publicsuffixlist import PublicSuffixList

from supportops.sites.probe.web_address import parse
from supportops.sites.site import Fleet, Site

# Days before the end of a registration: a lapsed one takes the site, its mail and its name.
REGISTRATION_STEPS = (60, 30, 14, 7, 3, 1)


@dataclass(frozen=True, slots=True)
class Special:
    """What is set for one domain. `dkim`: selectors of its signatures. `expires`: the end of its
    registration, where its registry does not say. `mail`: whether its mail records are judged.
    `site`: the name of the one that it is watched for although no address of it has the domain."""

    dkim: tuple[str, ...] = ()
    expires: date | None = None
    mail: bool | None = None
    site: str | None = None

    @property
    def ends_at(self) -> datetime | None:
        """`expires` as an instant, aware UTC: the day begins with the registration over."""
        return None if self.expires is None else datetime.combine(self.expires, time(), UTC)


@dataclass(frozen=True, slots=True)
class RegistryList:
    """Where the list of registries is read instead of IANA's. `authorities`: a PEM file of those
    that sign for it and for the registries in it. `allow_private`: these may be in our network."""

    address: str
    authorities: str | None = None
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class DomainPolicy:
    """What is checked of domains, once a day. `warn`: days before a registration ends at which
    somebody is notified. `resolvers`: addresses of name servers, each with its port, the system's
    by default. `registries`: another list of them than IANA's."""

    warn: tuple[int, ...] = REGISTRATION_STEPS
    mail: bool = True
    resolvers: tuple[tuple[str, int], ...] = ()
    special: Mapping[str, Special] = field(default_factory=dict)
    registries: RegistryList | None = None

    def of(self, domain: str) -> Special:
        """What is set for `domain`."""
        return self.special.get(domain, Special())

    def judges_mail(self, domain: str) -> bool:
        """Whether the mail records of `domain` are judged."""
        own = self.of(domain).mail
        return self.mail if own is None else own


@dataclass(frozen=True, slots=True)
class Domain:
    """A registrable domain, the host names of its sites (ASCII), and the sites themselves."""

    name: str
    hosts: tuple[str, ...]
    sites: tuple[Site, ...]

    @property
    def site(self) -> Site | None:
        """The site that alerts are about: the first, where all are one customer's."""
        return self.sites[0] if len({site.customer for site in self.sites}) == 1 else None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@cache
def _registered() -> PublicSuffixList:
    """Without the suffixes of companies, such as github.io, below which nobody registers."""
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def registrable(host: str) -> str | None:
    """The domain of `host` (ASCII) that is registered with a registry.

    None for an address, a name of our own network, and a name below a company's suffix
    (shop.github.io): its registration is not the customer's.
    """
    name = host.rstrip(".").lower()
    found = _registered().privatesuffix(name)
    if found is None or _suffixes().privatesuffix(name) != found:
        return None
    return str(found)


def domains_of(fleet: Fleet, policy: DomainPolicy | None = None) -> list[Domain]:
    """The domains of all sites, by name; each once, however many sites it has.

    Those that `policy` names with a site are among them, whatever the site's address.
    """
    hosts: dict[str, dict[str, None]] = {}
    sites: dict[str, dict[str, Site]] = {}
    for site in fleet.sites:
        for host in _hosts(site):
            if name := registrable(host):
                hosts.setdefault(name, {})[host] = None
                sites.setdefault(name, {})[site.name] = site
    named = fleet.by_name()
    for name, special in (policy.special if policy is not None else {}).items():
        if special.site is not None and special.site in named:
            hosts.setdefault(name, {})[name] = None
            sites.setdefault(name, {})[special.site] = named[special.site]
    return [
        Domain(name, tuple(sorted(found)), tuple(sites[name].values()))
        for name, found in sorted(hosts.items())
    ]


def domain_of(site: Site, policy: DomainPolicy | None = None) -> str | None:
    """The registrable domain of a site's address, or else the first that is watched for it."""
    by_address = next(filter(None, map(registrable, _hosts(site))), None)
    special = policy.special if policy is not None else {}
    return by_address or next((n for n, s in sorted(special.items()) if s.site == site.name), None)


def _hosts(site: Site) -> Iterable[str]:
    try:
        address = parse(site.url)
    except ValueError:
        return ()
    return (address.host.lower(),)
