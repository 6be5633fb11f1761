"""`triage.yaml`: which tickets are promised which tier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from supportops.config.model import Model, Wrong, entries, items, mapping, shown, twice, unknown
from supportops.config.yaml_source import KeyPath, read
from supportops.tickets.phrases import NO_PHRASES, Lists, Phrase, Phrases, named_lists
from supportops.tickets.reading import Mark, Objection, Part, Saying
from supportops.tickets.ticket import Author
from supportops.tickets.triage import Rule, TriageRules

WORDS = Path(__file__).with_name("triage_words")


class Language(StrEnum):
    """A language whose lists of phrases come with the program."""

    ENGLISH = "english"
    GERMAN = "german"
    FRENCH = "french"


class PrioritySetter(StrEnum):
    """Whose priority counts."""

    AGENT = "agent"
    CUSTOMER = "customer"


def _phrase(found: str) -> str:
    Phrase.of(found, dict.fromkeys(named_lists(found), NO_PHRASES))
    return found


Tier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ListName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Words = Annotated[list[Annotated[str, AfterValidator(_phrase)]], Field(max_length=500)]


class RuleEntry(Model):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    tier: Tier
    says: Words = []
    within: Annotated[list[Part], Field(alias="in", min_length=1)] = list(Part)
    besides: Annotated[Words, Field(alias="with")] = []
    unless: list[str] = [Mark.NEGATED.value]
    doubt: list[str] = []
    tags: list[str] = []
    fields: Mapping[str, list[str]] = {}
    channel: list[str] = []
    automatic: bool | None = None
    outage: bool | None = None
    doubtful: bool = False

    @model_validator(mode="after")
    def _some_condition(self) -> Self:
        asked = (self.outage, self.automatic)
        if not (self.says or self.tags or self.fields or self.channel or asked != (None, None)):
            raise ValueError("a condition: says, tags, fields, channel, automatic or outage")
        if not self.says and self.besides:
            raise ValueError("a condition says beside with")
        return self

    def rule(self, lists: Lists) -> Rule:
        return Rule(
            name=self.name,
            tier=self.tier,
            saying=self._saying(lists) if self.says else None,
            tags=frozenset(self.tags),
            fields={name: frozenset(values) for name, values in self.fields.items()},
            channels=frozenset(self.channel),
            automatic=self.automatic,
            outage=self.outage,
            sure=not self.doubtful,
        )

    def _saying(self, lists: Lists) -> Saying:
        def objections(names: Iterable[str]) -> tuple[Objection, ...]:
            return tuple((name, lists.get(name, NO_PHRASES)) for name in names)

        return Saying(
            phrases=Phrases.of(self.says, lists),
            within=frozenset(self.within),
            besides=Phrases.of(self.besides, lists),
            unless=objections(self.unless),
            doubt=objections(self.doubt),
        )


class TriageFile(Model):
    """The whole of `triage.yaml`."""

    languages: list[Language] = [Language.ENGLISH]
    words: Mapping[ListName, Words] = {}
    priorities: Mapping[str, Tier] = {}
    priorities_from: list[PrioritySetter] = [PrioritySetter.AGENT]
    rules: Annotated[list[RuleEntry], Field(max_length=500)] = []
    otherwise: Tier

    @classmethod
    def across(cls, data: Any) -> Iterable[Wrong]:
        named = [((*path, "name"), entry.get("name")) for path, entry in entries(data, "rules")]
        yield from twice(named)
        known = _known_lists(data)
        for path, phrase in _phrases(data):
            for name in sorted(named_lists(phrase) - known) if isinstance(phrase, str) else ():
                yield unknown(path, name, sorted(known), "a list of phrases:")
        for name in _circular(data):
            yield Wrong(("words", name), shown(name), "a list that does not use itself")
        marks = {mark.value for mark in Mark}
        for path, entry in entries(data, "rules"):
            for key in ("unless", "doubt"):
                for inner, name in items(entry, key):
                    if isinstance(name, str) and name not in known | marks:
                        place = (*path, *inner)
                        yield unknown(place, name, sorted(known | marks), "a list or a mark:")

    def triage(self) -> TriageRules:
        lists = _lists(self.languages, self.words)
        return TriageRules(
            rules=tuple(entry.rule(lists) for entry in self.rules),
            otherwise=self.otherwise,
            priorities=self.priorities,
            lists=lists,
            priorities_from=frozenset(Author(each.value) for each in self.priorities_from),
        )


def _written(languages: Iterable[str], own: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The phrases of each list, those of all languages together, in an order in which each list
    comes after those that it uses."""
    found: dict[str, list[str]] = {}
    for lists in (*map(_shipped_words, languages), own):
        for name, phrases in lists.items():
            found.setdefault(name, []).extend(map(str, phrases))
    return found


@cache
def _shipped_words(language: str) -> Mapping[str, Iterable[str]]:
    """The lists of one language; they come with the program and do not change while it runs."""
    words: Mapping[str, Iterable[str]] = read(WORDS / f"{language}.yaml").data
    return words


def _lists(languages: Iterable[str], own: Mapping[str, Iterable[str]]) -> dict[str, Phrases]:
    written = _written(languages, own)
    lists: dict[str, Phrases] = {}
    for name in _in_order(written):
        lists[name] = Phrases.of(written[name], lists)
    return lists


def _in_order(written: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The names, each after those that it uses; one of a circle comes before its list is known."""
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> Iterator[str]:
        if name in done or name in above or name not in written:
            return
        for used in sorted(set().union(*map(named_lists, written[name]), set())):
            yield from visit(used, (*above, name))
        done.add(name)
        yield name

    for name in written:
        yield from visit(name, ())


def _circular(data: Any) -> list[str]:
    """The file's own lists that use themselves, through other lists or not."""
    own = {str(name): each for name, each in mapping(data, "words").items()}
    phrases = {
        name: [each for each in listed if isinstance(each, str)]
        for name, listed in own.items()
        if isinstance(listed, list)
    }
    written = _written(_shipped(data), phrases)
    uses = {name: set().union(*map(named_lists, each), set()) for name, each in written.items()}
    return [name for name in phrases if name in _reached(name, uses)]


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """The lists that a list uses, and those that they use."""
    found: set[str] = set()
    waiting = list(uses[name])
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += uses.get(each, ())
    return found


def _shipped(data: Any) -> list[str]:
    """The languages that the file chooses and that there are."""
    languages = data.get("languages", ["english"]) if isinstance(data, Mapping) else []
    known = {each.value for each in Language}
    named = languages if isinstance(languages, list) else []
    return [each for each in named if isinstance(each, str) and each in known]


def _known_lists(data: Any) -> set[str]:
    return set(_written(_shipped(data), {})) | {str(name) for name in mapping(data, "words")}


def _phrases(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    for path, entry in entries(data, "rules"):
        for key in ("says", "with"):
            for inner, phrase in items(entry, key):
                yield (*path, *inner), phrase
    own = mapping(data, "words")
    for name in own:
        for inner, phrase in items(own, name):
            yield ("words", *inner), phrase
