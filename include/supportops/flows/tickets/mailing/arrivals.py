"""When a message arrived, and whether whoever left it then can wait for the office."""

from __future__ import annotations

from datetime import datetime, timedelta

from supportops.config.configuration import Configuration, File
from supportops.mailbox.mail import Mail
from supportops.sla.calendar.business_hours import OutsideRange

# What claims to be older is taken to have come now: its clock was wrong.
_OLDEST = timedelta(days=366)
# Nobody is woken for what was left longer ago, such as in a mailbox that is read for the first
# time.
PAGES_WITHIN = timedelta(days=7)


def arrival(arrived_at: datetime | None, mail: Mail, now: datetime) -> datetime:
    """The server's instant of its arrival, else the message's own Date, else now."""
    for at in (arrived_at, mail.sent_at):
        if at is not None and now - _OLDEST <= at:
            return min(at, now)
    return now


def outside_hours(configuration: Configuration, at: datetime, now: datetime) -> bool:
    """Whether the office was closed when a message came, or is now.

    Without a usable service_levels.yaml nobody knows its hours, and it counts as closed.
    """
    if not configuration.has(File.SERVICE_LEVELS):
        return True
    try:
        return not (configuration.office.is_open(at) and configuration.office.is_open(now))
    except OutsideRange:
        return True
