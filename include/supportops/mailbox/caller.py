"""Who called: the number that an answerphone wrote into a message, or that it was withheld."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from supportops.mailbox.mail import Mail

_LONGEST = 2_000
_TRIES = 50
# Headers in which telephone systems name the caller, such as X-Asterisk-CallerID and
# X-CallingTelephoneNumber.
_HEADER = re.compile(r"x-.*(caller|calling|voicemail-from|from-number)")
_FROM = re.compile(
    r"(from|caller(\s?id)?|called by|cli|number|von|anrufer|rufnummer|de|appelant|numéro)"
    r"\W{0,6}$",
    re.IGNORECASE,
)
_WITHHELD = re.compile(
    r"\b(withheld|anonymous|private (number|caller)|unknown (number|caller)|(caller|number) unknown"
    r"|unavailable|restricted|no caller id|anonym|unterdrückt|unbekannt|inconnu|masqué|privé)\b",
    re.IGNORECASE,
)
_DIALLED = re.compile(r"\+?\d{5,15}")


@dataclass(frozen=True, slots=True)
class Caller:
    """`number` as E.164 has it, None where none was found; `withheld`: the message says that the
    caller did not show it."""

    number: str | None = None
    withheld: bool = False


def caller_of(mail: Mail, region: str | None, own: frozenset[str] = frozenset()) -> Caller:
    """The caller's number, from headers, subject, sender and text, in that order.

    `region`: the country of numbers without one, such as GB. `own` are our own numbers, which a
    message also names and nobody calls from. Of several numbers one that stands after a word such
    as "from" counts before others.
    """
    text = mail.text[:_LONGEST]
    for said in (*_headers(mail), mail.subject):
        found = _said(said, region, own)
        if found != Caller():
            return found
    if (number := _of_address(mail, region)) and number not in own:
        return Caller(number)
    return _said(f"{mail.sender_name}\n{text}", region, own)


def _headers(mail: Mail) -> Iterator[str]:
    for name, values in mail.headers.items():
        if _HEADER.match(name):
            yield from values


def _said(text: str, region: str | None, own: frozenset[str]) -> Caller:
    """What one text says of the caller."""
    numbers = [(before, each) for before, each in _numbers(text, region) if each not in own]
    named = next((each for before, each in numbers if _FROM.search(before)), None)
    if named is not None:
        return Caller(named)
    if _WITHHELD.search(text[:500]):
        return Caller(None, withheld=True)
    return Caller(numbers[0][1]) if numbers else Caller()


def _numbers(text: str, region: str | None) -> Iterator[tuple[str, str]]:
    """Every number in `text` as E.164 has it, after what stands before it."""
    import phonenumbers  # a twentieth of a second, for those who ask about numbers

    matcher = phonenumbers.PhoneNumberMatcher(
        text[:_LONGEST], region, leniency=phonenumbers.Leniency.VALID, max_tries=_TRIES
    )
    for match in matcher:
        yield text[max(0, match.start - 30) : match.start], _e164(match.number)


def _of_address(mail: Mail, region: str | None) -> str | None:
    """The number that is the local part of the sender's address, as SIP gateways write it."""
    import phonenumbers

    local = mail.sender.partition("@")[0]
    if not _DIALLED.fullmatch(local):
        return None
    try:
        found = phonenumbers.parse(local, region)
    except phonenumbers.NumberParseException:
        return None
    return _e164(found) if phonenumbers.is_valid_number(found) else None


def _e164(number: Any) -> str:
    import phonenumbers

    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def shown(number: str) -> str:
    """A number of E.164 as people read it, such as +44 20 7946 0958."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, international))
