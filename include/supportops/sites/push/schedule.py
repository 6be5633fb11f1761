"""When a monitor's next push is expected: every so often, or by a cron expression in a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

# A job that begins a little before its minute, by a clock of its own, has begun on time.
EARLY = timedelta(minutes=1)
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELD = re.compile(r"[0-9A-Za-z*,/-]{1,100}")
# croniter's own extensions to cron: random and hashed minutes are another time at each reading.
_RANDOM = re.compile(r"(?<![A-Za-z])[HhRr](?![A-Za-z])")
_SAMPLE = datetime(2026, 1, 1, tzinfo=UTC)


class ScheduleError(ValueError):
    """Why an expression is no schedule, in a few words."""


@dataclass(frozen=True, slots=True)
class Every:
    """At least once in each `period`, counted from the last push."""

    period: timedelta

    def after(self, anchor: datetime) -> datetime:
        """When the next push is expected after the one at `anchor`."""
        return anchor + self.period

    def resumed(self, expected: datetime, at: datetime) -> datetime:
        """The first instant of the same rhythm as `expected` that is after `at`."""
        missed = max(0, ceil((at - expected) / self.period))
        found = expected + missed * self.period
        return found if found > at else found + self.period

    def early(self, grace: timedelta) -> timedelta:
        """How long before the expected instant the push may well have come."""
        return grace

    def __str__(self) -> str:
        seconds = int(self.period.total_seconds())
        units = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
        size, unit = next(each for each in units if seconds % each[0] == 0)
        return f"every {seconds // size}{unit}"


@dataclass(frozen=True, slots=True)
class Cron:
    """By a cron expression of five fields on the wall clock of `zone`.

    As Debian's cron(8) has it: a time that the clock skips counts as the first instant after the
    gap, and one that comes twice as the first of the two. An expression whose minute or hour
    begins with `*` follows the hours as they pass: both of a repeated one, none that is skipped.
    """

    expression: str
    zone: str

    @classmethod
    def checked(cls, expression: str, zone: str) -> Cron:
        """Raises ScheduleError for what is no expression, or never comes."""
        written = _NAMED.get(expression.strip().casefold(), expression)
        fields = written.split()
        if len(fields) != 5 or not all(map(_FIELD.fullmatch, fields)):
            raise ScheduleError("a cron expression of five fields, such as 30 2 * * 1-5")
        if any(_RANDOM.search(field) for field in fields):
            raise ScheduleError("a cron expression without random or hashed fields")
        try:
            found = cls(" ".join(fields), zone)
            found.after(_SAMPLE)
        except (CroniterError, ValueError, KeyError, IndexError) as error:
            why = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
            raise ScheduleError(f"a cron expression of five fields; {why}") from None
        return found

    def after(self, anchor: datetime) -> datetime:
        """When the next push is expected after the one at `anchor`, which may have come early."""
        return self._next(anchor + EARLY)

    def resumed(self, _expected: datetime, at: datetime) -> datetime:
        """The first time of the schedule after `at`."""
        return self._next(at)

    def early(self, _grace: timedelta) -> timedelta:
        """How long before the expected instant the push may well have come."""
        return EARLY

    def _next(self, after: datetime) -> datetime:
        times = croniter(self.expression, after.astimezone(ZoneInfo(self.zone)))
        while True:
            found: datetime = times.get_next(datetime)
            # croniter gives a repeated time twice and a skipped one once, whatever the expression.
            if self._comes(found):
                return found.astimezone(UTC)

    def _comes(self, found: datetime) -> bool:
        if not self._follows_hours:
            return not found.fold
        return bool(croniter.match(self.expression, found.replace(tzinfo=None, fold=0)))

    @property
    def _follows_hours(self) -> bool:
        minute, hour = self.expression.split()[:2]
        return minute.startswith("*") or hour.startswith("*")

    def __str__(self) -> str:
        return f"{self.expression} ({self.zone})"


Schedule = Every | Cron
