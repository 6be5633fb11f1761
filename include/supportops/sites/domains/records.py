"""Looks up the records of a domain and its hosts. A resolver that fails says nothing about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver
from dns.nameserver import Do53Nameserver

from supportops.sites.domains.domain import Domain, registrable

TRY_SECONDS, LONGEST_SECONDS = 2.0, 5.0
MOST_VALUES = 50
_OF_DOMAIN = ("NS", "MX", "CAA", "A", "AAAA")
_OF_HOST = ("A", "AAAA")
_FAILURES = (dns.resolver.NoNameservers, dns.exception.Timeout, OSError, EOFError)


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one name and type, in a fixed order; empty where there are none.

    `trouble`: why nothing is known of them, in a word.
    """

    values: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def known(self) -> bool:
        """Whether a name server answered."""
        return not self.trouble


@dataclass
class Names:
    """Name look-ups by the given name servers (address and port), each bounded in time.

    `failed` counts those that no name server answered.
    """

    servers: Sequence[tuple[str, int]] = ()
    failed: int = field(default=0, init=False)

    def resolver(self) -> dns.resolver.Resolver:
        """A resolver for one domain, which counts its own failures. Raises NoResolverConfiguration
        where the machine names no server."""
        made = _Counting(configure=not self.servers)
        if self.servers:
            made.nameservers = [Do53Nameserver(address, port) for address, port in self.servers]
        made.timeout, made.lifetime = TRY_SECONDS, LONGEST_SECONDS
        made.cache = None
        made.use_edns(0, 0, 1232)
        return made


class _Counting(dns.resolver.Resolver):
    """Remembers that a name server failed, which a library on top of it may report as a fault of
    the domain."""

    def __init__(self, *, configure: bool) -> None:
        super().__init__(configure=configure)
        self.failures = 0

    def resolve(self, *args: Any, **kwargs: Any) -> dns.resolver.Answer:
        kwargs["lifetime"] = LONGEST_SECONDS
        kwargs.setdefault("search", False)
        try:
            return super().resolve(*args, **kwargs)
        except _FAILURES:
            self.failures += 1
            raise


def failures_of(resolver: dns.resolver.Resolver) -> int:
    """How many look-ups of a resolver failed."""
    return resolver.failures if isinstance(resolver, _Counting) else 0


def records_of(domain: Domain, resolver: dns.resolver.Resolver) -> dict[str, Answer]:
    """The records of a domain and its hosts, by "name TYPE"."""
    names = [(domain.name, kind) for kind in _OF_DOMAIN]
    hosts = [host for host in domain.hosts if host != domain.name]
    names += [(host, kind) for host in hosts for kind in _OF_HOST]
    found: dict[str, Answer] = {}
    for name, kind in names:
        # Name servers that failed twice would let each look-up wait.
        dead = len(found) > 1 and not any(answer.known for answer in found.values())
        last = next(reversed(found.values()), Answer())
        found[f"{name} {kind}"] = last if dead else _query(domain, name, kind, resolver)
    return found


def query(name: str, kind: str, resolver: dns.resolver.Resolver) -> Answer:
    """The records of a name as texts; those of the name that it is an alias of, where it is one."""
    try:
        answer = resolver.resolve(name, kind, raise_on_no_answer=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
        return Answer()
    except dns.exception.Timeout:
        return Answer(trouble="timeout")
    except dns.resolver.NoNameservers:
        return Answer(trouble="refused")
    except (OSError, EOFError, dns.exception.DNSException) as error:
        return Answer(trouble=type(error).__name__)
    if answer.rrset is None:
        return Answer()
    texts = sorted({_text(kind, record) for record in answer.rrset})
    return Answer(tuple(texts[:MOST_VALUES]))


def _query(domain: Domain, name: str, kind: str, resolver: dns.resolver.Resolver) -> Answer:
    if kind in _OF_HOST and (elsewhere := _alias_elsewhere(domain, name, resolver)):
        return Answer((f"alias of {elsewhere}",))
    return query(name, kind, resolver)


def _alias_elsewhere(domain: Domain, name: str, resolver: dns.resolver.Resolver) -> str | None:
    """The first name outside the domain that `name` is an alias of.

    Its addresses are for whoever runs that name, such as a content network, to change.
    """
    current = name
    for _ in range(5):
        if current == domain.name:
            return None
        found = query(current, "CNAME", resolver)
        if not found.values:
            return None
        current = found.values[0]
        if registrable(current) != domain.name:
            return current
    return None


def _text(kind: str, record: Any) -> str:
    text = record.to_text()
    if kind in ("NS", "CNAME", "MX"):
        return str(text).rstrip(".").lower()
    return str(text)
