"""Whether a rule's phrases say something of now: negation, tense, quotation and questions.

A phrase counts only in a clause where nothing speaks against it. What speaks against it is a list
of phrases in the same clause, or a `Mark`, which depends on more than that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from supportops.tickets.clauses import Clause, clauses, own_words
from supportops.tickets.phrases import NO_PHRASES, Lists, Phrases, Span

_REPLIES = ("re:", "aw:", "antw:", "sv:", "re :", "rép:", "rép :")


class Part(StrEnum):
    """Where to look for a rule's phrases."""

    SUBJECT = "subject"
    TEXT = "text"


class Mark(StrEnum):
    """What the engine finds out about a match itself.

    NEGATED: a negation stands before it. QUOTED: in quotation marks. QUESTION: its clause asks.
    PAST: its clause says <past>, and neither it nor a later one says <present>. WAS: the same with
    <was>, which leaves open whether it still is. SOLVED: its clause or a later one says <solved>,
    and not <awaited> before it ("when it is fixed"). REPLY: it stands in the subject of a reply,
    which is old, and the reply has a text.
    """

    NEGATED = "negated"
    QUOTED = "quoted"
    QUESTION = "question"
    PAST = "past"
    WAS = "was"
    SOLVED = "solved"
    REPLY = "reply"


Objection = tuple[str, Phrases]
"""A mark, or the name of a list and its phrases."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Phrases of which one must be said, of `besides` another in the same clause if there are any.

    `unless` tells what cancels a match, `doubt` what makes it doubtful.
    """

    phrases: Phrases
    within: frozenset[Part] = frozenset(Part)
    besides: Phrases = NO_PHRASES
    unless: tuple[Objection, ...] = ()
    doubt: tuple[Objection, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A match and where it is. `objection`: what speaks against it, or makes it doubtful."""

    part: Part
    words: str
    phrase: str
    objection: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The match that counts, if any, whether it is sure, and a match that was cancelled."""

    said: Said | None = None
    sure: bool = True
    cancelled: Said | None = None


class Reading:
    """A ticket's own words, read once for all rules."""

    def __init__(self, subject: str, text: str, lists: Lists) -> None:
        self._lists = lists
        negations = lists.get("negation", NO_PHRASES).first_words()
        self._clauses: list[tuple[Part, Clause]] = [
            *((Part.SUBJECT, each) for each in clauses(subject, negations)),
            *((Part.TEXT, each) for each in clauses(own_words(text), negations)),
        ]
        answers = any(part is Part.TEXT for part, _ in self._clauses)
        self._reply = answers and subject.lstrip().casefold().startswith(_REPLIES)
        awaited = lists.get("awaited", NO_PHRASES)
        self._last = {
            "solved": self._last_with(lists.get("solved", NO_PHRASES), awaited),
            "present": self._last_with(lists.get("present", NO_PHRASES), NO_PHRASES),
        }

    def says(self, phrases: Phrases, part: Part) -> str | None:
        """The words of the first match in a part, whatever speaks against it."""
        for place, clause in self._clauses:
            if place is part and (spans := clause.words.any_of(phrases)):
                return clause.words.words_of(min(spans))
        return None

    def find(self, saying: Saying) -> Result:
        """What the ticket says of it.

        The text specifies what the subject announces: where each match in the text is cancelled,
        one in the subject is, too.
        """
        sure: dict[Part, Said] = {}
        doubtful: dict[Part, Said] = {}
        cancelled: dict[Part, Said] = {}
        for place, (part, clause) in enumerate(self._clauses):
            if part not in saying.within or not _beside(clause, saying.besides):
                continue
            for span, phrase in sorted(clause.words.any_of(saying.phrases).items(), key=_place):
                said = Said(part, clause.words.words_of(span), phrase.written)
                if (why := self._objection(saying.unless, place, span)) is not None:
                    cancelled.setdefault(part, replace(said, objection=why))
                elif (why := self._objection(saying.doubt, place, span)) is not None:
                    doubtful.setdefault(part, replace(said, objection=why))
                else:
                    sure.setdefault(part, said)
        if Part.TEXT in cancelled and Part.TEXT not in sure | doubtful:
            return Result(cancelled=cancelled[Part.TEXT])
        for part in Part:
            if part in sure:
                return Result(sure[part])
        for part in Part:
            if part in doubtful:
                return Result(doubtful[part], sure=False)
        return Result(cancelled=next(iter(cancelled.values()), None))

    def _objection(self, objections: Iterable[Objection], place: int, span: Span) -> str | None:
        part, clause = self._clauses[place]
        for name, phrases in objections:
            match name:
                case Mark.NEGATED:
                    holds = clause.words.negated(span)
                case Mark.QUOTED:
                    holds = clause.words.in_quotes(span)
                case Mark.QUESTION:
                    holds = clause.question
                case Mark.SOLVED:
                    holds = place <= self._last["solved"]
                case Mark.PAST | Mark.WAS:
                    past = _beside(clause, self._lists.get(name, NO_PHRASES), absent=False)
                    holds = past and place > self._last["present"]
                case Mark.REPLY:
                    holds = part is Part.SUBJECT and self._reply
                case _:
                    holds = _beside(clause, phrases, absent=False)
            if holds:
                return str(name)
        return None

    def _last_with(self, phrases: Phrases, awaited: Phrases) -> int:
        """The last clause that says one of them, -1 if none does: with no negation and none of
        `awaited` before it, as in "when it is fixed"."""
        for place in range(len(self._clauses) - 1, -1, -1):
            _, clause = self._clauses[place]
            waits = min((start for start, _ in clause.words.any_of(awaited)), default=None)
            if not clause.question and any(
                not clause.words.negated(span) and (waits is None or span[0] < waits)
                for span in clause.words.any_of(phrases)
            ):
                return place
        return -1


def _beside(clause: Clause, phrases: Phrases, *, absent: bool = True) -> bool:
    """Whether a clause says one of them; `absent` where there are none."""
    return bool(clause.words.any_of(phrases)) if phrases else absent


def _place(match: tuple[Span, object]) -> Span:
    return match[0]


AUTOMATIC_HEADERS: Mapping[str, tuple[str, ...]] = {
    "auto-submitted": ("auto-replied", "auto-generated", "auto-notified"),
    "precedence": ("auto_reply", "bulk", "junk"),
    "x-autoreply": ("",),
    "x-autorespond": ("",),
    "x-autoresponse": ("",),
    "x-failed-recipients": ("",),
}
"""Headers of mail that no person wrote, and how their values begin (RFC 3834 and common use)."""


def automatic_header(headers: Mapping[str, str]) -> str | None:
    """The header that marks a message as automatic, None without one."""
    for name, value in headers.items():
        begins = AUTOMATIC_HEADERS.get(name.casefold(), ())
        if begins and value.strip().casefold().startswith(begins):
            return f"{name}: {value}"
    return None
