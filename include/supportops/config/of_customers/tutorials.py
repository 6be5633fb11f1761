"""`tutorials.yaml`: what tutorials there are and how they are offered, as operators write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from supportops.config.model import Model, Wrong, entries, items, mapping, twice, unknown
from supportops.config.of_tickets.service_levels import tiers_in
from supportops.config.values import Identifier, Name, Share, Url
from supportops.tutorials.tutorial import LEAST, MOST, Library, Offer, Tutorial

MOST_TUTORIALS = 2_000
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TutorialEntry(Model):
    """One tutorial. `questions`: as customers ask them."""

    title: Name
    address: Url
    questions: Annotated[list[Question], Field(max_length=50)] = []
    tags: Annotated[list[Name], Field(max_length=50)] = []

    def tutorial(self) -> Tutorial:
        return Tutorial(self.title, self.address, tuple(self.questions), tuple(self.tags))


class OfferEntry(Model):
    """How matches are offered beside the board's ticket page. `tiers`: whose tickets get any; all
    of them where none is named."""

    tiers: list[Identifier] = []
    note: bool = False
    draft: bool = False
    least: Annotated[Share, Field(gt=0)] = Field(
        default=LEAST, json_schema_extra={"default": f"{LEAST:.0%}"}
    )
    most: Annotated[int, Field(ge=1, le=10)] = MOST

    def offer(self) -> Offer:
        return Offer(frozenset(self.tiers), self.note, self.draft, self.least, self.most)


class TutorialsFile(Model):
    """The whole of `tutorials.yaml`."""

    offer: OfferEntry = OfferEntry()
    tutorials: Annotated[list[TutorialEntry], Field(max_length=MOST_TUTORIALS)] = []

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Each address once."""
        found = entries(data, "tutorials")
        yield from twice(((*path, "address"), each.get("address")) for path, each in found)

    @classmethod
    def among(cls, data: Any, others: Mapping[str, Any]) -> Iterator[Wrong]:
        """Only tiers that service_levels.yaml names."""
        levels = others.get("service_levels")
        if not isinstance(levels, dict):
            return
        known = tiers_in(levels)
        for path, tier in items(mapping(data, "offer"), "tiers"):
            if isinstance(tier, str) and tier not in known:
                yield unknown(("offer", *path), tier, known, "a tier of service_levels.yaml:")

    def library(self) -> Library:
        return Library(tuple(entry.tutorial() for entry in self.tutorials), self.offer.offer())
