"""What a site's request carries and what its page must say, as operators write it in YAML."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from supportops.sites.probe.body.pattern import BadPatternError, check_pattern
from supportops.sites.probe.web_address import PORTS, BadUrl, parse
from supportops.sites.site import CERTIFICATE_STEPS

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,2000}")
# What the check sets itself, what would change the meaning of the answer, or has its own key.
_RESERVED_HEADERS = {
    **dict.fromkeys(
        (
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "keep-alive",
            "te",
            "trailer",
        ),
        "which the check sets itself",
    ),
    **dict.fromkeys(("upgrade", "expect", "accept-encoding"), "which the check sets itself"),
    **dict.fromkeys(
        ("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
        "which asks for something else than the page",
    ),
    "if-range": "which asks for something else than the page",
    "authorization": "for which there is `login`",
    "user-agent": "for which there is `user_agent`",
}


def _headers(found: dict[str, str]) -> dict[str, str]:
    names = [name.lower() for name in found]
    if len(found) > 20:
        raise ValueError("at most 20 headers")
    for name, value in found.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("names of headers, of letters, digits and hyphens")
        if name.lower().startswith("proxy-"):
            raise ValueError(f"no header {name}, which is for proxies")
        if name.lower() in _RESERVED_HEADERS:
            raise ValueError(f"no header {name}, {_RESERVED_HEADERS[name.lower()]}")
        if names.count(name.lower()) > 1:
            raise ValueError(f"the header {name} once")
        if not _HEADER_VALUE.fullmatch(value) or value != value.strip():
            raise ValueError(
                f"a value of {name} of one line of ASCII, no space at its ends, at most 2000 long"
            )
    return found


def _host_name(found: str) -> str:
    try:
        address = parse(f"http://{found}/")
    except BadUrl:
        raise ValueError("a host name such as www.example.org") from None
    if address.port != PORTS["http"] or address.path != "/" or address.login or ":" in found:
        raise ValueError("a host name such as www.example.org, without port or path")
    return address.host


def _pattern(found: str) -> str:
    try:
        return check_pattern(found)
    except BadPatternError as why:
        raise ValueError(str(why)) from None


def _certificate_days(found: Any) -> tuple[int, ...]:
    """One number stands for itself and every usual step below it."""
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 365:
        return (found, *(step for step in CERTIFICATE_STEPS if step < found))
    listed = list(found) if isinstance(found, list | tuple) else []
    days = [day for day in listed if isinstance(day, int) and not isinstance(day, bool)]
    if (
        not listed
        or days != listed
        or len(set(days)) > 10
        or not 0 <= min(days) <= max(days) <= 365
    ):
        raise ValueError("a number of days from 0 to 365, or up to ten of them: [30, 14, 7]")
    return tuple(sorted(set(days), reverse=True))


CertificateDays = Annotated[
    tuple[int, ...],
    BeforeValidator(_certificate_days),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 365},
                {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "maximum": 365},
                    "minItems": 1,
                    "maxItems": 10,
                },
            ]
        }
    ),
]
Headers = Annotated[dict[str, str], AfterValidator(_headers)]
HostName = Annotated[str, AfterValidator(_host_name)]
Pattern = Annotated[str, AfterValidator(_pattern)]
UserAgent = Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,200}$")]
Redirects = Annotated[int, Field(ge=0, le=20)]
