"""Writes the results of a run while it goes on, and has judged what is ready."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from types import TracebackType

from sqlalchemy import Engine

from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.sites import store
from supportops.sites.log import chains
from supportops.sites.log.chains import SeenChain
from supportops.sites.runs import part_store
from supportops.sites.standing import Attempt

log = logging.getLogger(__name__)

FLUSH_EVERY = 200
FLUSH_SECONDS = 5.0
# A failed check may begin an outage, and a killed task is resumed from what is stored.
FAILURE_SECONDS = 1.0
# A judgement of a large fleet takes long: at most so much of the time is spent on them.
JUDGING_SHARE = 0.1

# Judges what is ready, and answers when to look again at what waits.
JudgePart = Callable[[], datetime | None]


class Writer:
    """Appends results in small transactions, so that a killed check loses the last few at most.

    A thread of its own writes and judges: a slow store must not make the sites look slow. A page
    that was judged takes no more results, or a replay would judge it otherwise. Leaving the context
    waits for all writes, and raises the first error of any.
    """

    def __init__(self, engine: Engine, slot: datetime, judge_part: JudgePart) -> None:
        self.over = False
        self.look_again: datetime | None = None
        self._engine = engine
        self._slot = slot
        self._judge_part = judge_part
        self._rows: list[Attempt] = []
        self._chains: dict[str, SeenChain] = {}
        self._flushed = monotonic()
        self._failed: float | None = None
        self._judge_from = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supportops-results")
        self._written: list[Future[None]] = []
        self._judging: Future[None] | None = None

    def add(self, attempt: Attempt) -> None:
        """Queues a result; returns before it is written."""
        self._rows.append(attempt)
        if self._failed is None and not attempt.result.good:
            self._failed = monotonic()
        if len(self._rows) >= FLUSH_EVERY or monotonic() - self._flushed >= FLUSH_SECONDS:
            self._flush()

    def add_chain(self, site: str, chain: SeenChain) -> None:
        """Queues other certificates than a site had before; the next results take them along."""
        self._chains[site] = chain

    def until_failures_are_due(self) -> float | None:
        """Seconds until failures that are queued have to be written; None where there are none."""
        left = None if self._failed is None else self._failed + FAILURE_SECONDS - monotonic()
        return None if left is None else max(0.0, left)

    def write_failures(self) -> None:
        """Queues a transaction where failures have waited for one long enough."""
        if self.until_failures_are_due() == 0:
            self._flush()

    @property
    def may_judge(self) -> bool:
        """Whether no judgement is under way, and the last one was long enough ago."""
        under_way = self._judging is not None and not self._judging.done()
        return not under_way and monotonic() >= self._judge_from

    def judge(self) -> None:
        """Has everything written and what is ready judged; returns before that."""
        self._flush()
        self._judging = self._thread.submit(self._judge)

    def _flush(self) -> None:
        rows, self._rows, self._flushed, self._failed = self._rows, [], monotonic(), None
        others, self._chains = self._chains, {}
        if rows:
            self._written.append(self._thread.submit(self._append, rows, others))

    def _append(self, rows: Sequence[Attempt], others: Mapping[str, SeenChain]) -> None:
        with writing(self._engine) as connection:
            advisory_lock(connection, Lock.JUDGE_SITES)
            run = store.run_of(connection, self._slot)
            self.over = run is None or run.judged_at is not None
            if not self.over:
                judged = part_store.judged_pages(connection, self._slot)
                open_rows = [row for row in rows if (row.site, row.page) not in judged]
                rows = part_store.with_controls_numbered(connection, self._slot, open_rows)
                store.append_results(connection, self._slot, rows)
            if others:
                chains.record(connection, others)

    def _judge(self) -> None:
        begun = monotonic()
        try:
            self.look_again = self._judge_part()
        except Exception:  # the judgement at the run's end includes it
            log.exception("a part of the run could not be judged")
        ended = monotonic()
        self._judge_from = ended + (ended - begun) * (1 / JUDGING_SHARE - 1)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._flush()
        self._thread.shutdown()
        if kind is None:
            for written in self._written:
                written.result()
