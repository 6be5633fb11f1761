"""The commands that the docs show, taken from their pages: `shown()`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from airflow_home import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = "supportops|make|docker|python3?|openssl|curl|git|kubectl|helm"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(rf"^    ((?:\.venv/bin/)?(?:{PROGRAMS})\s.*|[\d*]+ [\d*]+ [\d*]+ .*)$", re.M)
_INLINE = re.compile(rf"`((?:\.venv/bin/)?(?:{PROGRAMS})\s[^`]*)`")
_CRON = re.compile(r"^\s*(?:[\d*]+\s+){5}")
_COMMENT = re.compile(r"(^|\s)#\s.*$")
_SUBSTITUTION = re.compile(r"\$\([^()]*\)")
_EITHER = re.compile(r"\b\w[\w-]*(?:\|\w[\w-]*)+\b")
_ENDS = {"&&", "||", "|", ";", "(", ")", "&"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One command. `whole`: it stands in a block; in a sentence its arguments may lack."""

    page: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def shown() -> list[Shown]:
    """Each command of each page once."""
    found = (each for page in PAGES for each in commands_of(page.name, page.read_text()))
    return list(dict.fromkeys(found))


def commands_of(name: str, text: str) -> Iterator[Shown]:
    text = text.replace("\\\n", " ")
    blocks = [*_BLOCK.findall(text), *_INDENTED.findall(_FENCE.sub("", text))]
    for block in blocks:
        for line in block.splitlines():
            for words in split(line):
                yield Shown(name, words, whole=True)
    for inline in _INLINE.findall(_FENCE.sub("", text)):
        for words in split(" ".join(inline.split())):
            for each in alternatives(words):
                yield Shown(name, each, whole=False)


def split(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line of shell or of cron, without settings, redirections and comments."""
    line = _EITHER.sub(lambda found: found[0].replace("|", "\x1f"), _COMMENT.sub("", line))
    line = _SUBSTITUTION.sub("X", line)
    lexer = shlex.shlex(_CRON.sub("", line), posix=True, punctuation_chars="&|;()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    skipped = False
    for token in lexer:
        if token in _ENDS:
            if words:
                yield tuple(words)
            words = []
        elif set(token) <= set("<>&") or skipped:
            skipped = set(token) <= set("<>&")
        elif words or not re.fullmatch(r"[A-Z_]+=.*", token, re.DOTALL):
            words.append(token)
    if words:
        yield tuple(words)


def alternatives(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """`db backup|verify` is two commands."""
    yield from product(*(word.split("\x1f") for word in words))
