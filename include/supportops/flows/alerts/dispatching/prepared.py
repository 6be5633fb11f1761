"""A message that is ready for its one attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.outbox import QueuedMessage
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """One message to one target, made of one queued message or several.

    `result` is set where the outcome is known without an attempt: then there is nothing to send.
    From `until` on it must not be sent any more, because the claim would run out on the way.
    """

    target: str
    queued: list[QueuedMessage]
    until: datetime
    url: str = ""
    outgoing: OutgoingMessage | None = None
    result: Delivery | None = None

    @property
    def bundle(self) -> str:
        """Names this attempt in the notification log."""
        return bundle_of(self.queued)


def bundle_of(queued: Sequence[QueuedMessage]) -> str:
    """Names the attempt at what is sent together, by its first message."""
    return f"{queued[0].id}/{queued[0].attempt}"


@dataclass(frozen=True, slots=True)
class NotAttempted(Delivery):
    """No attempt was made because the one named `bundle` just timed out at the same target."""

    bundle: str


@dataclass(frozen=True, slots=True)
class NotComposed(Delivery):
    """No attempt was made because the message raised an error: its target is not to blame."""


# There was no time left for it: the message goes back to the outbox, and out with the next batch.
NOT_SENT = Delivery(Outcome.FAILED, "not sent", 0.0)


def nobody(reason: str) -> Delivery:
    """The target leads nowhere, which only a person can set right."""
    return Delivery(Outcome.NOBODY, reason, 0.0)


def failed(reason: str) -> Delivery:
    """No attempt was possible this time."""
    return Delivery(Outcome.FAILED, reason, 0.0)
