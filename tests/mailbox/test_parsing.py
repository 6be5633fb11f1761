"""What a message says, however it is encoded, and by what it is known again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.tickets.mailing.hostile import KINDS, attached, message, multipart, recording
from flows.tickets.mailing.mails import mail, voicemail, wav
from supportops.mailbox.decoding import text_of_html
from supportops.mailbox.parsing import Unreadable, parse


def test_sender_subject_text_and_recording_are_read() -> None:
    found = parse(voicemail(subject="Anruf für Müller", text="Bitte zurückrufen.", audio=wav()))
    assert (found.sender_name, found.sender) == ("Answerphone", "pbx@voip.example")
    assert found.subject == "Anruf für Müller"
    assert found.text == "Bitte zurückrufen."
    (attachment,) = found.attachments
    assert (attachment.name, attachment.media_type) == ("msg0001.wav", "audio/x-wav")
    assert attachment.content == wav()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_hostile_raises_anything_unexpected(kind: str) -> None:
    content = KINDS[kind](7)
    if kind == "multiparts without end":
        with pytest.raises(Unreadable, match="its parts are nested without end"):
            parse(content)
        return
    found = parse(content)
    assert parse(content).identity == found.identity != parse(KINDS[kind](8)).identity
    assert "\0" not in repr(found)
    found.text.encode()


@settings(max_examples=60)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_a_message_or_unreadable(head: bytes, body: bytes) -> None:
    try:
        parse(head + b"\r\n\r\n" + body)
    except Unreadable:
        return


def test_a_name_that_spells_an_address_is_not_the_sender() -> None:
    found = parse(KINDS["an encoded address"](3))
    assert found.sender == "x3@y.example"
    assert found.sender_name == "<support@agency.example>"


def test_copies_are_one_message_and_another_with_its_message_id_is_not() -> None:
    content = mail(message_id="<same@pbx>", subject="Call 1")
    by_another_way = b"Received: from mx\r\nDelivered-To: x\r\n" + content.replace(b"\n", b"\r\n")
    assert parse(by_another_way).identity == parse(content).identity
    other = mail(message_id="<same@pbx>", subject="Call 2")
    assert parse(other).identity != parse(content).identity
    assert parse(other).message_id == parse(content).message_id


def test_without_a_message_id_the_text_tells_messages_apart() -> None:
    one, two = (mail(message_id=None, text=text) for text in ("one", "two"))
    assert parse(one).identity == parse(b"Received: x\r\n" + one).identity
    assert parse(one).identity != parse(two).identity


def test_the_beginning_of_a_message_has_its_identity_and_says_that_it_is_one() -> None:
    content = multipart(1, b"Content-Type: text/plain\r\n\r\nCall me", recording(wav(20)))
    whole, part = parse(content), parse(content[:100_000], len(content))
    assert part.identity == whole.identity
    assert (whole.whole, part.whole) == (True, False)
    assert [each.whole for each in part.attachments] == [False]
    assert part.text == "Call me"
    assert part.size == len(content)


def test_the_texts_of_attached_messages_come_last() -> None:
    assert parse(attached(5, 2)).text == "inside 5"
    own = multipart(5, b"Content-Type: text/plain\r\n\r\nMy words", attached(6, 1))
    assert parse(own).text == "My words"


def test_references_name_the_nearest_message_first() -> None:
    found = parse(message(1, b"In-Reply-To: <c@x>", b"References: <a@x> <b@x>\r\n <c@x>"))
    assert found.references == ("c@x", "b@x", "a@x")


def test_html_is_read_as_text_without_what_it_hides() -> None:
    page = (
        "<html><head><title>no</title></head><style>p{}</style><script>if (a<b) alert(1)</script>"
        "<p>Call &amp; say <b>hello</b></p><!-- no --><div>Second</div>tail<"
    )
    assert text_of_html(page).split() == ["Call", "&", "say", "hello", "Second", "tail"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain" + b";" * 1_000_000,
        b"Content-Type: text/plain; " + b"".join(b"x*%d*=a; " % n for n in range(100_000)),
        b"Content-Disposition: attachment" + b';"' * 300_000,
    ],
)
def test_parameters_without_end_cost_little(header: bytes) -> None:
    start = b"From: jo@acme.example\nSubject: Help\n"
    mail = parse(start + header + b"\n\nIt is down.")
    assert mail.subject == "Help"
    part = b"--b\n" + header[:5_000] + b"\n\nx\n"
    assert parse(start + b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 500).subject


def test_a_long_name_of_a_file_in_pieces_is_read() -> None:
    pieces = "".join(f" filename*{n}*={'%C3%A9' * 10};\n" for n in range(1, 20))
    head = "Content-Type: audio/wav\nContent-Disposition: attachment;\n filename*0*=utf-8''a;\n"
    head += pieces
    (attached,) = parse(f"From: jo@acme.example\n{head} x=y\n\nRIFF".encode()).attachments
    assert attached.name == "a" + "\u00e9" * 190
