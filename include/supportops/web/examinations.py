"""What the doctor found, examined beside the pages: none of them waits long for it."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Lock, Thread

from supportops.clock import Clock
from supportops.context import OpenContext
from supportops.flows.operations.doctor import AirflowState, Examination, ReadAirflow, examine

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=10)
"""For so long the last examination is shown again."""


class Examinations:
    """The last examination of this installation, as seen from this process.

    One runs at a time, in a thread of its own. It reads, and sends nothing but, where `online`,
    requests for the time to the control addresses of sites.yaml.
    """

    def __init__(
        self,
        open_context: OpenContext,
        clock: Clock,
        read_airflow: ReadAirflow | None = None,
        *,
        online: bool = False,
    ) -> None:
        self._open_context, self._clock, self._online = open_context, clock, online
        self._read_airflow = read_airflow
        self._lock = Lock()
        self._last: Examination | None = None
        self._running: Thread | None = None

    def latest(self, *, wait: float = 0.0) -> Examination | None:
        """The last one; begins another where that is old, and gives it `wait` seconds.

        None before the first has ended.
        """
        with self._lock:
            if self._running is None and self._is_old():
                self._running = Thread(target=self._examine, name="doctor", daemon=True)
                self._running.start()
            running = self._running
        if running is not None:
            running.join(wait)
        return self._last

    @property
    def is_running(self) -> bool:
        """Whether one is under way."""
        return self._running is not None

    def again(self, *, wait: float) -> bool:
        """Examines anew, and waits `wait` seconds at most; whether it has ended by then."""
        with self._lock:
            self._last = self._last if self._running else None
        self.latest(wait=wait)
        return not self.is_running

    def airflow(self) -> AirflowState | None:
        """What Airflow says of itself now; None where that cannot be read from here."""
        try:
            return self._read_airflow() if self._read_airflow else None
        except Exception as error:
            log.warning("Airflow's own list of DAGs cannot be read: %s", type(error).__name__)
            return None

    def _is_old(self) -> bool:
        return self._last is None or not timedelta(0) <= self._clock() - self._last.at < FRESH

    def _examine(self) -> None:
        try:
            now = self._clock()
            with self._open_context() as context:
                checks = examine(context, now, online=self._online, airflow=self._read_airflow)
            self._last = Examination(now, tuple(checks))
        except Exception:
            log.exception("this installation could not be examined")
        finally:
            self._running = None
