"""Acts on silences: to make one, and to end one early."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from supportops.alerts.routing.matcher import How, MatcherError
from supportops.alerts.silencing.silence import Label
from supportops.flows.alerts import silences as flow
from supportops.rendering.render import sentence
from supportops.web.acts.act import Act, Acting, Body, Done, Refused
from supportops.web.alerting.matchers import Form, matchers_of

Value = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class NewSilence(Body):
    """As the form has it; it begins at once and lasts `minutes`."""

    label: Label = Label.SITE
    how: How = How.EQUAL
    value: Value = ""
    label2: Label = Label.KIND
    how2: How = How.EQUAL
    value2: Value = ""
    minutes: Annotated[int, Field(ge=1, le=366 * 24 * 60)]
    reason: Annotated[str, Field(max_length=5000)] = ""


class Number(Body):
    """A silence, by its number."""

    id: Annotated[int, Field(ge=1, le=2**62)]


def _add(acting: Acting, body: NewSilence) -> Done:
    fields = body.model_dump(include=set(Form.model_fields))
    try:
        new = flow.NewSilence(
            matchers_of(Form.model_validate(fields)),
            acting.now,
            acting.now + timedelta(minutes=body.minutes),
            body.reason,
            acting.who,
        )
        made = flow.add(acting.context, new, acting.now)
    except MatcherError as error:
        raise Refused("It was not made.", value=f"{error}") from error
    except flow.SilenceError as error:
        field = "reason" if "why" in str(error) or "reason" in str(error) else "minutes"
        raise Refused("It was not made.", **{field: f"{error}"}) from error
    return Done(f"Silence {made.id} is in force: {made.words()}.", to="silences")


def _expire(acting: Acting, body: Number) -> Done:
    try:
        ended = flow.expire(acting.context, body.id, acting.who, acting.now)
    except flow.SilenceError as error:
        raise Refused(sentence(error)) from error
    return Done(f"Silence {ended.id} has ended: what is still open is sent.")


ACTS = (Act("add_silence", NewSilence, _add), Act("expire_silence", Number, _expire))
