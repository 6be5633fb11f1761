"""The texts of notices, in the customer's language: what a visitor sees, and nothing of our means.

They name the customer's own sites alone. `Words` is what they are written with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from supportops.notices.notice import Notice, NoticeKind
from supportops.notices.trouble import Trouble, What
from supportops.rendering.catalogue import Catalogue, catalogue
from supportops.rendering.render import duration, one_line

# A notice about all sites of a large customer still fits into a comment and a mail.
MOST_LISTED = 30


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in words: `subject` is one line, `text` plain paragraphs."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever reads a notice: `language` is a BCP 47 tag, `zone` an IANA name."""

    language: str
    zone: str

    @property
    def words(self) -> Catalogue:
        return catalogue(self.language)

    def time(self, instant: datetime) -> str:
        """ "Thu 26 Nov, 14:05 GMT" in the reader's language."""
        words, there = self.words, instant.astimezone(ZoneInfo(self.zone))
        day = words.spaced(str(format_skeleton("MMMEd", there, locale=words.locale)))
        return words.gettext("{day}, {clock}", clock=f"{there:%H:%M} {there.tzname()}", day=day)


def first(troubles: Sequence[Trouble], reader: Reader) -> Text:
    """The beginning: what is seen, since when, and that it is worked on."""
    active = _active(troubles)
    words = reader.words
    lines = _listed([_since(each, reader) for each in active], words)
    return Text(_subject(active, words), _paragraphs(lines, words.gettext("We are working on it.")))


def update(troubles: Sequence[Trouble], reader: Reader) -> Text:
    """What is still seen, what works again, and that it is worked on."""
    active, words = _active(troubles), reader.words
    back = [_back(each, reader) for each in troubles if each.until is not None and each.good]
    lines = _listed([_since(each, reader) for each in active], words)
    subject = words.gettext("Update: {subject}", subject=_subject(active, words))
    again = _listed(back, words)
    return Text(subject, _paragraphs(lines, again, words.gettext("We are working on it.")))


def end(troubles: Sequence[Trouble], cause: str, reader: Reader) -> Text:
    """What works again since when, how long it lasted, and the cause where one was written."""
    words = reader.words
    over = [each for each in troubles if each.until is not None]
    good = [each for each in over if each.good]
    gone = [each for each in over if not each.good]
    lines = [f"{_back(each, reader)} {_lasted(each, reader)}" for each in good]
    lines += [
        words.gettext(
            "We no longer check {name}, so this is our last message about it.", name=_name(e, words)
        )
        for e in gone
    ]
    why = words.gettext("The cause: {cause}", cause=one_line(cause)) if cause and good else ""
    return Text(_end_subject(good, gone, words), _paragraphs(_listed(lines, words), why))


def next_word(notice: Notice, reader: Reader) -> str:
    """The sentence that says when the next update comes, as it stands in what was sent; "" where
    none is promised."""
    if notice.next_at is None or notice.kind is NoticeKind.END:
        return ""
    time = reader.time(notice.next_at)
    return reader.words.gettext(
        "We will write to you again by {time}, or earlier if something changes.", time=time
    )


def sent_text(notice: Notice, reader: Reader) -> str:
    """All that a customer reads of a notice, as plain paragraphs."""
    return _paragraphs(notice.text, notice.due or "", next_word(notice, reader))


def due_line(number: str, due: str, reader: Reader) -> str:
    """ "Your ticket #12: answer due by Thu 17:00." """
    return reader.words.gettext("Your ticket {number}: {due}.", number=one_line(number), due=due)


def foreign(text: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that stand in `text`, such as other customers' and servers'."""
    line = f" {_plain(text)} "
    known = {_plain(name): name for name in sorted(names, reverse=True)}
    return sorted(name for plain, name in known.items() if plain and f" {plain} " in line)


def _plain(text: str) -> str:
    """Words of letters and digits alone, in small letters, one space apart."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _active(troubles: Iterable[Trouble]) -> list[Trouble]:
    return [each for each in troubles if each.until is None]


def _name(trouble: Trouble, words: Catalogue) -> str:
    site = one_line(trouble.site)
    if not trouble.page:
        return site
    return words.gettext("{page} on {site}", page=one_line(trouble.page), site=site)


def _subject(active: Sequence[Trouble], words: Catalogue) -> str:
    if len(active) != 1:
        return words.ngettext(
            "{number} of your sites does not work as it should",
            "{number} of your sites do not work as they should",
            len({each.site for each in active}),
        )
    name = _name(active[0], words)
    match active[0].what:
        case What.UNREACHABLE:
            return words.gettext("{name} cannot be reached", name=name)
        case What.ERROR:
            return words.gettext("{name} answers with an error", name=name)
        case What.WRONG:
            return words.gettext("{name} does not show what it should", name=name)
        case What.CERTIFICATE:
            return words.gettext("Browsers refuse the certificate of {name}", name=name)
        case What.UNSTEADY:
            return words.gettext("{name} is slow or fails at times", name=name)


def _since(trouble: Trouble, reader: Reader) -> str:
    words, time = reader.words, reader.time(trouble.since)
    name = _name(trouble, words)
    match trouble.what:
        case What.UNREACHABLE:
            return words.gettext("{name} cannot be reached (since {time}).", name=name, time=time)
        case What.ERROR:
            return words.gettext(
                "{name} answers with an error (since {time}).", name=name, time=time
            )
        case What.WRONG:
            return words.gettext(
                "{name} does not show what it should (since {time}).", name=name, time=time
            )
        case What.CERTIFICATE:
            return words.gettext(
                "Browsers refuse the certificate of {name} (since {time}).", name=name, time=time
            )
        case What.UNSTEADY:
            return words.gettext(
                "{name} is slow or fails at times (since {time}).", name=name, time=time
            )


def _back(trouble: Trouble, reader: Reader) -> str:
    assert trouble.until is not None
    words = reader.words
    return words.gettext(
        "{name} works again (since {time}).",
        name=_name(trouble, words),
        time=reader.time(trouble.until),
    )


def _lasted(trouble: Trouble, reader: Reader) -> str:
    assert trouble.until is not None
    words = reader.words
    length = duration(trouble.until - trouble.since, words)
    return words.gettext(
        "It lasted {duration}, from {time} on.", duration=length, time=reader.time(trouble.since)
    )


def _end_subject(good: Sequence[Trouble], gone: Sequence[Trouble], words: Catalogue) -> str:
    if len(good) == 1 and not gone:
        return words.gettext("{name} works again", name=_name(good[0], words))
    if good:
        return words.gettext("Your sites work again")
    return words.gettext("Our last message about your sites")


def _listed(lines: Sequence[str], words: Catalogue) -> str:
    """One sentence as it is, several as a list."""
    if len(lines) <= 1:
        return "".join(lines)
    shown = [f"- {line}" for line in lines[:MOST_LISTED]]
    if (left := len(lines) - MOST_LISTED) > 0:
        shown.append(f"- {words.ngettext('and {number} more', 'and {number} more', left)}")
    return "\n".join(shown)


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())
