"""Reads what OpenSSL writes about the certificates that a server presented."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from ssl import cert_time_to_seconds

from supportops.sites.certificates import (
    LONGEST_TEXT,
    MOST_NAMES,
    Chain,
    Fields,
    Presented,
    ServedCertificate,
)
from supportops.sites.probe.page import one_line

# A certificate may hold a megabyte of names.
LONGEST_FIELD = LONGEST_TEXT * 8
LONGEST_LIST = MOST_NAMES * 260
_ESCAPED = re.compile(rb"\\([0-9A-F]{2}|.)", re.DOTALL)


def chain_of(presented: Presented) -> Chain:
    """The same in texts and instants."""
    return Chain(presented.host, tuple(_certificate(each) for each in presented.certificates))


_PRINTED = re.compile(
    rb"([A-Z][a-z]{2}) ([ 1-3][0-9]) ([012][0-9]):([0-5][0-9]):([0-5][0-9]) (\d{4}) GMT"
)
_MONTHS = {
    name: number
    for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}


def instant_of(text: bytes) -> datetime | None:
    """`Nov 20 22:46:31 2026 GMT` as OpenSSL prints it; None for anything else.

    What is no such text, or no such day, is left to the library, whose reading costs a check more
    than its connection's socket does.
    """
    found = _PRINTED.fullmatch(text)
    if found is not None and (month := _MONTHS.get(found[1])):
        day, hour, minute, second, year = map(int, found.groups()[1:])
        with contextlib.suppress(ValueError):
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return _by_the_library(text)


def _by_the_library(text: bytes) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.fromtimestamp(cert_time_to_seconds(text.decode("ascii")), UTC)
    return None


def _certificate(found: Fields) -> ServedCertificate:
    listed = [name.strip() for name in found.names.split(b",") if b":" in name]
    names = tuple(_text(name.partition(b":")[2]) for name in listed[:MOST_NAMES])
    return ServedCertificate(
        subject=_text(found.subject),
        issuer=_text(found.issuer),
        names=names,
        more_names=max(0, found.listed - len(names)),
        begins=instant_of(found.begins),
        ends=instant_of(found.ends),
    )


def _text(found: bytes) -> str:
    """OpenSSL writes a character outside ASCII as the bytes of its UTF-8, each as in `\\C3`."""
    written = _ESCAPED.sub(
        lambda match: bytes.fromhex(match[1].decode()) if len(match[1]) == 2 else match[1], found
    )
    return one_line(written.decode("utf-8", "replace"), LONGEST_TEXT)
