"""Acts on alerts."""

from __future__ import annotations

from pydantic import Field

from supportops.flows import alert_acts
from supportops.web.acts.act import LONGEST_KEY, Act, Acting, Body, Done, Refused


class Key(Body):
    """An alert, by its key."""

    key: str = Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[^\x00]+$")


def _acknowledge(acting: Acting, body: Key) -> Done:
    try:
        alert_acts.acknowledge(acting.context, body.key, acting.who, acting.now)
    except alert_acts.AlertActError as error:
        raise Refused(f"{error}.".capitalize()) from None
    return Done("You have it.")


ACTS = (Act("acknowledge", Key, _acknowledge),)
