"""Encrypts a file of any size with a key, so that a change, a cut or another order is noticed.

The file is a head (a mark and a salt) and pieces of one mebibyte, each encrypted by itself with
AES-256-GCM. The key of a file is derived (HKDF-SHA-256) from the given key and the salt. The nonce
of a piece is its number, with a flag on the last one: the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár (<https://eprint.iacr.org/2015/189>).
"""

from __future__ import annotations

import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = b"supportops sealed 1\n"
SHORTEST_KEY = 32
"""Bytes: what `openssl rand -hex 32` writes has 64."""
_SALT, _PIECE, _TAG = 16, 1 << 20, 16


class SealError(RuntimeError):
    """A file cannot be opened with this key, or is not whole; or the key is none."""


def seal(plain: BinaryIO, sealed: BinaryIO, key: bytes) -> None:
    """Writes what `plain` holds to `sealed`, encrypted. Raises SealError for a short key."""
    salt = os.urandom(_SALT)
    cipher = _cipher(key, salt)
    sealed.write(MARK + salt)
    number, piece = 0, plain.read(_PIECE)
    while True:
        following = plain.read(_PIECE)
        sealed.write(cipher.encrypt(_nonce(number, last=not following), piece, MARK))
        if not following:
            return
        number, piece = number + 1, following


def unseal(sealed: BinaryIO, plain: BinaryIO, key: bytes) -> None:
    """The other way round. Raises SealError for another key, a changed or a cut file."""
    if sealed.read(len(MARK)) != MARK:
        raise SealError("the file is not encrypted by this program")
    salt = sealed.read(_SALT)
    cipher = _cipher(key, salt)
    number, piece = 0, sealed.read(_PIECE + _TAG)
    while True:
        following = sealed.read(_PIECE + _TAG)
        try:
            plain.write(cipher.decrypt(_nonce(number, last=not following), piece, MARK))
        except InvalidTag:
            raise SealError("the key is another one, or the file is damaged or not whole") from None
        if not following:
            return
        number, piece = number + 1, following


def refuse_weak(key: bytes) -> None:
    """Raises SealError for a key that is too short."""
    _given(key)


def _given(key: bytes) -> bytes:
    given = key.strip()
    if len(given) < SHORTEST_KEY:
        raise SealError(f"the key has {len(given)} bytes; expected at least {SHORTEST_KEY}")
    return given


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=salt, info=MARK).derive(_given(key))
    return AESGCM(derived)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
