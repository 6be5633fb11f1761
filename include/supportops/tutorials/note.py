"""The internal note and the drafted reply that offer tutorials, as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from supportops.rendering.catalogue import catalogue
from supportops.rendering.printable import printable_line
from supportops.tutorials.tutorial import Match

LONGEST = 5_000


def note(matches: Sequence[Match], draft: str = "") -> str:
    """For agents, in English; `draft` is shown below as a reply that they may send."""
    lines = ["Tutorials that may answer this. The customer has not seen this note.", ""]
    lines += [
        f"{number}. {_line(match)} ({match.score:.0%})" for number, match in enumerate(matches, 1)
    ]
    if draft:
        lines += ["", "A reply to send, if it fits:", "", draft]
    return "\n".join(lines)[:LONGEST]


def draft_reply(matches: Sequence[Match], language: str) -> str:
    """For the customer, in the language of this BCP 47 tag."""
    reader = catalogue(language)
    opening = reader.ngettext(
        "Hello, we have a tutorial that may answer your question:",
        "Hello, we have tutorials that may answer your question:",
        len(matches),
    )
    closing = reader.gettext("If it does not, write back and we will help you.")
    return "\n".join([opening, "", *map(_line, matches), "", closing])


def _line(match: Match) -> str:
    return f"{printable_line(match.tutorial.title)}: {match.tutorial.address}"
