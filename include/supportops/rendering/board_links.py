"""Links to the board's pages, for messages."""

from __future__ import annotations

from urllib.parse import urlsplit

_LONGEST = 1000


def safe_link(address: str | None) -> str | None:
    """`address` if it is http(s) and holds nothing that could end a link early, else None."""
    if not address or not address.isascii() or any(sign in address for sign in " <>()[]|\"'`\\"):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.hostname else None


def page_link(board: str | None, path: str) -> str | None:
    """The page at `path`, relative to the board; the board where its pages cannot be addressed.

    Airflow frames the board (`/support/`) and shows its address behind that of the view:
    `<airflow>/plugin/support/support/incident?key=...`. None without a board.
    """
    home = safe_link(board)
    if home is None or "/plugin/" not in home or "?" in home or "#" in home:
        return home
    view = home.rstrip("/")
    if view.endswith("/support/support"):
        view = view.removesuffix("/support")
    link = f"{view}/support/{path}"
    return link if len(link) <= _LONGEST else home
