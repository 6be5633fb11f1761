"""A URL parsed once, so that no later parser can read it in another way.

The host is unescaped, mapped to ASCII and, where it spells an address, normalised; libcurl gets
the URL built again from these parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urljoin, urlsplit

import idna

from supportops.addresses import Address, literal

PORTS = {"http": 80, "https": 443}
_FORBIDDEN = frozenset(" \t\r\n\x00#%/:<>?@[\\]^|\"'`{}")
_SAFE = "!$%&'()*+,/:;=?@[]~"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LONGEST = 8192


class BadUrl(ValueError):
    """The URL cannot be requested; the text says why and repeats no part of it."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where one request goes. `host` is ASCII; `ip` is set when the host spells an address.

    `login` is user and password, kept apart from `url` so that no message can show them.
    """

    scheme: str
    host: str
    port: int
    path: str
    ip: Address | None = None
    login: tuple[str, str] | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what a login belongs to."""
        return (self.scheme, self.host, self.port)

    @property
    def url(self) -> str:
        """The URL built from the parts, without the login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def follow(self, location: str) -> WebAddress:
        """The address a `Location` header leads to. The login stays with its own origin."""
        target = location.strip()
        if not _SCHEME.match(target):
            try:
                target = urljoin(self.url, target)
            except ValueError:
                raise BadUrl("the address cannot be read") from None
        address = parse(target)
        return replace(address, login=self.login if address.origin == self.origin else None)


def parse(url: str) -> WebAddress:
    """`url` as a WebAddress; BadUrl when it is not an http or https URL with a usable host."""
    if len(url) > _LONGEST:
        raise BadUrl("the address is too long")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadUrl("the address cannot be read") from None
    if parts.scheme not in PORTS:
        raise BadUrl("only http and https are checked")
    if port == 0:
        raise BadUrl("the port is not between 1 and 65535")
    name, ip = _host(host)
    query = f"?{parts.query}" if parts.query else ""
    path = quote(f"{parts.path or '/'}{query}", safe=_SAFE, errors="replace")
    login = _login(parts.username, parts.password)
    return WebAddress(parts.scheme, name, port or PORTS[parts.scheme], path, ip, login)


def _login(user: str | None, password: str | None) -> tuple[str, str] | None:
    if user is None:
        return None
    login = (unquote(user), unquote(password or ""))
    if not all(part.isprintable() for part in login) or ":" in login[0]:
        raise BadUrl("the user or password has a character that cannot be sent")
    return login


def _host(host: str) -> tuple[str, Address | None]:
    if not host:
        raise BadUrl("the address has no host")
    try:
        name = host if ":" in host else _ascii_name(unquote(host, errors="strict"))
        ip = literal(name)
    except (ValueError, UnicodeError):
        raise BadUrl("the host is not a valid name or address") from None
    if ip is not None and getattr(ip, "scope_id", None):
        raise BadUrl("an address with a zone cannot be checked")
    return (str(ip), ip) if ip is not None else (name, None)


def _ascii_name(host: str) -> str:
    """The name as DNS has it. Underscores pass, as browsers let them."""
    mapped = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    name = mapped.lower().removesuffix(".")
    if len(name) > 253 or not all(0 < len(label) <= 63 for label in name.split(".")):
        raise ValueError("a label is empty or too long")
    if any(not char.isprintable() or char in _FORBIDDEN for char in name):
        raise ValueError("a character that no name has")
    return name


def without_login(url: str) -> str:
    """`url` with its user and password hidden; any text may be given."""
    head, slashes, rest = url.partition("//")
    if not slashes:
        return url
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    if "@" not in authority:
        return url
    return f"{head}//***@{rest[authority.rindex('@') + 1 :]}"
