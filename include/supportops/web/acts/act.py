"""An act on the board: a form or a button of a page, and what happens when somebody sends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from supportops.context import Context
from supportops.web.examinations import Examinations
from supportops.web.page import OpenSources, no_sources

LONGEST_KEY = 4000


class Body(BaseModel):
    """The fields of a form, which are named as its inputs; white space around texts is cut."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, when, and on which installation. An act opens its own transactions."""

    context: Context
    who: str
    now: datetime
    open_sources: OpenSources = no_sources
    examinations: Examinations | None = None

    def clock(self) -> Callable[[], datetime]:
        """The time that passes from `now` on, for an act that lasts."""
        began = time.monotonic()
        return lambda: self.now + timedelta(seconds=time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did, in a sentence; `to`: the page to go on with, relative to the board.

    Without `to` the page that sent it is shown anew. `values` are for scripts (JSON).
    """

    said: str
    to: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


class Refused(ValueError):
    """An act that was not done, and why, in a sentence; `fields`: what is wrong with each."""

    def __init__(self, why: str, **fields: str) -> None:
        super().__init__(why)
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Act(Generic[B]):
    """An act: `POST act/<name>` with a `body` as JSON runs `do`.

    `do` raises Refused for what cannot be done, LookupError for what is not there.
    """

    name: str
    body: type[B]
    do: Callable[[Acting, B], Done]
