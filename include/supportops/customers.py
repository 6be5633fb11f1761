"""Customers: one name for each, whatever people call them, and how each of them is reached.

Everything that compares a customer's name does so by `Customers.key`, so that an alias counts
wherever the name does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from supportops.names import folded

DEFAULT_LANGUAGE = "en-GB"


class Notice(StrEnum):
    """What a customer is notified of."""

    OUTAGE = "outage"
    FAULT = "fault"
    MAINTENANCE = "maintenance"


class PageAccess(StrEnum):
    """Who sees a customer's sites on a status page: nobody, whoever knows the customer's own
    address, or everybody."""

    NONE = "none"
    PRIVATE = "private"
    PUBLIC = "public"


class CustomerReport(StrEnum):
    """What a customer is sent regularly, beside the audiences of reports.yaml."""

    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture out of the configuration folder. `digest`: SHA-256 of its content, in hexadecimal.
    `media_type`: image/png or image/svg+xml."""

    file: str
    digest: str

    @property
    def media_type(self) -> str:
        return "image/svg+xml" if self.file.lower().endswith(".svg") else "image/png"


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer. What is not given is what holds for a customer that only sites.yaml knows.

    `contacts`: receivers of alerts.yaml, by their names. `phones`: as E.164 has them, such as
    +442079460000. `language`: a BCP 47 tag whose language has a catalogue. `colour`: #rrggbb in
    small letters; whoever writes on it sees to the contrast. `page_due_by`: whether the customer's
    own status page says by when open tickets are answered; None as for all.
    """

    name: str
    aliases: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    language: str = DEFAULT_LANGUAGE
    logo: Logo | None = None
    colour: str | None = None
    notices: frozenset[Notice] = frozenset({Notice.OUTAGE, Notice.FAULT})
    page: PageAccess = PageAccess.PRIVATE
    page_due_by: bool | None = None
    reports: frozenset[CustomerReport] = frozenset()


@dataclass(frozen=True, slots=True)
class Agency:
    """Who writes to customers: a name, "" where none is given, a logo and a colour (#rrggbb)."""

    name: str = ""
    logo: Logo | None = None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Status pages: the title of the public one, and the address that all are published under,
    which ends with a slash; None where they are not set. `due_by`: whether customers' own pages say
    by when open tickets are answered."""

    title: str | None = None
    url: str | None = None
    due_by: bool = False


@dataclass(frozen=True, slots=True)
class Customers:
    """Those of customers.yaml; all other names stand for themselves.

    `region`: the country of telephone numbers that are written without one, such as GB.
    """

    listed: tuple[Customer, ...] = ()
    region: str | None = None
    pages: PageSettings = PageSettings()
    agency: Agency = Agency()
    _by_key: dict[str, Customer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [(each, written) for each in self.listed for written in (each.name, *each.aliases)]
        found = {folded(written): each for each, written in names}
        object.__setattr__(self, "_by_key", found)

    def named(self, text: str) -> str:
        """The name of the customer that `text` is the name or an alias of, in any case and with
        any spaces; `text` itself where customers.yaml has none."""
        found = self._by_key.get(folded(text))
        return text if found is None else found.name

    def key(self, text: str | None) -> str:
        """The form in which names of customers are compared; "" of none."""
        return "" if text is None else folded(self.named(text))

    def get(self, name: str) -> Customer:
        """The customer by name or alias; one with nothing but this name where none is listed."""
        found = self._by_key.get(folded(name))
        return Customer(name) if found is None else found

    def shows_due_by(self, customer: Customer) -> bool:
        """Whether the customer's own status page says by when open tickets are answered."""
        own = customer.page_due_by
        return self.pages.due_by if own is None else own

    def knows(self, name: str) -> bool:
        return folded(name) in self._by_key

    def by_phone(self, number: str) -> tuple[Customer, ...]:
        """Those who have this number, in the order of the file: several may share one."""
        wanted = phone_number(number, self.region)
        return tuple(each for each in self.listed if wanted in each.phones) if wanted else ()

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether both are names of the same customer."""
        return self.key(one) == self.key(other)

    def spellings(self, name: str, stored: Iterable[str | None]) -> list[str]:
        """Those of `stored` that are names of the customer that `name` means."""
        wanted = self.key(name)
        return [each for each in stored if each is not None and self.key(each) == wanted]

    def also_called(self, names: Iterable[str]) -> frozenset[str]:
        """Every name and alias of the customers that `names` mean, and `names` themselves."""
        wanted = {*names}
        found = {each for name in wanted for each in (self.get(name).name, *self.get(name).aliases)}
        return frozenset(wanted | found)


UNLISTED = Customers()
"""Where customers.yaml names nobody: every name stands for itself."""


def phone_number(text: str, region: str | None = None) -> str | None:
    """`text` as E.164 has it, +442079460000; None where it can be no number.

    `region` (GB) is the country of a number without one. A number counts if its length is one of
    its country's: those set aside for examples and fiction do, and new ranges need no new release
    of the library's data.
    """
    import phonenumbers  # a twentieth of a second, for those who ask about numbers

    try:
        found = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(found):
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def is_region(text: str) -> bool:
    """Whether it is a country whose numbers are known, such as GB."""
    import phonenumbers

    return text in phonenumbers.SUPPORTED_REGIONS
