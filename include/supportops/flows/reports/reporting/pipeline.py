"""Makes reports, one step after another, from the ticket log to the messages in the outbox.

1. select   which reports, as of when                          selection.py
2. gather   the facts: ticket events judged into clocks,       gathering.py, clock_rows.py
            what happened to tickets, sites and alerts         ticket_, site_, alert_rows.py
3. measure  the facts into figures                             reports/measuring/measure.py
4. compare  with what was issued about earlier periods         comparing.py, earlier_reports.py
5. word     the figures as a document                          reports/words/wording.py
6. render   the document as files                              reports/formats/render.py
7. keep     them as an edition in the store                    keeping.py
8. send     it: issued, and queued in the outbox               keeping.py, messages.py

A report is made from the log as of its own instant, whenever that is done: a later run finds what
has become known since and keeps a new draft beside what was issued. What was issued is never made
again unless a corrected edition is requested. Keeping and sending are one transaction: a run that
was killed and runs again sends nothing twice.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from supportops import __version__
from supportops.alerts.channels.registry import CHANNELS
from supportops.config.configuration import Configuration
from supportops.db.engine import reading
from supportops.flows.reports.reporting.comparing import restatements_today
from supportops.flows.reports.reporting.earlier_reports import EarlierReports
from supportops.flows.reports.reporting.gathering import gather
from supportops.flows.reports.reporting.keeping import (
    FinishedReport,
    ReportResult,
    keep_and_send,
    settled,
)
from supportops.flows.reports.reporting.selection import (
    FactsRequest,
    ReportJob,
    ReportRequest,
    select_jobs,
)
from supportops.reports import store
from supportops.reports.audience import Brand, Format
from supportops.reports.document import Head
from supportops.reports.facts import Facts
from supportops.reports.figures import Restatement
from supportops.reports.formats.data_files import counted_file
from supportops.reports.formats.file import File
from supportops.reports.formats.render import render
from supportops.reports.links import report_link
from supportops.reports.measuring.figures_json import to_json
from supportops.reports.measuring.measure import measure, of_audience, with_history
from supportops.reports.measuring.month import is_short, month_of
from supportops.reports.measuring.response_times import counted
from supportops.reports.words.explanations import Policy
from supportops.reports.words.monthly import customer_month
from supportops.reports.words.wording import document

# Periods that are gathered in one reading: more would share more of it, and hold more in memory.
BATCH = 40

OnReport = Callable[[ReportResult, Sequence[File]], None]
"""Called with each report and its files, as soon as it is kept."""
OnProgress = Callable[[int, int], None]
"""Called with how many reports are done, and of how many."""


def make_reports(
    engine: Engine,
    configuration: Configuration,
    request: ReportRequest,
    at: datetime,
    now: datetime,
    *,
    on_report: OnReport | None = None,
    on_progress: OnProgress | None = None,
) -> list[ReportResult]:
    """The requested reports as of `at` at the latest, by period, then audience.

    `now` is stored as the time at which they were made; both instants are aware. Raises
    ReportError before anything is made.
    """
    jobs = select_jobs(configuration, request, at)
    results: list[ReportResult] = []
    earlier = EarlierReports(configuration.customers)
    if on_progress is not None:
        on_progress(0, len(jobs))
    with _rare_collections():
        for batch in _batches(engine, request, jobs, earlier):
            for result, files in _make(engine, configuration, request, batch, earlier, now):
                results.append(result)
                if on_report is not None:
                    on_report(result, files)
                if on_progress is not None:
                    on_progress(len(results), len(jobs))
    return results


@contextmanager
def _rare_collections() -> Iterator[None]:
    """A report is made of millions of small values that live until it is finished. To look for
    cycles among them after every few hundred would take a fifth of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _batches(
    engine: Engine, request: ReportRequest, jobs: Sequence[ReportJob], earlier: EarlierReports
) -> Iterator[list[ReportJob]]:
    """The jobs in their order, as many at a time as are gathered in one reading.

    When sending, never of two periods: the next one's report looks back at what was just issued.
    """
    by_period = (list(own) for _, own in groupby(jobs, key=lambda job: job.period.label))
    for group in by_period if request.send else [list(jobs)]:
        with reading(engine) as connection:
            for job in group:
                earlier.load(connection, job)
        batch: list[ReportJob] = []
        for job in group:
            if batch and len(_needed([*batch, job], earlier)) > BATCH:
                yield batch
                batch = []
            batch.append(job)
        if batch:
            yield batch


def _needed(jobs: Sequence[ReportJob], earlier: EarlierReports) -> list[FactsRequest]:
    """The facts that these reports are made from, each once.

    Of an earlier period that was issued those known today, to compare; of another one those of its
    own instant, unless they are gathered or counted anyway.
    """
    needed = dict.fromkeys(job.facts for job in jobs)
    whole = {facts.period for facts in needed}
    for job in jobs:
        for facts in job.earlier:
            if earlier.issued(job.audience, facts.period) is not None:
                needed[replace(facts, as_of=job.facts.as_of)] = None
            elif facts.period not in whole and not earlier.is_known(job.audience, facts.period):
                needed[facts] = None
    return list(needed)


def _make(
    engine: Engine,
    configuration: Configuration,
    request: ReportRequest,
    batch: Sequence[ReportJob],
    earlier: EarlierReports,
    now: datetime,
) -> Iterator[tuple[ReportResult, Sequence[File]]]:
    """Each report of a batch with its files; one that was sent before is read back."""
    todo = [job for job in batch if not _is_done(request, job, earlier)]
    needed = _needed(todo, earlier)
    with reading(engine) as connection:
        gathered = gather(connection, configuration, needed) if needed else []
    facts = dict(zip(needed, gathered, strict=True))
    for job in todo:
        earlier.count(job, facts)
    for job in batch:
        if _is_done(request, job, earlier):
            issued = earlier.same[job.name]
            with reading(engine) as connection:
                yield settled(issued), store.files(connection, issued.id)
        else:
            yield _make_one(engine, configuration, request, job, facts, earlier, now)


def _is_done(request: ReportRequest, job: ReportJob, earlier: EarlierReports) -> bool:
    """Whether it was issued or rejected, and no correction is requested."""
    return request.send and not request.again and job.name in earlier.same


def _make_one(
    engine: Engine,
    configuration: Configuration,
    request: ReportRequest,
    job: ReportJob,
    facts: Mapping[FactsRequest, Facts],
    earlier: EarlierReports,
    now: datetime,
) -> tuple[ReportResult, Sequence[File]]:
    """Steps 3 to 8 of one report. `facts` holds all that `_needed` names for it."""
    audience, plan = job.audience, configuration.reports
    figures = measure(facts[job.facts], audience, plan)
    changed: tuple[Restatement, ...] = ()
    if audience.brand is None:
        with reading(engine) as connection:
            changed = restatements_today(connection, configuration, job, facts, earlier)
    figures = with_history(figures, audience, plan, earlier.points(job), changed)
    own = of_audience(facts[job.facts], audience)
    formats = () if request.bare else audience.formats
    corrects = request.again and earlier.corrects(job)
    if audience.brand is not None:
        figures = replace(figures, month=month_of(own, earlier.year(job)))
        words = customer_month.document(
            figures,
            audience,
            tier_titles=configuration.tiers.titles(),
            tier_ranks=configuration.tiers.ranks(),
            head=_head(configuration, audience.brand),
            policies=_policies(configuration),
            corrects=corrects,
            version=__version__,
        )
    else:
        words = document(
            figures,
            audience,
            plan,
            tier_titles=configuration.tiers.titles(),
            tier_ranks=configuration.tiers.ranks(),
            channel_labels={name: channel.label for name, channel in CHANNELS.items()},
            link=_link(configuration, job),
            corrects=corrects,
            version=__version__,
            clocks=len(own.clocks) if Format.XLSX in formats else 0,
        )
    comparable = counted_file(counted(own.clocks, own.period, own.as_of))
    rendered = render(words, figures, own.clocks, comparable, formats)
    old = figures.stale and figures.data_until is not None
    doubtful = audience.brand is not None and (is_short(figures) or old)
    asks = audience.approved or (request.careful and doubtful)
    report = FinishedReport(job, to_json(figures), figures.data_until, rendered, asks)
    return keep_and_send(engine, configuration, request, report, now), rendered.files


def _policies(configuration: Configuration) -> dict[str, Policy]:
    zone, book = ZoneInfo(configuration.zone), configuration.promises
    return {
        version.name: Policy(version.title, version.valid_from.astimezone(zone).date())
        for version in (book.versions if book else ())
    }


def _head(configuration: Configuration, brand: Brand) -> Head:
    """A logo that is no longer in the configuration's folder is left out."""
    return Head(brand.name, brand.colour, configuration.pictures.get(brand.logo or ""))


def _link(configuration: Configuration, job: ReportJob) -> str | None:
    """The report's page on the board, which a customer has no way into."""
    if job.audience.customer is not None:
        return None
    return report_link(configuration.alerts.board_url, *job.name)
