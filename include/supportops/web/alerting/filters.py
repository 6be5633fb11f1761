"""The filters of the list of alerts, as its address has them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Kind, Severity
from supportops.web.page import PageNumber, Query, Text, link

Message = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}-[0-9]{1,9}$")]


class About(StrEnum):
    """What alerts are about; the order is that of the list."""

    INCIDENTS = "incidents"
    INSTALLATION = "installation"
    TICKETS = "tickets"


class State(StrEnum):
    """How an alert stands. OVER: resolved, the newest first; all others are open."""

    OPEN = "open"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    MINE = "mine"
    SNOOZED = "snoozed"
    UNDELIVERED = "undelivered"
    OVER = "over"


KINDS: dict[About, tuple[Kind, ...]] = {
    About.INCIDENTS: (
        *(Kind.BLIND, Kind.HOST_OUTAGE, Kind.OUTAGE, Kind.FAULT, Kind.CERTIFICATE),
        *(Kind.PUSH_MISSING, Kind.PUSH_FAILED, Kind.PUSH_LIMIT),
        *(Kind.REGISTRATION, Kind.DNS_CHANGE, Kind.MAIL_RECORDS),
    ),
    About.INSTALLATION: (
        *(Kind.CHECK_STALE, Kind.CHECK_TROUBLE, Kind.CLOCK, Kind.CONFIGURATION, Kind.DELIVERY),
        *(Kind.TASK_FAILED, Kind.IMPORT_ERROR, Kind.REPORT_TROUBLE),
        *(Kind.NOTICE_WAITING, Kind.NOTICE_LATE),
    ),
    About.TICKETS: (Kind.CALL, *sorted(SERVICE_LEVEL_KINDS)),
}
# For how long somebody takes or snoozes an alert: minutes and words.
DURATIONS = ((30, "30 minutes"), (60, "1 hour"), (240, "4 hours"), (1440, "a day"))
ABOUT = {kind: about for about, kinds in KINDS.items() for kind in kinds}


class Filters(Query):
    """Which alerts are shown. `text`: in what they are called, or a #reference of a message.
    `message`: those that one message was about, open or over, as its link names it."""

    about: About | None = None
    kind: Kind | None = None
    severity: Severity | None = None
    customer: Text = ""
    state: State = State.OPEN
    text: Text = ""
    message: Message | None = None
    page: PageNumber = 1

    def href(self, **changes: str | int) -> str:
        """The address with these filters, and `changes` of them; it begins with the first page."""
        given = self.model_dump(mode="json", exclude={"page"})
        if given["state"] == State.OPEN:
            given["state"] = ""
        return link("alerts", **{**given, **changes})

    @property
    def chosen(self) -> bool:
        """Whether any filter beside the state is set."""
        given = (self.about, self.kind, self.severity, self.customer, self.text, self.message)
        return any(given)
