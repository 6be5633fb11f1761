"""Where a browser goes that opens an address of the board without being signed in."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request


def login_address(request: Request, login: str) -> str | None:
    """The address of the login, which leads back to the address that was asked for.

    `login`: its path below the application that the board is mounted in. None where nobody waits
    for a page: a script, a refresh, a request with a token, an act. Those are told 401.
    """
    if request.method not in ("GET", "HEAD") or "authorization" in request.headers:
        return None
    # Every current browser says what a request is for; see Fetch Metadata (W3C), Sec-Fetch-Mode.
    mode = request.headers.get("sec-fetch-mode")
    opens = mode == "navigate" if mode else "text/html" in request.headers.get("accept", "")
    if not opens:
        return None
    outside = request.scope.get("root_path", "").rpartition("/")[0]
    back = request.url.path
    if request.url.query:
        back = f"{back}?{request.url.query}"
    return f"{outside}{login}?{urlencode({'next': back})}"
