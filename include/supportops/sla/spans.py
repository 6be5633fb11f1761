"""Where the clocks that repeat start and stop: from one event to another, whatever was promised."""

from dataclasses import dataclass

import numpy as np

from supportops.sla.events import Bools, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """One row a clock: the event that starts it, and the one that fulfils it or -1."""

    start: Ints
    end: Ints


def next_replies(row: Ints, question: Bools, answer: Bools) -> Spans:
    """From the oldest unanswered question to the next answer, which may be the solution."""
    told = np.flatnonzero(question | answer)
    asks = question[told]
    waiting = np.zeros(len(told), dtype=np.bool_)
    waiting[1:] = asks[:-1] & (row[told][1:] == row[told][:-1])
    return _until_next(row, told[asks & ~waiting], np.flatnonzero(answer))


def updates(row: Ints, at: Ints, begin: Ints, reply: Bools, status: Bools, done: Bools) -> Spans:
    """From each reply on an open ticket, and each reopening after one, to the next or to solved.

    What is fulfilled at its own instant never ran: an agent who answers and solves at once
    promises no further word.
    """
    place = np.arange(len(row))
    marks = status.copy()
    marks[begin] = True
    latest = np.maximum.accumulate(np.where(marks, place, 0))
    was_done = done[latest]
    before = np.append(False, was_done[:-1])[: len(row)]
    before[begin] = False
    replied = np.cumsum(reply)
    any_reply = replied - (replied[begin] - reply[begin])[row] > 0
    reopened = status & ~done & before & any_reply
    start = np.flatnonzero((reply & ~was_done) | reopened)
    spans = _until_next(row, start, np.flatnonzero(reply | done))
    ran = (spans.end < 0) | (at[spans.end] > at[spans.start])
    return Spans(spans.start[ran], spans.end[ran])


def _until_next(row: Ints, start: Ints, ends: Ints) -> Spans:
    """Each start with the first of `ends` after it on the same ticket."""
    if not len(ends):
        return Spans(start, np.full(len(start), -1, dtype=np.int64))
    following = ends[np.minimum(np.searchsorted(ends, start, side="right"), len(ends) - 1)]
    same = (following > start) & (row[following] == row[start])
    return Spans(start, np.where(same, following, -1))
