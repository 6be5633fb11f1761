"""Makes reports about any periods for their audiences, keeps them, and sends what is to be sent.

A report is made from the log as of its own instant, whenever that is done: a later run finds what
has come to be known since and keeps a new draft beside what was issued. What was issued is never
made again unless a corrected edition is asked for, and keeping, issuing and queueing a report is
one transaction: a run that was killed and runs again sends nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Engine

from supportops import __version__
from supportops.config.loader import Configuration
from supportops.db.engine import reading
from supportops.flows.reporting.facts import Request, gather
from supportops.flows.reporting.history import Past, news, told_otherwise
from supportops.flows.reporting.keeping import Finished, Made, keep, sent_before
from supportops.flows.reporting.tasks import ReportError, Task, Tasks, Wanted
from supportops.reports import store
from supportops.reports.facts import Facts
from supportops.reports.figures import Figures, Restatement
from supportops.reports.formats.file import File
from supportops.reports.formats.render import Rendered, counted_file, render
from supportops.reports.links import report_link
from supportops.reports.measuring.figures_json import to_json
from supportops.reports.measuring.measuring import figures, of_audience
from supportops.reports.measuring.response_times import counted
from supportops.reports.words.wording import document

__all__ = ["Made", "ReportError", "Wanted", "make"]

# What is gathered in one reading: more would share more of it, and hold more in memory.
MOST_AT_ONCE = 40

TIER_TITLES = {
    "user_support": "User support",
    "bug_fix": "Bug fixes",
    "mission_critical": "Mission critical",
}
"""What reports call the tiers, by their identifiers in service_levels.yaml."""

Told = Callable[[Made, Sequence[File]], None]
Progress = Callable[[int, int], None]


def _nobody_told(_made: Made, _files: Sequence[File]) -> None: ...


def _no_progress(_done: int, _of: int) -> None: ...


def make(
    engine: Engine,
    configuration: Configuration,
    wanted: Wanted,
    at: datetime,
    now: datetime,
    *,
    told: Told = _nobody_told,
    progress: Progress = _no_progress,
) -> list[Made]:
    """The reports that are `wanted`, as of `at` at the latest; by period, then audience.

    `now` is written down as when they were made. `told` hears of each with its files, `progress`
    how many are done, and of how many. Raises ReportError, before anything is made.
    """
    making = _Making(engine, configuration, wanted, at, now)
    tasks = making.tasks.all()
    found: list[Made] = []
    progress(0, len(tasks))
    for block in making.blocks(tasks):
        for made, files in making.reports(block):
            found.append(made)
            told(made, files)
            progress(len(found), len(tasks))
    return found


class _Making:
    """One call of `make`: what it was given, and what it knows of earlier periods."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        wanted: Wanted,
        at: datetime,
        now: datetime,
    ) -> None:
        self.engine = engine
        self.configuration = configuration
        self.wanted = wanted
        self.tasks = Tasks(configuration, wanted, at)
        self.now = now
        self.past = Past()
        self.issued: dict[tuple[str, ...], store.Kept] = {}

    def blocks(self, tasks: Sequence[Task]) -> Iterator[list[Task]]:
        """Reports that are gathered together, as many as memory allows."""
        if not self.wanted.send:
            yield from self._blocks(tasks)
            return
        # What is sent of one period is what the next one's report looks back upon.
        for _, those in groupby(tasks, key=lambda task: task.period.label):
            yield from self._blocks(list(those))

    def _blocks(self, tasks: Sequence[Task]) -> Iterator[list[Task]]:
        self._load(tasks)
        block: list[Task] = []
        for task in tasks:
            if block and len(self._requests([*block, task])) > MOST_AT_ONCE:
                yield block
                block = []
            block.append(task)
        if block:
            yield block

    def reports(self, tasks: Sequence[Task]) -> Iterator[tuple[Made, Sequence[File]]]:
        """Each report of a block, made or found issued."""
        todo = [task for task in tasks if not self._is_over(task)]
        requests = self._requests(todo)
        with reading(self.engine) as connection:
            gathered = gather(connection, self.configuration, requests) if requests else []
        facts = dict(zip(requests, gathered, strict=True))
        self._take_tallies(todo, facts)
        for task in tasks:
            yield self._sent_before(task) if self._is_over(task) else self._report(task, facts)

    def _load(self, tasks: Sequence[Task]) -> None:
        with reading(self.engine) as connection:
            for task in tasks:
                kept = store.issued(connection, *task.name)
                if kept is not None:
                    self.issued[task.name] = kept
                if task.past:
                    self.past.load(connection, task.audience, task.past)

    def _is_over(self, task: Task) -> bool:
        """Whether all that is wanted was done: it was issued, and no correction is asked for."""
        return task.name in self.issued and self.wanted.send and not self.wanted.again

    def _requests(self, tasks: Sequence[Task]) -> list[Request]:
        """What to gather for these reports, each thing once."""
        found = dict.fromkeys(Request(task.period, task.as_of) for task in tasks)
        whole = {request.period for request in found}
        for task in tasks:
            for period in task.past:
                if self.past.is_issued(task.audience, period):
                    found[Request(period, task.as_of, due_only=True)] = None
                elif period not in whole and not self.past.is_known(task.audience, period):
                    found[Request(period, self.tasks.instant(period), due_only=True)] = None
        return list(found)

    def _take_tallies(self, tasks: Sequence[Task], facts: dict[Request, Facts]) -> None:
        """Sums up the periods of which nothing was issued, each as of its own instant."""
        for task in tasks:
            for period in (*task.past, task.period):
                at = self.tasks.instant(period)
                found = facts.get(Request(period, at)) or facts.get(
                    Request(period, at, due_only=True)
                )
                if found is not None:
                    self.past.add(task.audience, found)

    def _report(self, task: Task, facts: dict[Request, Facts]) -> tuple[Made, Sequence[File]]:
        own = facts[Request(task.period, task.as_of)]
        found = figures(
            own,
            task.audience,
            self.configuration.reports,
            self.past.points(task.audience, task.past),
            self._restatements(task, facts),
        )
        rendered = self._rendered(task, found, of_audience(own, task.audience))
        report = Finished(task, to_json(found), found.data_until, rendered)
        made = keep(self.engine, self.configuration, self.wanted, report, self.now)
        return made, rendered.files

    def _restatements(self, task: Task, facts: dict[Request, Facts]) -> tuple[Restatement, ...]:
        found: list[Restatement] = []
        with reading(self.engine) as connection:
            for period in task.past:
                kept = self.past.issued_report(task.audience, period)
                if kept is not None:
                    today = facts[Request(period, task.as_of, due_only=True)]
                    read = told_otherwise(
                        connection, kept, task.audience, today, self.configuration
                    )
                    found += news(read, self.past.told(task.audience, period, task.period))
        return tuple(found)

    def _rendered(self, task: Task, found: Figures, seen: Facts) -> Rendered:
        link = None
        if task.audience.customer is None:  # a customer has no way into the board
            link = report_link(self.configuration.alerts.board_url, *task.name)
        corrects = self.wanted.again and task.name in self.issued
        plan = self.configuration.reports
        words = document(
            found,
            task.audience,
            plan,
            tier_titles=TIER_TITLES,
            link=link,
            corrects=corrects,
            version=__version__,
        )
        promises = counted_file(counted(seen.clocks, seen.period, seen.as_of))
        formats = () if self.wanted.bare else task.audience.formats
        return render(words, found, seen.clocks, promises, formats)

    def _sent_before(self, task: Task) -> tuple[Made, Sequence[File]]:
        kept = self.issued[task.name]
        with reading(self.engine) as connection:
            return sent_before(kept), store.files(connection, kept.id)
