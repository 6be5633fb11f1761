"""The act on receivers: a marked test message."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from supportops.config.yaml_source import ConfigurationError
from supportops.flows.alerts import receivers
from supportops.web.acts.act import Act, Acting, Body, Done, Refused
from supportops.web.notifications import OUTCOMES


class Named(Body):
    """A receiver or one of its targets, by its name in alerts.yaml."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


def _test(acting: Acting, body: Named) -> Done:
    try:
        tested = receivers.send_test(acting.context, [body.name], acting.who, acting.clock())
    except ConfigurationError as error:
        raise Refused(f"Nothing was sent: {error.faults[0]}.") from error
    said = "; ".join(f"{each.target.name}: {_words(each)}" for each in tested)
    if not all(each.arrived for each in tested):
        raise Refused(f"{said}.")
    return Done(f"{said}.")


def _words(tested: receivers.Tested) -> str:
    if tested.outcome is None:
        return "no outcome yet, look again in a minute"
    words = OUTCOMES.get(tested.outcome.outcome, tested.outcome.outcome)
    detail = tested.outcome.detail
    return words if tested.arrived or not detail or detail == words else f"{words} ({detail})"


ACTS = (Act("test_receiver", Named, _test),)
