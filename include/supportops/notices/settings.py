"""What customers are notified of, who approves it, and how often they hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from supportops.customers import Customer
from supportops.customers import Notice as Subject
from supportops.names import folded


class Approval(StrEnum):
    """Whether a person decides about each notice before it is sent."""

    NONE = "none"
    REQUIRED = "required"


class Timeout(StrEnum):
    """What becomes of a draft that nobody has decided about in time."""

    SEND = "send"
    DROP = "drop"


class TicketComment(StrEnum):
    """What a notice is on the customer's open tickets about the outage: no comment at all, one that
    keeps the customer notified, or one that is a reply as well."""

    NONE = "none"
    UPDATE = "update"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """The notices of one customer.

    `after`: how long a draft waits for a person before `timeout` decides. `first`: how long after
    an outage was confirmed its first notice is to be out; `every`: how long after one notice the
    next follows. `faults_after`: the age from which a fault of one page drafts notices too, None
    for never. `tickets`: what a notice is on the customer's tickets about the outage. `due_by`:
    whether notices say by when these are answered.
    """

    outages: bool = True
    faults_after: timedelta | None = None
    approval: Approval = Approval.REQUIRED
    after: timedelta = timedelta(minutes=5)
    timeout: Timeout = Timeout.SEND
    first: timedelta = timedelta(minutes=10)
    every: timedelta = timedelta(hours=1)
    tickets: TicketComment = TicketComment.UPDATE
    due_by: bool = False

    @property
    def waits(self) -> timedelta:
        """How long a draft waits for a person."""
        return self.after if self.approval is Approval.REQUIRED else timedelta(0)


@dataclass(frozen=True, slots=True)
class NoticePlan:
    """The notices of all customers. `rules` None: nobody gets any.

    `signature` ends each mail; "" for none. `own`: by customers' names as `names.folded` has them,
    for those that have rules of their own.
    """

    rules: NoticeSettings | None = None
    signature: str = ""
    own: Mapping[str, NoticeSettings] = field(default_factory=dict)

    def of(self, customer: Customer) -> NoticeSettings | None:
        """Those of one customer; None for one that gets no notices."""
        rules = None if self.rules is None else self.own.get(folded(customer.name), self.rules)
        wanted = customer.notices & {Subject.OUTAGE, Subject.FAULT}
        if rules is None or not wanted:
            return None
        faults = rules.faults_after if Subject.FAULT in wanted else None
        return replace(rules, outages=Subject.OUTAGE in wanted, faults_after=faults)
