"""What is wrong with one site or page of a customer, as far as a notice may say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from supportops.notices.notice import Item


class What(StrEnum):
    """What a visitor of the site sees. The cause in technical words stays inside the agency."""

    UNREACHABLE = "unreachable"
    ERROR = "error"
    WRONG = "wrong"
    CERTIFICATE = "certificate"
    UNSTEADY = "unsteady"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One site, or one page, from its first failed check to its first good one.

    `since` and `until` are aware UTC; `until` is None while it lasts. `notify_at`: from when on
    the customer is to be notified. `quiet`: why nobody is to be notified of it for now (such as
    maintenance), empty otherwise. `answers`: it works again, which is not confirmed yet. `good`:
    whether it was seen to end well. `follows`: the keys of incidents that it goes on from.
    `formerly`: what the site was called earlier in the same incident.
    """

    incident: str
    site: str
    page: str
    what: What
    since: datetime
    notify_at: datetime
    until: datetime | None = None
    quiet: str = ""
    answers: bool = False
    good: bool = True
    renamed: bool = False
    follows: frozenset[str] = frozenset()
    formerly: frozenset[str] = frozenset()

    @property
    def item(self) -> Item:
        return self.site, self.page

    @property
    def sites(self) -> frozenset[str]:
        """Every name that its site has or had."""
        return self.formerly | {self.site}


def joined(troubles: Iterable[Trouble]) -> list[Trouble]:
    """One trouble for each item: what lasts before what is over, without what others stand for.

    A site that is down stands for its pages, and what goes on under another key or name for what
    it follows.
    """
    every = list(troubles)
    kept = [each for each in every if not _is_followed(each, every)]
    down = {each.site for each in kept if not each.page and each.until is None}
    found: dict[Item, Trouble] = {}
    for each in sorted(kept, key=lambda one: (one.until is not None, one.since, one.incident)):
        if each.page and each.site in down:
            continue
        first = found.get(each.item)
        if first is None:
            found[each.item] = each
        elif first.until is None or each.until is None:
            found[each.item] = replace(first, since=min(first.since, _since(first, each)))
        else:
            until = max(first.until, each.until)
            found[each.item] = replace(first, since=min(first.since, each.since), until=until)
    return [found[item] for item in sorted(found)]


def _since(lasting: Trouble, other: Trouble) -> datetime:
    """The start of `other`, if that is part of the same trouble."""
    return other.since if other.until is None else lasting.since


def _is_followed(trouble: Trouble, every: Iterable[Trouble]) -> bool:
    return trouble.until is not None and any(
        trouble.incident in each.follows and (each.site == trouble.site or trouble.renamed)
        for each in every
    )
