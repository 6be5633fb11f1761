"""Which attachments are recordings: judged by their first bytes, whatever they are called."""

from __future__ import annotations

import struct

from supportops.mailbox.mail import Attachment

# What a recording is served as; a browser is never given another type.
MEDIA_TYPES = frozenset(
    {
        "audio/wav",
        "audio/mpeg",
        "audio/ogg",
        "audio/flac",
        "audio/mp4",
        "audio/webm",
        "audio/amr",
        "audio/basic",
        "audio/aac",
    }
)
_ENDINGS = (
    *(".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a", ".mp4", ".webm", ".amr", ".au"),
    *(".aac", ".gsm", ".wma", ".3gp"),
)


def is_meant_as_audio(attachment: Attachment) -> bool:
    """Whether its sender calls it a recording."""
    if attachment.media_type.startswith("audio/"):
        return True
    return attachment.name.casefold().endswith(_ENDINGS)


def audio_type(content: bytes) -> str | None:
    """The media type of a recording, of MEDIA_TYPES, by its signature; None for anything else."""
    head = content[:16]
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:3] == b"ID3":
        return "audio/mpeg"
    for signature, found in (
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"#!AMR", "audio/amr"),
        (b".snd", "audio/basic"),
        (b"\x1a\x45\xdf\xa3", "audio/webm"),
    ):
        if head.startswith(signature):
            return found
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    if len(head) > 2 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
            return "audio/mpeg"
    return None


def wav_seconds(content: bytes) -> float | None:
    """How long a WAV recording is, by its header; None for others and for what cannot be."""
    if audio_type(content) != "audio/wav":
        return None
    rate, place = 0, 12
    while place + 8 <= len(content):
        name, size = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        if name == b"fmt " and place + 20 <= len(content):
            rate = struct.unpack_from("<I", content, place + 16)[0]
        if name == b"data":
            data = min(size, len(content) - place - 8)
            return data / rate if rate else None
        place += 8 + size + size % 2
    return None
