"""A recording is what begins like one, whatever it is called."""

from __future__ import annotations

import pytest

from flows.tickets.mailing.mails import wav
from supportops.mailbox.audio import MEDIA_TYPES, audio_type, is_meant_as_audio, wav_seconds
from supportops.mailbox.mail import Attachment

SIGNATURES = {
    b"RIFF\0\0\0\0WAVEfmt ": "audio/wav",
    b"ID3\x04rest": "audio/mpeg",
    b"\xff\xfb\x90\x64": "audio/mpeg",
    b"\xff\xf1\x50\x80": "audio/aac",
    b"OggS\0": "audio/ogg",
    b"fLaC\0": "audio/flac",
    b"\0\0\0\x20ftypM4A ": "audio/mp4",
    b"\x1a\x45\xdf\xa3": "audio/webm",
    b"#!AMR\n": "audio/amr",
    b".snd\0": "audio/basic",
}


@pytest.mark.parametrize("content", SIGNATURES)
def test_each_kind_is_known_by_its_first_bytes(content: bytes) -> None:
    assert audio_type(content) == SIGNATURES[content]
    assert audio_type(content) in MEDIA_TYPES


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\0\0\0\0AVI ", b"<html>", b"\xff\xd8\xff", b"%PDF-", b"MZ\0"]
)
def test_nothing_else_is_a_recording(content: bytes) -> None:
    assert audio_type(content) is None


def test_the_length_of_a_wav_is_in_its_header() -> None:
    assert wav_seconds(wav(2)) == 2
    assert wav_seconds(b"OggS") is None
    for end in range(0, 60, 7):  # a header that is cut anywhere
        wav_seconds(wav()[:end])
    assert wav_seconds(b"RIFF\0\0\0\0WAVE" + b"junk\xff\xff\xff\xff" * 9) is None


def test_a_name_or_a_type_says_what_a_sender_means() -> None:
    assert is_meant_as_audio(Attachment("x", "audio/x-gsm", b""))
    assert is_meant_as_audio(Attachment("MSG.WAV", "application/octet-stream", b""))
    assert not is_meant_as_audio(Attachment("photo.jpg", "image/jpeg", b""))
