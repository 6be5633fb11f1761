"""Buttons of services that have them: ntfy shows one that takes the alert with a single tap."""

from __future__ import annotations

from urllib.parse import quote

_NTFY = ("ntfy://", "ntfys://")


def with_action(url: str, action: str | None) -> str:
    """The Apprise address of ntfy with a button that POSTs to `action`; any other as it is.

    See https://docs.ntfy.sh/publish/#send-http-request. An address with buttons of its own keeps
    them.
    """
    if action is None or not url.lower().startswith(_NTFY) or "actions=" in url:
        return url
    button = f"http, Acknowledge, {action}, method=POST, clear=true"
    return f"{url}{'&' if '?' in url else '?'}actions={quote(button, safe='')}"
