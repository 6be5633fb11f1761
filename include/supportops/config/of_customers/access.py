"""`access.yaml`: which logins see which customers' reports alone, as operators write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from supportops.config.model import Model, Wrong, entries, items, shown
from supportops.config.values import Name
from supportops.config.yaml_source import KeyPath, show_path
from supportops.names import folded

EVERYTHING = None
"""What a login sees that is bound to no customer."""
MOST_LOGINS = 5_000
CLOSED: Mapping[str, Any] = {"unlisted": "none"}
"""The file that counts while the first one has faults: nobody knows yet whom it would bind."""


class Unlisted(StrEnum):
    """What a login sees that the file does not list, and that may only read."""

    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Access:
    """Who is bound to which customers. `bound`: by folded login; None for one that sees all."""

    bound: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    unlisted: Unlisted = Unlisted.ALL

    def customers_of(self, login: str, *, may_act: bool) -> frozenset[str] | None:
        """The names of the customers whose reports are all that `login` sees; EVERYTHING for one
        that is bound to none. Whoever may act and is not listed sees everything."""
        name = folded(login)
        if name in self.bound:
            return self.bound[name]
        return EVERYTHING if may_act or self.unlisted is Unlisted.ALL else frozenset()


class LoginEntry(Model):
    """One login, by its name in Airflow. `customers`: by any of their names, or `all`."""

    name: Name
    customers: Literal["all"] | Annotated[list[Name], Field(min_length=1, max_length=1_000)]


class AccessFile(Model):
    """The whole of `access.yaml`. Without it every login that may read sees everything."""

    unlisted: Unlisted = Unlisted.ALL
    logins: Annotated[list[LoginEntry], Field(max_length=MOST_LOGINS)] = []

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Each login once, in any case: two entries would leave open which one counts."""
        seen: dict[str, KeyPath] = {}
        for path, entry in entries(data, "logins"):
            name, place = entry.get("name"), (*path, "name")
            if not isinstance(name, str):
                continue
            first = seen.setdefault(folded(name), place)
            if first != place:
                yield Wrong(
                    place, shown(name), f"each once, but it stands at {show_path(first)} too"
                )

    def means(self) -> Access:
        bound = {
            folded(each.name): EVERYTHING if each.customers == "all" else frozenset(each.customers)
            for each in self.logins
        }
        return Access(bound, self.unlisted)


def customers_named(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Every place of the raw file that names a customer."""
    for path, entry in entries(data, "logins"):
        for inner, name in items(entry, "customers"):
            yield (*path, *inner), name
