"""The part of `customers.yaml` about notices: who approves them, and how soon customers hear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import StringConstraints

from supportops.config.model import Model, Wrong, entries, mapping, shown
from supportops.config.values import Delay, Duration
from supportops.names import folded
from supportops.notices.settings import Approval, NoticePlan, NoticeSettings, TicketComment, Timeout

_RULES = ("approval", "after", "timeout", "first", "every", "faults_after", "tickets", "due_by")
Signature = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NoticeRules(Model):
    """What one customer has otherwise; what is not named is as for all."""

    approval: Approval | None = None
    after: Delay | None = None
    timeout: Timeout | None = None
    first: Duration | None = None
    every: Duration | None = None
    faults_after: Duration | None = None
    tickets: TicketComment | None = None
    due_by: bool | None = None


class NoticesEntry(Model):
    """The notices of all customers. `signature` ends each mail: the agency's name."""

    approval: Approval = Approval.REQUIRED
    after: Delay = timedelta(minutes=5)
    timeout: Timeout = Timeout.SEND
    first: Duration = timedelta(minutes=10)
    every: Duration = timedelta(hours=1)
    faults_after: Duration | None = None
    tickets: TicketComment = TicketComment.UPDATE
    due_by: bool = False
    signature: Signature | None = None

    def settings(self, own: NoticeRules | None = None) -> NoticeSettings:
        """Those of a customer with rules of its `own`."""
        found = {name: getattr(self, name) for name in _RULES}
        if own is not None:
            found |= {name: getattr(own, name) for name in own.model_fields_set}
        return NoticeSettings(**found)

    def plan(self, own: dict[str, NoticeRules]) -> NoticePlan:
        """`own`: the rules of customers that have some, by name."""
        settings = {folded(name): self.settings(rules) for name, rules in own.items()}
        return NoticePlan(self.settings(), self.signature or "", settings)


def not_in_time(data: Any) -> Iterator[Wrong]:
    """A draft that waits for longer than its first notice may take, in `data` of any shape."""
    if not isinstance(data, dict) or not isinstance(data.get("notices"), dict):
        return
    common = _read(NoticesEntry, mapping(data, "notices"))
    if common is None:
        return
    if _waits_too_long(common.settings()):
        yield Wrong(("notices", "after"), shown(_written(common.after)), _less(common.first))
    for path, entry in entries(data, "customers"):
        own = _read(NoticeRules, mapping(entry, "notice_rules"))
        if own is not None and own.model_fields_set:
            settings = common.settings(own)
            if _waits_too_long(settings) and not _waits_too_long(common.settings()):
                place = next(n for n in ("after", "first", "approval") if n in own.model_fields_set)
                found = _written(settings.after)
                yield Wrong((*path, "notice_rules", place), shown(found), _less(settings.first))


def _waits_too_long(settings: NoticeSettings) -> bool:
    return settings.approval is Approval.REQUIRED and settings.after >= settings.first


def _less(first: timedelta) -> str:
    return f"less than `first`, {_written(first)}, within which the first notice is to be sent"


def _written(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def _read(model: type[Any], data: Any) -> Any:
    """What is wrong inside it is reported where it stands."""
    try:
        return model.model_validate(data)
    except ValueError:
        return None
