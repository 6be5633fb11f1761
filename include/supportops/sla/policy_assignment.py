"""Which promise of a policy book each interval of each ticket falls under, for all at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from supportops.names import folded
from supportops.sla.events import MICRO, Bools, Ints
from supportops.sla.history import History
from supportops.sla.policy import METRICS, PolicyBook, PolicyVersion, Promise, tag_set

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Codes = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class PolicyAssignment:
    """The promises of a book, assigned to the tickets of a history.

    Shapes: V versions, K kinds of tickets that the book distinguishes, P promises of all versions.

    promises: every promise with its version, P of them; a promise's code is its place.
    valid_from: int64[V], microseconds since 1970 UTC, ascending.
    kind_of: int64, one row an interval of `History.profiles`: its kind of ticket, 0 to K - 1.
    code: int16[V, K], the promise's code, -1 where nothing is promised.
    covers: bool[P + 1, metrics in the order of METRICS], whether a promise names the metric; the
        last row is that of code -1.
    """

    promises: tuple[tuple[PolicyVersion, Promise], ...]
    valid_from: Ints
    kind_of: Ints
    code: Codes
    covers: Bools

    @classmethod
    def over(cls, history: History, book: PolicyBook) -> Self:
        """Matches each kind of ticket of the history once for each version of the book."""
        listed = tuple((version, p) for version in book.versions for p in version.promises)
        kinds, kind_of = _kinds(history, book)
        numbered = {(version.name, id(p)): n for n, (version, p) in enumerate(listed)}
        code = np.full((len(book.versions), len(kinds)), -1, dtype=np.int16)
        for v, version in enumerate(book.versions):
            for k, (tier, customer, tags) in enumerate(kinds):
                found = book.match(version.valid_from, tier, customer, tags).promise
                if found is not None:
                    code[v, k] = numbered[version.name, id(found)]
        covers = [[p.target(metric) is not None for metric in METRICS] for _, p in listed]
        valid_from = [to_micros(version.valid_from) for version in book.versions]
        return cls(
            listed,
            np.array(valid_from, dtype=np.int64),
            kind_of,
            code,
            np.array([*covers, [False] * len(METRICS)], dtype=np.bool_),
        )

    def version(self, started_at: Ints) -> Ints:
        """The version in force at each instant, -1 before the first."""
        return np.searchsorted(self.valid_from, started_at, side="right") - 1

    def promise(self, version: Ints, profile: Ints) -> Codes:
        """The code of a version's promise to each profile interval, -1 if there is none."""
        found: Codes = np.where(version >= 0, self.code[version, self.kind_of[profile]], -1)
        return found.astype(np.int16, copy=False)


def to_micros(at: datetime) -> int:
    """Whole microseconds since 1970 of an aware datetime."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def to_datetime(micros: int) -> datetime:
    """The UTC datetime of whole microseconds since 1970."""
    return _EPOCH + timedelta(seconds=micros // MICRO, microseconds=micros % MICRO)


Kind = tuple[str | None, str | None, str | None]


def _kinds(history: History, book: PolicyBook) -> tuple[list[Kind], Ints]:
    """The kinds of tickets that the book distinguishes, and the kind of each profile interval.

    A kind is (tier, customer, tags); customers and tags that no promise names count as the same,
    so there are few kinds, and each is matched once.
    """
    promises = [promise for version in book.versions for promise in version.promises]
    customers = {key for promise in promises for key in promise.customer_keys}
    named = {tag for promise in promises for tag in promise.tags}
    tiers = {promise.tier for promise in promises}
    profile, values = history.profiles.attributes, history.values
    known = [_known(c, customers) for c in values] if customers else None
    columns = [
        (profile["tier"], [t if t in tiers or not t else "?" for t in values]),
        (profile["customer"], known),
        (
            profile["tags"],
            [",".join(sorted(tag_set(t) & named)) for t in values] if named else None,
        ),
    ]
    # `key`: the three class numbers of each interval as the digits of one number.
    key = np.zeros(len(history.profiles.at), dtype=np.int64)
    classes: list[list[str | None]] = []
    for codes, words in columns:
        distinct, of_value = _classes([None] if words is None else words)
        classes.append(distinct)
        if words is not None:
            key = key * len(distinct) + of_value[codes]
    used, kind_of = np.unique(key, return_inverse=True) if len(key) > 0 else (key, key)
    return [_kind(int(each), classes) for each in used], kind_of


def _known(customer: str | None, customers: set[str]) -> str | None:
    name = folded(customer) if customer else None
    return name if name in customers else None


def _classes(words: Iterable[str | None]) -> tuple[list[str | None], Ints]:
    """The distinct words in order of appearance, and of each word its place among them."""
    codes: dict[str | None, int] = {}
    of_value = [codes.setdefault(word, len(codes)) for word in words]
    return list(codes), np.array(of_value, dtype=np.int64)


def _kind(key: int, classes: list[list[str | None]]) -> Kind:
    """The kind that a key stands for."""
    tiers, customers, tags = classes
    key, tag = divmod(key, len(tags))
    tier, customer = divmod(key, len(customers))
    return tiers[tier], customers[customer], tags[tag]
