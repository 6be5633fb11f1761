"""Acts on alerts: to take them, one or several, to give them back, and to put them off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from supportops.flows.alerts import alert_acts, incident_notes
from supportops.rendering.render import sentence
from supportops.web.acts.act import LONGEST_KEY, Act, Acting, Body, Done, Refused

AlertKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[^\x00]+$")]
Note = Annotated[str, Field(max_length=5000)]
# As long as a year; 0: no limit.
Minutes = Annotated[int, Field(ge=0, le=366 * 24 * 60)]
MOST_AT_ONCE = 500
_FIRST_WORDS = ("a", "it", "no", "nobody", "nothing", "the")


class Key(Body):
    """An alert, by its key."""

    key: AlertKey


class Taking(Body):
    """`holder`: who has it by what the page showed; empty for nobody."""

    key: AlertKey
    note: Note = ""
    minutes: Minutes = 0
    holder: Annotated[str, Field(max_length=1000)] = ""


class Several(Body):
    """Alerts, by their keys."""

    keys: Annotated[tuple[AlertKey, ...], Field(max_length=MOST_AT_ONCE)] = ()
    note: Note = ""
    minutes: Minutes = 0


class Snooze(Body):
    """An alert that is put off for some minutes."""

    key: AlertKey
    note: Note = ""
    minutes: Annotated[int, Field(ge=1, le=366 * 24 * 60)]


class Cause(Body):
    """The cause of an incident, what was done and a note; an empty one takes back what was noted.
    What is left out of `done` stays as it was."""

    key: AlertKey
    cause: Note = ""
    note: Note = ""
    done: Note | None = None


def _acknowledge(acting: Acting, body: Taking) -> Done:
    return _done(
        lambda: alert_acts.acknowledge(
            acting.context,
            body.key,
            acting.who,
            acting.now,
            note=body.note,
            until=_until(acting, body.minutes),
        )
    )


def _take_over(acting: Acting, body: Taking) -> Done:
    return _done(
        lambda: alert_acts.take_over(
            acting.context,
            body.key,
            acting.who,
            acting.now,
            note=body.note,
            until=_until(acting, body.minutes),
            holder=body.holder or None,
        )
    )


def _unacknowledge(acting: Acting, body: Key) -> Done:
    return _done(lambda: alert_acts.unacknowledge(acting.context, body.key, acting.who, acting.now))


def _snooze(acting: Acting, body: Snooze) -> Done:
    until = acting.now + timedelta(minutes=body.minutes)
    return _done(
        lambda: alert_acts.snooze(
            acting.context, body.key, acting.who, until, acting.now, note=body.note
        )
    )


def _end_snooze(acting: Acting, body: Key) -> Done:
    return _done(lambda: alert_acts.end_snooze(acting.context, body.key, acting.who, acting.now))


def _several(acting: Acting, body: Several) -> Done:
    """Each is taken by itself, so that one that is over holds back no other."""
    if not body.keys:
        raise Refused("None is selected.")
    taken, refused, until = 0, list[str](), _until(acting, body.minutes)
    for key in dict.fromkeys(body.keys):
        try:
            alert_acts.acknowledge(
                acting.context, key, acting.who, acting.now, note=body.note, until=until
            )
            taken += 1
        except alert_acts.AlertActError as error:
            refused.append(str(error))
    if not taken:
        raise Refused(f"None was taken: {refused[0]}.")
    left = f"; {len(refused)} not: {refused[0]}" if refused else ""
    return Done(f"You have {taken} of them{left}.", values={"taken": taken})


def _note_cause(acting: Acting, body: Cause) -> Done:
    try:
        written = incident_notes.note(
            acting.context,
            body.key,
            body.cause,
            body.note,
            acting.who,
            acting.now,
            done=body.done,
        )
    except incident_notes.NoteError as error:
        raise Refused(_sentence(error)) from error
    alike = f" Noted before: {', '.join(written.alike)}." if written.alike else ""
    return Done(f"Noted.{alike}")


def _done(act: Callable[[], alert_acts.Acted]) -> Done:
    try:
        said = act().said
    except alert_acts.AlertActError as error:
        raise Refused(_sentence(error)) from error
    return Done(f"{said}.")


def _sentence(error: Exception) -> str:
    """A fault as a sentence; one that begins with a person's name begins as that is written."""
    text = str(error)
    first = text.partition(" ")[0]
    return sentence(text, capital=first in _FIRST_WORDS)


def _until(acting: Acting, minutes: int) -> datetime | None:
    return acting.now + timedelta(minutes=minutes) if minutes else None


ACTS = (
    Act("acknowledge", Taking, _acknowledge),
    Act("acknowledge_several", Several, _several),
    Act("take_over", Taking, _take_over),
    Act("unacknowledge", Key, _unacknowledge),
    Act("snooze", Snooze, _snooze),
    Act("end_snooze", Key, _end_snooze),
    Act("note_cause", Cause, _note_cause),
)
