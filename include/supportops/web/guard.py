"""The board's protection in a browser: headers on every response, and a check of every write."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

HEADERS: Mapping[str, str] = {
    # No inline script and no inline style: a site's name that slipped through stays text.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

# A page that shows a report in a frame may frame documents of its own origin, no others.
FRAME_HEADERS = {
    "content-security-policy": f"{HEADERS['content-security-policy']}; frame-src 'self'",
}
# An issued report: no script at all, its own inline styles, pictures of its own origin.
ISSUED_REPORT_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
}

WRITE_HEADER = "x-supportops"


def write_refusal(headers: Mapping[str, str]) -> str | None:
    """Why a write is refused; None if it comes from the board's own page.

    A page of another site can send neither our header nor JSON without a CORS preflight, and the
    browser says where a request comes from. Both are checked, since Airflow's only protection is
    SameSite=Lax. `headers` by lower-case name.
    """
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return "only JSON is taken"
    is_script = "origin" not in headers and "sec-fetch-site" not in headers
    if is_script and headers.get("authorization", "").lower().startswith("bearer "):
        return None  # a browser says where a request comes from; a page cannot send a token
    if WRITE_HEADER not in headers:
        return "the board's own header is missing"
    fetched = headers.get("sec-fetch-site")
    if fetched is not None:
        return None if fetched == "same-origin" else "the request comes from another site"
    origin = urlsplit(headers.get("origin", ""))
    if not origin.netloc or origin.netloc != headers.get("host"):
        return "the request comes from another site"
    return None
