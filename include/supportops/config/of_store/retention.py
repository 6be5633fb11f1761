"""`store.yaml`: how long what piles up is kept, as operators write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator

from supportops.config.model import Model, Wrong, mapping, shown
from supportops.config.values import Duration, Name
from supportops.tickets.source import MAILBOX

DAY = timedelta(days=1)
# What is not confirmed yet is judged by checks of the last seven days.
LEAST_CHECKS = 14 * DAY
# A report of a month or a quarter counts the messages of its period.
LEAST_MESSAGES = 100 * DAY
LEAST_QUARANTINE = 30 * DAY
LEAST_RECORDINGS = DAY
# Where recordings had their time before this file did.
FORMER_KEY = "keep_recordings"


def _at_least(least: timedelta) -> AfterValidator:
    def check(found: timedelta) -> timedelta:
        if found < least or found % DAY:
            raise ValueError(f"whole days, at least {least.days}d")
        return found

    return AfterValidator(check)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each is kept: single checks after which their summaries say the same; messages of
    alerts that are over, with their attempts; records of sources that could not be read; the sound
    of voicemails, counted from their arrival. None: for ever. `hold`: the numbers of the tickets
    whose recordings stay whatever their age, such as for a dispute."""

    checks: timedelta | None = 45 * DAY
    messages: timedelta | None = 400 * DAY
    quarantine: timedelta | None = 400 * DAY
    recordings: timedelta | None = None
    hold: tuple[str, ...] = ()


AS_SHIPPED = Retention()


class RetentionEntry(Model):
    """Each a number of days; null keeps it for ever. `hold`: tickets, as the board names them."""

    checks: Annotated[Duration, _at_least(LEAST_CHECKS)] | None = AS_SHIPPED.checks
    messages: Annotated[Duration, _at_least(LEAST_MESSAGES)] | None = AS_SHIPPED.messages
    quarantine: Annotated[Duration, _at_least(LEAST_QUARANTINE)] | None = AS_SHIPPED.quarantine
    recordings: Annotated[Duration, _at_least(LEAST_RECORDINGS)] | None = AS_SHIPPED.recordings
    hold: list[Name] = []


class StoreFile(Model):
    """The whole of `store.yaml`."""

    retention: RetentionEntry = RetentionEntry()

    @classmethod
    def among(cls, data: Any, others: Mapping[str, Any]) -> Iterator[Wrong]:
        """One time for recordings, wherever it stands."""
        own = mapping(data, "retention")
        former = mapping(others, "mailbox").get(FORMER_KEY)
        if former is None or "recordings" not in own or own["recordings"] == former:
            return
        yield Wrong(
            ("retention", "recordings"),
            shown(own["recordings"]),
            f"the same as `{FORMER_KEY}: {former}` of mailbox.yaml",
            f"delete `{FORMER_KEY}` there: its place is here",
        )

    def means(self, former: timedelta | None) -> Retention:
        """`former`: how long mailbox.yaml keeps recordings, which counts where nothing is said."""
        found = self.retention
        said = "recordings" in found.model_fields_set
        recordings = found.recordings if said else former
        hold = tuple(each.removeprefix(f"{MAILBOX}/") for each in found.hold)
        return Retention(found.checks, found.messages, found.quarantine, recordings, hold)
