"""Whether a domain's mail can be told from a forger's: SPF, DMARC and DKIM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dns.resolver

from supportops.rendering.render import one_line
from supportops.sites.domains.records import Answer, failures_of, query

_LONGEST = 200
NO_RECORD = "there is none"


@dataclass(frozen=True, slots=True)
class MailRecord:
    """One record as judged. `valid` is None where a name server did not answer; `fault` says what
    is wrong with it."""

    valid: bool | None
    fault: str = ""
    record: str = ""


def mail_records(
    domain: str, selectors: Iterable[str], resolver: dns.resolver.Resolver
) -> dict[str, MailRecord]:
    """SPF, DMARC, and DKIM of each selector, by name."""
    import checkdmarc.dmarc
    import checkdmarc.spf
    from checkdmarc.utils import DNS_CACHE

    DNS_CACHE.clear()  # it is shared by all domains of this process, and by the day before
    found = {
        "SPF": _judged(
            query(domain, "TXT", resolver),
            "v=spf1",
            lambda: checkdmarc.spf.check_spf(domain, resolver=resolver, retries=0),
            resolver,
        ),
        "DMARC": _judged(
            query(f"_dmarc.{domain}", "TXT", resolver),
            "v=DMARC1",
            lambda: checkdmarc.dmarc.check_dmarc(domain, resolver=resolver, retries=0),
            resolver,
        ),
    }
    for selector in selectors:
        found[f"DKIM {selector}"] = _dkim(f"{selector}._domainkey.{domain}", resolver)
    return found


def _judged(
    texts: Answer,
    begins: str,
    check: Callable[[], Mapping[str, Any]],
    resolver: dns.resolver.Resolver,
) -> MailRecord:
    """A record that is there is judged by checkdmarc, which looks up what it refers to."""
    if not texts.known:
        return MailRecord(None)
    mine = [
        text for each in texts.values if (text := _joined(each)).lower().startswith(begins.lower())
    ]
    if not mine:
        return MailRecord(False, NO_RECORD)
    before = failures_of(resolver)
    try:
        found = check()
    except Exception as error:  # a record can be anything
        found = {"valid": False, "error": f"it cannot be read ({type(error).__name__})"}
    if failures_of(resolver) > before:
        return MailRecord(None, record=_short(mine[0]))
    fault = "" if found.get("valid") else _short(str(found.get("error") or "it is not valid"))
    return MailRecord(not fault, fault, _short(mine[0]))


def _dkim(name: str, resolver: dns.resolver.Resolver) -> MailRecord:
    texts = query(name, "TXT", resolver)
    if not texts.known:
        return MailRecord(None)
    for text in map(_joined, texts.values):
        parts = (part.partition("=") for part in text.split(";"))
        tags = {key.strip(): value.strip() for key, _, value in parts}
        if "p" in tags:
            revoked = not tags["p"]
            return MailRecord(not revoked, "its key is revoked" if revoked else "", _short(text))
    return MailRecord(False, NO_RECORD)


def _joined(text: str) -> str:
    """A TXT record as one text: DNS cuts it into strings of 255 characters."""
    return "".join(text.split('"')[1::2]) if text.startswith('"') else text


def _short(text: str) -> str:
    return one_line(text)[:_LONGEST]
