"""Why an incident ended. Not every end is a recovery, and what people read must say which."""

from __future__ import annotations

from enum import StrEnum


class Ending(StrEnum):
    """Why an incident was closed: stored in its facts as `ending`, beside the words in `over`."""

    RECOVERED = "recovered"
    RENEWED = "renewed"
    CONNECTION_BACK = "connection_back"
    SITES_ANSWER = "sites_answer"
    PARTLY_RECOVERED = "partly_recovered"
    RENAMED = "renamed"
    SITE_REMOVED = "site_removed"
    PAGE_REMOVED = "page_removed"
    SERVER_REMOVED = "server_removed"
    CONTROLS_REMOVED = "controls_removed"
    NO_CERTIFICATE = "no_certificate"
    LIMIT_CHANGED = "limit_changed"
    LIMIT_RAISED = "limit_raised"
    ACCEPTED = "accepted"
    DOMAIN_REMOVED = "domain_removed"
    MONITOR_REMOVED = "monitor_removed"

    @property
    def good(self) -> bool:
        """Whether what was wrong is right again. After any other end it may still be wrong."""
        return self in _GOOD


_GOOD = frozenset({Ending.RECOVERED, Ending.RENEWED, Ending.CONNECTION_BACK, Ending.SITES_ANSWER})
