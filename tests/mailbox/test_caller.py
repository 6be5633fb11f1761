"""The caller's number, wherever an answerphone writes it."""

from __future__ import annotations

from typing import Any

import pytest

from flows.tickets.mailing.mails import mail
from supportops.mailbox.caller import Caller, caller_of, shown
from supportops.mailbox.parsing import parse

LONDON, BERLIN = "+442079460958", "+4930901820"
OURS = frozenset({"+442079460000"})


def caller(**fields: Any) -> Caller:
    given = {"subject": "New message", "text": "See attached.", "sender": "pbx@x.example"} | fields
    return caller_of(parse(mail(**given)), "GB", OURS)


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"subject": "Voicemail from +44 20 7946 0958"}, LONDON),
        ({"subject": "Voicemail from 020 7946 0958 (0:32)"}, LONDON),
        ({"subject": "Anruf von +49 30 901820"}, BERLIN),
        ({"subject": "Message for 020 7946 0000 from 020 7946 0958"}, LONDON),
        ({"subject": "020 7946 0000: call from (020) 7946-0958"}, LONDON),
        ({"X_Asterisk_CallerID": "02079460958"}, LONDON),
        ({"X_CallingTelephoneNumber": "+442079460958", "subject": "From +49 30 901820"}, LONDON),
        ({"sender": "+442079460958@sip.example"}, LONDON),
        ({"sender": '"Jo 020 7946 0958" <pbx@x.example>'}, LONDON),
        ({"text": "Help line: +49 30 901820\nCaller: 020 7946 0958\n"}, LONDON),
        ({"text": "You can call 020 7946 0958 back."}, LONDON),
    ],
)
def test_a_number_is_found_in_headers_subject_sender_and_text(
    fields: dict[str, Any], number: str
) -> None:
    assert caller(**fields) == Caller(number)


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Voicemail from Anonymous"},
        {"subject": "New message from a withheld number"},
        {"subject": "Anruf von Anonym", "text": "Our help line is +49 30 901820"},
        {"X_Asterisk_CallerID": "anonymous"},
        {"text": "Caller: unavailable"},
    ],
)
def test_a_caller_may_withhold_it(fields: dict[str, Any]) -> None:
    assert caller(**fields) == Caller(None, withheld=True)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"subject": "Message 20260407-120000, 32 seconds, id 4711"},
        {"text": "from 12345, at 2026-04-07 12:00:00"},
        {"subject": "For 020 7946 0000"},
        {"sender": "12345678901234567890@x.example"},
        {"text": "1" * 5_000 + " " + "020 7946 0958 " * 200},
    ],
)
def test_dates_and_our_own_numbers_are_none(fields: dict[str, Any]) -> None:
    assert caller(**fields) == Caller()


def test_without_a_country_only_international_numbers_are_known() -> None:
    national, international = (
        parse(mail(subject=f"from {n}", text="")) for n in ("020 7946 0958", "+44 20 7946 0958")
    )
    assert caller_of(national, None) == Caller()
    assert caller_of(international, None) == Caller(LONDON)


def test_it_is_shown_as_people_read_it() -> None:
    assert shown(LONDON) == "+44 20 7946 0958"
    assert shown("no number") == "no number"
