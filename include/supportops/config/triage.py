"""`triage.yaml`: which tickets are promised which tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from supportops.config.model import Model, Wrong, entries, twice
from supportops.tickets.phrases import Phrase
from supportops.tickets.triage import Part, Rule, TriageRules


def _phrase(found: str) -> str:
    Phrase.of(found)
    return found


Tier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Words = Annotated[list[Annotated[str, AfterValidator(_phrase)]], Field(max_length=500)]


class RuleEntry(Model):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    tier: Tier
    says: Words = []
    within: Annotated[list[Part], Field(alias="in", min_length=1)] = list(Part)
    tags: list[str] = []
    fields: Mapping[str, list[str]] = {}
    outage: bool | None = None

    @model_validator(mode="after")
    def _some_condition(self) -> Self:
        if not (self.says or self.tags or self.fields or self.outage is not None):
            raise ValueError("a condition: says, tags, fields or outage")
        return self

    def rule(self) -> Rule:
        return Rule(
            name=self.name,
            tier=self.tier,
            phrases=tuple(Phrase.of(each) for each in self.says),
            within=frozenset(self.within),
            tags=frozenset(self.tags),
            fields={name: frozenset(values) for name, values in self.fields.items()},
            outage=self.outage,
        )


class TriageFile(Model):
    """The whole of `triage.yaml`."""

    priorities: Mapping[str, Tier] = {}
    rules: Annotated[list[RuleEntry], Field(max_length=500)] = []
    otherwise: Tier

    @classmethod
    def across(cls, data: Any) -> Iterable[Wrong]:
        named = ((*path, "name") for path, _ in entries(data, "rules"))
        names = (entry.get("name") for _, entry in entries(data, "rules"))
        return twice(zip(named, names, strict=True))

    def triage(self) -> TriageRules:
        return TriageRules(
            tuple(entry.rule() for entry in self.rules), self.otherwise, self.priorities
        )
