"""`store.yaml`: how long what piles up is kept, as operators write it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from supportops.config.model import Model
from supportops.config.values import Duration

DAY = timedelta(days=1)
# What is not confirmed yet is judged by checks of the last seven days.
LEAST_CHECKS = 14 * DAY
# A report of a month or a quarter counts the messages of its period.
LEAST_MESSAGES = 100 * DAY
LEAST_QUARANTINE = 30 * DAY


def _at_least(least: timedelta) -> AfterValidator:
    def check(found: timedelta) -> timedelta:
        if found < least or found % DAY:
            raise ValueError(f"whole days, at least {least.days}d")
        return found

    return AfterValidator(check)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each is kept: single checks after which their summaries say the same; messages of
    alerts that are over, with their attempts; records of sources that could not be read. None: for
    ever."""

    checks: timedelta | None = 45 * DAY
    messages: timedelta | None = 400 * DAY
    quarantine: timedelta | None = 400 * DAY


AS_SHIPPED = Retention()


class RetentionEntry(Model):
    """Each a number of days; null keeps it for ever."""

    checks: Annotated[Duration, _at_least(LEAST_CHECKS)] | None = AS_SHIPPED.checks
    messages: Annotated[Duration, _at_least(LEAST_MESSAGES)] | None = AS_SHIPPED.messages
    quarantine: Annotated[Duration, _at_least(LEAST_QUARANTINE)] | None = AS_SHIPPED.quarantine


class StoreFile(Model):
    """The whole of `store.yaml`."""

    retention: RetentionEntry = RetentionEntry()

    def means(self) -> Retention:
        found = self.retention
        return Retention(found.checks, found.messages, found.quarantine)
