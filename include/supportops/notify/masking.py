"""Takes the secrets of a notification address out of a text before anybody reads it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

MASK = "***"

# Schemes whose host is a server's name. Elsewhere (slack://, tgram://, discord://) the place
# of the host holds a token.
_PUBLIC_HOST = frozenset(
    [
        "mailto",
        "mailtos",
        "json",
        "jsons",
        "xml",
        "xmls",
        "form",
        "forms",
        "mmost",
        "mmosts",
        "rocket",
        "rockets",
        "gotify",
        "gotifys",
        "matrix",
        "matrixs",
        "smpp",
        "smpps",
        "http",
        "https",
    ]
)
# Options that steer Apprise and never hold a secret; masking "ssl" would only hide the fault.
_PLAIN_OPTIONS = frozenset(
    [
        "mode",
        "format",
        "verify",
        "rto",
        "cto",
        "overflow",
        "emojis",
        "tz",
        "method",
        "type",
        "port",
        "priority",
        "retry",
        "wait",
        "redirect",
        "store",
        "inline",
        "image",
        "optional",
        "smtp",
    ]
)
_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://[^\s'\"<>]+", re.IGNORECASE)
_SHORTEST = 3
_ANYWHERE = 4


def mask(text: str, url: str) -> str:
    """`text` without the secret parts of `url`, nor any other address in full.

    Masked are user, password, path parts, query and header values, and the host where the
    scheme has a token there; each as written, percent-decoded, percent-encoded, and the
    credentials as HTTP's Basic scheme writes them. Parts of one or two characters stay: they
    hide nothing, and masking them would shred every word.
    """
    text = _ADDRESS.sub(rf"\1://{MASK}", text)
    for secret in sorted(_forms(url), key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) < _ANYWHERE:
            pattern = rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])"
        text = re.sub(pattern, MASK, text, flags=re.IGNORECASE)
    return text


def _forms(url: str) -> set[str]:
    forms: set[str] = set()
    for part in _parts(url):
        plain = unquote(part)
        forms |= {part, plain, unquote_plus(part), quote(plain), quote(plain, safe="")}
        forms |= {repr(plain)[1:-1], base64.b64encode(plain.encode(errors="replace")).decode()}
    return {form for form in forms if len(form.strip()) >= _SHORTEST}


def _parts(url: str) -> Iterator[str]:
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    if "@" in authority:
        credentials, _, authority = authority.rpartition("@")
        yield credentials
        yield from credentials.split(":", 1)
    if scheme.lower() not in _PUBLIC_HOST:
        yield authority
        yield from authority.rsplit(":", 1)
    yield from path.split("/")
    yield from re.split(r"[/,@;:]", path)
    for key, value in _query(query):
        if key.lower() not in _PLAIN_OPTIONS:
            yield value
            yield from re.split(r"[,;\s]+", unquote_plus(value))


def _query(query: str) -> Iterator[tuple[str, str]]:
    yield from parse_qsl(query, keep_blank_values=True)
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        yield unquote(key), value
