"""What a customer wrote, without what others wrote, cut into clauses.

A reply repeats what it answers, and a signature says nothing of the matter. What is left is cut at
the ends of sentences, at dashes, at "but" and at ", please", so that a negation or a "yesterday"
touches only what it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from supportops.tickets.phrases import CLOSING, MAX_TEXT, OPENING, Words

_LONGEST_LINE = 400
# Mail programs put such a line before the message that is answered.
_INTRODUCTION = re.compile(
    r"(?:^|(?<=\s))>?\s*(?:on\b.{2,150}\bwrote|am\b.{2,150}\bschrieb\b.{0,80}"
    r"|le\b.{2,150}\sa écrit)\s?:",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\s*(?:[-_]{2,}\s*(?:original message|ursprüngliche nachricht|message d.origine)\b"
    r"|##- please type your reply above|_{10,}\s*$)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"\s*(?:--\s*$|(?:kind|best|warm)?\s*regards,?\s*$"
    r"|(?:mit )?freundliche[nr]? gr(?:ü|ue)(?:ß|ss)en?,?\s*$|(?:bien )?cordialement,?\s*$"
    r"|sent from my |gesendet von mein|envoyé de mon )",
    re.IGNORECASE,
)
# The address of a site stands for the site, one of a page in it for a page.
_ADDRESS = re.compile(
    r"(?<![\w@.])(?:https?://|www\.)[\w.-]{1,250}(?::\d{1,5})?(/[^\s<>()\"']{0,500})?"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,4}(?:com|org|net|de|fr|at|ch|uk|eu|ie|io|shop|example)\b"
    r"(/[^\s<>()\"']{0,500})?",
    re.IGNORECASE,
)
_SITE, _PAGE = " website ", " url "
_QUOTED_LINE = re.compile(r"\s*>")
_INSIDE = r"[^'\"”“«»\n]"
# An apostrophe inside a word ends no quotation.
_QUOTATION = re.compile(
    rf"(?<![\w'’])['‘\"“”„«]({_INSIDE}{{1,200}}(?:['’]\w{_INSIDE}{{0,200}}){{0,3}})['’\"”“»](?!\w)"
)
_END = re.compile(
    r"(?<=[.!?;…])[\s)]+|\n\s*\n|\s[-–—]+\s|,?\s+(?=(?:but|however|although|aber|doch|mais)\s)"
    # A request or a question after a comma is a clause of its own: "it is down, can you help?"
    r"|,\s+(?=(?:is this|is it|is there|are you|do you|did you|have you|can|could|would|please"
    r"|kann|können|könnt|könnten|bitte|pouvez|pourriez)\s)"
    # "No" at the beginning answers, and negates nothing after it.
    r"|(?<=\bno),\s+|(?<=\bnein),\s+|(?<=\bnon),\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a text that makes one statement or asks one question."""

    words: Words
    question: bool


def own_words(text: str) -> str:
    """`text` without what it quotes of earlier messages and without its signature."""
    lines = text[:MAX_TEXT].splitlines()
    kept: list[str] = []
    introduced = -1  # the last line of an introduction
    for place, line in enumerate(lines):
        if place <= introduced or _QUOTED_LINE.match(line):
            continue
        # The introduction may be wrapped onto a second line.
        wrapped = " ".join(each[:_LONGEST_LINE] for each in lines[place : place + 2])
        start = _introduction(line, wrapped)
        if start is not None:
            kept.append(line[:start])
            quotes = any(_QUOTED_LINE.match(each) for each in lines[place + 1 :])
            if not quotes:
                break
            introduced = place if _INTRODUCTION.search(line[:_LONGEST_LINE]) else place + 1
            continue
        if _ORIGINAL.match(line[:_LONGEST_LINE]) or _SIGNATURE.match(line[:_LONGEST_LINE]):
            break
        kept.append(line)
    return "\n".join(kept)


def clauses(text: str, negations: Sequence[str]) -> tuple[Clause, ...]:
    """The clauses of `text` in order."""
    return tuple(
        Clause(words, part.rstrip(" )'\"" + CLOSING).endswith("?"))
        for part in _parts(text[:MAX_TEXT])
        if (words := Words.of(part, negations)).text
    )


def _parts(text: str) -> Iterator[str]:
    named = _ADDRESS.sub(_what_it_names, text)
    marked = _QUOTATION.sub(rf"{OPENING}\1{CLOSING}", named)
    yield from (part for part in _END.split(marked) if part)


def _introduction(line: str, wrapped: str) -> int | None:
    """Where an introduction begins in `line`, None where none does."""
    found = _INTRODUCTION.search(line[:_LONGEST_LINE])
    if found is None and not line.strip().endswith(":"):
        found = _INTRODUCTION.match(wrapped)
    return None if found is None else found.start()


def _what_it_names(address: re.Match[str]) -> str:
    path = (address[1] or address[2] or "").rstrip("/.,;:!?")
    return _PAGE if path else _SITE
