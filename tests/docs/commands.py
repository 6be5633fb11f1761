"""The commands that the docs and the product's own words show: `shown()`, `said()`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from airflow_home import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = "supportops|make|docker|python3?|openssl|curl|git|kubectl|helm"
UNTRIED = re.compile(r"\buntried\b|\bnot run by\b")
"""What a section, or a page above its sections, says of commands that no test runs."""
LANGUAGES = {"sh", "yaml", "json", "mermaid", "ini", "caddy"}
_HEADING = re.compile(r"^(?=## )", re.MULTILINE)
_SAID = re.compile(r"[`>\"]((?:\.venv/bin/)?supportops [a-z][^`<\"\n]*)[`<\"]")
_TEXTS = {".py", ".html", ".yaml", ".yml", ".sh", ".txt", ".sql", ".conf", ""}
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
    """One command. `whole`: it stands in a block; in a sentence its arguments may lack.

    `untried`: its section, or its page above the sections, says that no test runs it.
    """

    page: str
    words: tuple[str, ...]
    whole: bool
    untried: bool = False

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def shown() -> list[Shown]:
    """Each command of each page once."""
    found = (each for page in PAGES for each in commands_of(page.name, page.read_text()))
    return list(dict.fromkeys(found))


def commands_of(name: str, text: str) -> Iterator[Shown]:
    above, *sections = _HEADING.split(text)
    for section in (above, *sections):
        untried = any(UNTRIED.search(" ".join(part.split())) for part in (above, section))
        for each in _commands_in(name, section):
            yield replace(each, untried=untried)


def languages() -> set[tuple[str, str]]:
    """Pages and the language of each of their blocks; only those of `sh` are read as commands."""
    return {
        (page.name, language)
        for page in PAGES
        for language in re.findall(r"^```(.*)\n(?:.*\n)*?```$", page.read_text(), re.MULTILINE)
    }


def short_forms(names: Mapping[str, Collection[str]]) -> Iterator[Shown]:
    """`alerts who`: what begins with one of our commands that have others below them."""
    for page in PAGES:
        for inline in re.findall(r"`([^`]+)`", _FENCE.sub("", page.read_text())):
            first, *rest = inline.split()
            if rest and names.get(first) and re.fullmatch(r"[a-z-]+", rest[0]):
                for words in split(f"supportops {inline}"):
                    for each in alternatives(words):
                        yield Shown(page.name, each, whole=False)


def said(names: Collection[str]) -> Iterator[Shown]:
    """What messages, pages, shipped files and their comments tell people to type.

    Other words after the program's name ("supportops is up") are no command.
    """
    roots = (ROOT / "include", ROOT / "deploy", ROOT / "dags", ROOT / "plugins")
    files = (file for root in roots for file in sorted(root.rglob("*")))
    for file in (*files, ROOT / "docker-compose.yaml", ROOT / "Makefile"):
        if file.suffix not in _TEXTS or not file.is_file():
            continue
        for line in _SAID.findall(file.read_text(encoding="utf-8", errors="replace")):
            command = line.split(", ")[0]
            for words in split(command) if command.count("'") % 2 == 0 else ():
                if len(words) > 1 and words[1] in names:
                    for each in alternatives(words):
                        yield Shown(file.name, each, whole=False)


def _commands_in(name: str, text: str) -> Iterator[Shown]:
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
