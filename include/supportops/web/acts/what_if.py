"""Acts on replays of other policies."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from supportops.config.yaml_source import ConfigurationError
from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.flows.sla import what_if
from supportops.web.acts.act import Act, Acting, Body, Done, Refused
from supportops.web.page import link

_MOST_FAULTS = 5


class Another(Body):
    """Another service_levels.yaml, and the days of the office's zone that it is tried on."""

    policy: Annotated[str, Field(min_length=1, max_length=what_if.LONGEST_POLICY)]
    begin: date
    end: date


class Number(Body):
    """A replay, by its number."""

    id: Annotated[int, Field(ge=1, le=2**62)]


def _start(acting: Acting, body: Another) -> Done:
    with reading(acting.context.engine) as connection:
        zone = ZoneInfo(active_configuration(connection).displayed().zone)
    try:
        begin, end = _midnight(body.begin, zone), _midnight(body.end + timedelta(days=1), zone)
        number = what_if.start(acting.context, body.policy, begin, end, acting.who, acting.now)
    except OverflowError as error:
        raise Refused("It was not started.", end="no such day") from error
    except ConfigurationError as error:
        faults = "; ".join(str(fault) for fault in error.faults[:_MOST_FAULTS])
        raise Refused("It was not started.", policy=faults) from error
    except what_if.WhatIfError as error:
        raise Refused("It was not started.", **{error.field: str(error)}) from error
    return Done("It is being replayed.", to=link("what_if", run=number))


def _cancel(acting: Acting, body: Number) -> Done:
    if not what_if.cancel(acting.context, body.id, acting.who, acting.now):
        raise Refused("It is over already.")
    return Done("It is cancelled.")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


ACTS = (Act("start_what_if", Another, _start), Act("cancel_what_if", Number, _cancel))
