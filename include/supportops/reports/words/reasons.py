"""Reasons that figures state in English, in the language of a reader.

Figures are the same for every reader and are read back out of issued reports, so a reason is kept
as its English text. Those that this program writes itself are messages; another text stays as it
is.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from functools import cache

from supportops.rendering.catalogue import N_
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import tier

_OF_TICKETS = (
    N_("merged"),
    N_("deleted"),
    N_("is not this customer's now"),
    N_("no such promise fell due then"),
    N_("now {now}, then {then}"),
    N_("is due on {day} now"),
    N_("is paused now"),
    N_("was not known then"),
    N_("was in time after all"),
    N_("was late after all"),
    N_("counts as issued again"),
)
# Why a site was down: identifiers in figures, which an English report shows as they are.
_OF_INCIDENTS = (
    N_("dns"),
    N_("refused"),
    N_("unreachable"),
    N_("connect_timeout"),
    N_("tls_expired"),
    N_("tls_not_yet_valid"),
    N_("tls_name"),
    N_("tls_untrusted"),
    N_("tls"),
    N_("timeout"),
    N_("reset"),
    N_("truncated"),
    N_("too_many_redirects"),
    N_("bad_redirect"),
    N_("wrong_host"),
    N_("blocked_address"),
    N_("bad_url"),
    N_("status"),
    N_("text_missing"),
    N_("text_forbidden"),
    N_("text_beyond_cap"),
    N_("slow"),
    N_("invalid_http"),
    N_("encoding"),
    N_("internal"),
    N_("degraded"),
    N_("silent"),
    N_("failed"),
    N_("limit"),
    N_("ends"),
    N_("certificate_ends"),
    N_("not_registered"),
    N_("changed"),
    N_("faulty"),
)


# What customers read in English, who know no identifiers.
_PLAIN = {
    "dns": "name does not resolve",
    "refused": "connection refused",
    "unreachable": "no route to the server",
    "connect_timeout": "no connection in time",
    "tls_expired": "certificate expired",
    "tls_not_yet_valid": "certificate not valid yet",
    "tls_name": "certificate is for another name",
    "tls_untrusted": "certificate not trusted",
    "tls": "TLS handshake failed",
    "timeout": "no complete answer in time",
    "reset": "connection reset",
    "truncated": "answer cut short",
    "too_many_redirects": "too many redirects",
    "bad_redirect": "redirect leads nowhere",
    "wrong_host": "redirects end at another host",
    "blocked_address": "address is not a public one",
    "bad_url": "address cannot be checked",
    "status": "unexpected HTTP status",
    "text_missing": "expected text is missing",
    "text_forbidden": "unexpected text on the page",
    "text_beyond_cap": "expected text not found",
    "slow": "too slow",
    "invalid_http": "answer is no HTTP",
    "encoding": "answer cannot be decoded",
    "internal": "the check itself failed",
    "degraded": "fails at times",
    "silent": "no report from the job",
    "failed": "the job failed",
    "limit": "a value above its limit",
    "ends": "ends soon",
    "certificate_ends": "certificate ends soon",
    "not_registered": "not registered",
    "changed": "records changed",
    "faulty": "records are wrong",
}


def plain_reason(english: str, reader: Reader) -> str:
    """As `reason`, without identifiers in English too: for customers."""
    if reader.words.language == "en":
        return reader.words.clauses(_PLAIN.get(part, part) for part in english.split("; "))
    return reason(english, reader)


def reason(english: str, reader: Reader) -> str:
    """ "was late after all; now gold, then vip" in the reader's language."""
    if reader.words.language == "en":
        return english
    return reader.words.clauses(_one(part, reader) for part in english.split("; "))


def _one(part: str, reader: Reader) -> str:
    for message, form in _forms():
        if found := form.fullmatch(part):
            places = found.groupdict().items()
            return reader.gettext(message, **{name: _value(name, v, reader) for name, v in places})
    return part


def _value(place: str, value: str, reader: Reader) -> str:
    """What stands in a place of a reason: a date, or the identifier of a tier."""
    if place != "day":
        return tier(value, reader)
    with suppress(ValueError):
        day = date.fromisoformat(value)
        return reader.days(day, day, year=True)
    return value


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each message with what matches its text and finds the values in its places."""
    messages = (*_OF_TICKETS, *_OF_INCIDENTS)
    patterns = (re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(each)) for each in messages)
    return tuple(zip(messages, map(re.compile, patterns), strict=True))
