"""Acts about the installation itself."""

from __future__ import annotations

from supportops.web.acts.act import Act, Acting, Body, Done, Refused

WAIT_SECONDS = 8.0


class Examine(Body):
    """Nothing to say."""


def examine(acting: Acting, _: Examine) -> Done:
    """Examines the installation anew, as `supportops doctor` does."""
    if acting.examinations is None:
        raise Refused("Nothing examines this installation from here.")
    if acting.examinations.again(wait=WAIT_SECONDS):
        return Done("The installation was examined.")
    return Done("It is being examined; the page shows the findings when that has ended.")


ACTS = (Act("examine", Examine, examine),)
