"""How far the conversation of one attempt got: whether its message may have arrived."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

# A gateway that answers so has no proper answer from the service behind it, which may have taken
# the message: RFC 9110, 15.6.3 and 15.6.5, and what Cloudflare adds to them. Any other error
# status is the service's own answer that it did not.
GATEWAY_WITHOUT_ANSWER = frozenset({502, 504, 520, 524})

_here = threading.local()


class Stage(StrEnum):
    """Of one message or request: BROKEN before it was wholly written, WRITTEN and not answered."""

    WRITING = "writing"
    BROKEN = "broken"
    WRITTEN = "written"
    ANSWERED = "answered"


class Conversation:
    """What the connections of one attempt report: each message, its last byte, its answer.

    The attempt's own thread reports. `cut` is for the thread that waits for it: what was not
    being written by then never is, so that an attempt which counts as failed sends nothing later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stages: list[Stage] = []
        self._is_cut = False
        self.followed = True
        """False for a service that is spoken to in another way than by HTTP or SMTP."""
        self.taken = 0
        """Recipients for whom the service took the message."""

    def begin(self) -> None:
        """The last bytes of a message are about to be written.

        Raises ConnectionAbortedError after `cut`.
        """
        with self._lock:
            if self._is_cut:
                raise ConnectionAbortedError("the attempt was given up")
            self._stages.append(Stage.WRITING)

    def reached(self, stage: Stage) -> None:
        """The message that was begun last is at `stage` now."""
        with self._lock:
            self._stages[-1] = stage

    @property
    def may_have_arrived(self) -> bool:
        """Whether anybody may have the message, where the attempt was not a success."""
        in_doubt = {Stage.WRITING, Stage.WRITTEN}
        return not self.followed or self.taken > 0 or not in_doubt.isdisjoint(self._stages)

    def cut(self) -> bool:
        """Ends the attempt from outside; answers whether the message may have arrived."""
        with self._lock:
            self._is_cut = True
            return self.may_have_arrived


@contextmanager
def conversing(conversation: Conversation) -> Iterator[None]:
    """Until the block ends the connections that this thread opens report to `conversation`."""
    _here.conversation = conversation
    try:
        yield
    finally:
        _here.conversation = None


def current() -> Conversation | None:
    """The conversation of this thread, if it is sending a message."""
    return getattr(_here, "conversation", None)
