"""Sends many messages at once with few workers, so that a hung service delays only itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, Queue
from typing import Generic, Protocol, TypeVar

from supportops.notify.outgoing import Delivery, Outcome


class Addressed(Protocol):
    """Anything that can be sent; `target` names who gets it."""

    @property
    def target(self) -> str:
        """Who gets it."""
        ...


J = TypeVar("J", bound=Addressed)


def send_all(
    jobs: Sequence[J],
    send: Callable[[J], Delivery],
    *,
    workers: int = 8,
    hard_limit: float = 30.0,
) -> Iterator[tuple[J, Delivery]]:
    """Sends `jobs`, the first ones first, and yields each result as it comes.

    At most `workers` are on their way at once, and one to each target. A `send` that is still
    not back after `hard_limit` seconds is reported as UNKNOWN and another worker takes its
    place; its late answer is dropped. A `send` that raises counts as FAILED. The workers are
    daemons, so that none keeps the process alive. A caller that stops iterating starts nothing
    more.
    """
    pool = _Pool(jobs, send, hard_limit)
    for _ in range(min(workers, len(jobs))):
        pool.start_worker()
    try:
        for _ in jobs:
            yield pool.next_result()
    finally:
        pool.stop()


class _Pool(Generic[J]):
    """The jobs still waiting, those in flight, and the results not yet collected."""

    def __init__(self, jobs: Sequence[J], send: Callable[[J], Delivery], limit: float) -> None:
        self._jobs = jobs
        self._send = send
        self._limit = limit
        self._waiting = list(range(len(jobs)))
        self._in_flight: dict[int, float] = {}
        self._results: Queue[tuple[int, Delivery]] = Queue()
        self._changed = threading.Condition()

    def start_worker(self) -> None:
        """Starts one more worker thread."""
        threading.Thread(target=self._work, name="supportops-worker", daemon=True).start()

    def stop(self) -> None:
        """Starts no further job; those in flight run on without being awaited."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def next_result(self) -> tuple[J, Delivery]:
        """Waits for the next job to end, or to exceed the limit."""
        while True:
            try:
                index, delivery = self._results.get(timeout=self._until_overdue())
            except Empty:
                self._give_up_overdue()
            else:
                return self._jobs[index], delivery

    def _until_overdue(self) -> float:
        """Seconds until the oldest job in flight is over its limit."""
        with self._changed:
            oldest = min(self._in_flight.values(), default=time.monotonic())
        return max(0.01, oldest + self._limit - time.monotonic())

    def _give_up_overdue(self) -> None:
        late = Delivery(Outcome.UNKNOWN, f"no answer within {self._limit:g} s", self._limit)
        with self._changed:
            over = time.monotonic() - self._limit
            overdue = [index for index, since in self._in_flight.items() if since <= over]
            for index in overdue:
                self._finish(index, late)
        for _ in overdue:
            self.start_worker()

    def _finish(self, index: int, delivery: Delivery) -> bool:
        """Reports a result, once; False if the job was given up before. Call with the lock held."""
        if self._in_flight.pop(index, None) is None:
            return False
        self._results.put((index, delivery))
        self._changed.notify_all()
        return True

    def _take(self) -> int | None:
        """The most urgent job whose target is free; None when nothing is left to start."""
        with self._changed:
            while self._waiting:
                busy = {self._jobs[index].target for index in self._in_flight}
                for index in self._waiting:
                    if self._jobs[index].target not in busy:
                        self._waiting.remove(index)
                        self._in_flight[index] = time.monotonic()
                        return index
                self._changed.wait()
        return None

    def _work(self) -> None:
        while (index := self._take()) is not None:
            delivery = self._attempt(index)
            with self._changed:
                if not self._finish(index, delivery):
                    return

    def _attempt(self, index: int) -> Delivery:
        try:
            return self._send(self._jobs[index])
        except Exception as error:  # its text may hold an address, its kind does not
            return Delivery(Outcome.FAILED, f"sending failed: {type(error).__name__}", 0.0)
