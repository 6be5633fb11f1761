"""The alphabet of an SMS: GSM 03.38, in which 160 septets are one message.

One character outside it makes the whole message UCS-2, 70 characters long and charged as
several. Source: 3GPP TS 23.038, default alphabet and its extension table.
"""

from __future__ import annotations

import unicodedata

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€")
_LIKE = {
    **dict.fromkeys("‘’‚‛`´′", "'"),
    **dict.fromkeys("“”„«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\t\u00a0\u2007\u2009\u202f\u2028\u2029", " "),
    "…": "...",
    "·": "-",
    "•": "-",
    "→": "->",
    "←": "<-",
    "×": "x",
    "÷": "/",
    "œ": "oe",
    "Œ": "OE",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "þ": "th",
    "Þ": "Th",
    "ı": "i",
    "ẞ": "SS",
    "©": "(c)",
    "®": "(R)",
    "™": "TM",
}


def gsm7(text: object) -> str:
    """`text` in the GSM alphabet: accents that it lacks are dropped, other signs become "?"."""
    return "".join(_nearest(sign) for sign in unicodedata.normalize("NFC", str(text)))


def septets(text: str) -> int:
    """The length of `text`, already in the GSM alphabet, in septets; an extension sign is two."""
    return sum(2 if sign in _EXTENSION else 1 for sign in text)


def fit_sms(text: object, limit: int = 160) -> str:
    """`text` in the GSM alphabet, cut with "..." to at most `limit` septets."""
    plain = gsm7(text)
    if septets(plain) <= limit:
        return plain
    room, fitting = limit - 3, []
    for sign in plain:
        room -= septets(sign)
        if room < 0:
            break
        fitting.append(sign)
    return ("".join(fitting).rstrip() + "...")[:limit]


def _nearest(sign: str) -> str:
    if sign in _BASIC or sign in _EXTENSION:
        return sign
    if sign in _LIKE:
        return _LIKE[sign]
    base = unicodedata.normalize("NFKD", sign)
    base_letters = "".join(each for each in base if not unicodedata.combining(each))
    if base_letters and all(each in _BASIC or each in _EXTENSION for each in base_letters):
        return base_letters
    category = unicodedata.category(sign)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if category in ("Cf", "Mn", "Me") else "?"
