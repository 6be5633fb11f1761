"""Acts on alerts."""

from __future__ import annotations

from pydantic import Field

from supportops.flows import open_alerts
from supportops.web.acts.act import LONGEST_KEY, Act, Acting, Body, Done, Refused


class Key(Body):
    """An alert, by its key."""

    key: str = Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[^\x00]+$")


def _acknowledge(acting: Acting, body: Key) -> Done:
    if not open_alerts.acknowledge(acting.context, body.key, acting.who, acting.now):
        raise Refused("It is over, or somebody has it.")
    return Done("You have it.")


ACTS = (Act("acknowledge", Key, _acknowledge),)
