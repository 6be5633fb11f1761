"""Acts on tickets: a note, a reply, a solution, other values, and the tier of a doubtful one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from supportops.flows.tickets import doubtful_tickets, ticket_acts
from supportops.flows.tickets.ticket_acts import TicketAct
from supportops.rendering.render import sentence
from supportops.tickets.ticket import EventKind, Status
from supportops.web.acts.act import Act, Acting, Body, Done, Refused

_TEXT = r"^[^\x00]*$"
_VALUES = (
    *(EventKind.TIER, EventKind.PRIORITY, EventKind.ASSIGNEE),
    *(EventKind.SITE, EventKind.CUSTOMER),
)


class Named(Body):
    """A ticket, by its source and its number."""

    source: str = Field(min_length=1, max_length=200, pattern=_TEXT)
    id: str = Field(min_length=1, max_length=200, pattern=_TEXT)

    @property
    def name(self) -> str:
        """As the commands name it."""
        return f"{self.source}/{self.id}"


class Written(Named):
    """Words for a ticket; those that do not fit are refused with a sentence."""

    text: str = Field(default="", max_length=100_000, pattern=_TEXT)


class Values(Named):
    """Other values of a ticket; an empty one, or one that is so already, changes nothing.

    `was`: the values that the form was shown with, a JSON object. What was not changed in the form
    stays as it is by now, whoever has set it meanwhile. `as_written`: a site and a customer that
    nothing else names are stored, too.
    """

    status: Status | None = None
    tier: str = Field(default="", max_length=1_000, pattern=_TEXT)
    priority: str = Field(default="", max_length=1_000, pattern=_TEXT)
    assignee: str = Field(default="", max_length=1_000, pattern=_TEXT)
    site: str = Field(default="", max_length=1_000, pattern=_TEXT)
    customer: str = Field(default="", max_length=1_000, pattern=_TEXT)
    as_written: bool = False
    was: str = Field(default="", max_length=10_000, pattern=_TEXT)

    def given(self) -> Mapping[EventKind, str]:
        """The values that were changed in the form, by the kind of their event."""
        was = self._was()
        found = {kind: value for kind in _VALUES if (value := getattr(self, kind.value))}
        return {kind: value for kind, value in found.items() if value != was.get(kind.value)}

    def new_status(self) -> Status | None:
        """The status if it was changed in the form."""
        return None if self.status == self._was().get("status") else self.status

    def _was(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.was or "{}")
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Refused("The form is not the board's: load the page again.")
        return found


class Decision(Named):
    """The tier that a doubtful ticket has had from its creation."""

    tier: str = Field(min_length=1, max_length=200, pattern=_TEXT)


def _note(acting: Acting, body: Written) -> Done:
    return _run(acting, body, lambda: ticket_acts.note(acting.who, body.text), field="text")


def _reply(acting: Acting, body: Written) -> Done:
    return _run(acting, body, lambda: ticket_acts.reply(acting.who, body.text), field="text")


def _solve(acting: Acting, body: Written) -> Done:
    return _run(acting, body, lambda: ticket_acts.solve(acting.who, body.text), field="text")


def _reopen(acting: Acting, body: Named) -> Done:
    return _run(acting, body, lambda: ticket_acts.reopen(acting.who))


def _set(acting: Acting, body: Values) -> Done:
    stored = ticket_acts.current(acting.context, body.name)
    values = {
        kind: value for kind, value in body.given().items() if getattr(stored, kind.value) != value
    }
    status = body.new_status()
    status = None if status is stored.status else status
    if not values and status is None:
        raise Refused("Nothing was changed: every value is so already.")
    made = ticket_acts.change
    return _run(acting, body, lambda: made(acting.who, status, values), as_written=body.as_written)


def _run(
    acting: Acting,
    body: Named,
    made: Callable[[], TicketAct],
    *,
    field: str = "",
    as_written: bool = False,
) -> Done:
    try:
        with acting.open_sources() as sources:
            done = ticket_acts.run(
                acting.context, body.name, made(), acting.now, sources, as_written=as_written
            )
    except ticket_acts.ActError as error:
        raise _refused(error, field) from None
    return Done(f"{done.ticket}: {'; '.join(done.said)}.", values={"changed": done.changed})


def _refused(error: ticket_acts.ActError, field: str) -> Refused:
    words = sentence(error)
    if error.free:
        words += " Tick the box below to store it as it is written."
    wrong = error.about.value if error.about else field
    return Refused(words, **({wrong: words} if wrong else {}))


def _decide(acting: Acting, body: Decision) -> Done:
    try:
        doubtful_tickets.decide(acting.context, body.name, body.tier, acting.who, acting.now)
    except LookupError as error:
        raise Refused(f"{error}.") from None
    return Done(f"{body.name} is {body.tier}: the next sweep judges it so from its creation.")


ACTS = (
    Act("ticket_note", Written, _note),
    Act("ticket_reply", Written, _reply),
    Act("ticket_solve", Written, _solve),
    Act("ticket_reopen", Named, _reopen),
    Act("ticket_set", Values, _set),
    Act("ticket_decide", Decision, _decide),
)
