"""`customers.yaml`: what customers are called and how they are reached, as operators write it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from supportops.config.model import Model, Wrong, entries, items, mapping, shown, unknown
from supportops.config.of_customers.logos import check_place
from supportops.config.of_customers.notice_rules import NoticeRules, NoticesEntry, not_in_time
from supportops.config.values import Identifier, Name, Url
from supportops.config.yaml_source import KeyPath, show_path
from supportops.customers import (
    DEFAULT_LANGUAGE,
    Agency,
    Customer,
    CustomerReport,
    Customers,
    Logo,
    Notice,
    PageAccess,
    PageSettings,
    is_region,
    phone_number,
)
from supportops.names import folded
from supportops.notices.settings import NoticePlan
from supportops.rendering.catalogue import language_of, languages

_NUMBER = "a telephone number, such as +44 20 7946 0000"


def _language(found: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", found) or language_of(found) not in languages():
        raise ValueError(f"one of {', '.join(languages())}, or one with its country: de-AT")
    return DEFAULT_LANGUAGE if found == "en" else found


def _colour(found: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", found):
        raise ValueError('a colour such as "#0a5c36", in quotation marks')
    return found.lower()


def _region(found: str) -> str:
    if not is_region(found):
        raise ValueError("a country of two capitals, such as GB")
    return found


class CustomerEntry(Model):
    """One customer. `contacts`: receivers of alerts.yaml, which have the addresses."""

    name: Name
    aliases: list[Name] = []
    contacts: list[Identifier] = []
    phones: list[Annotated[str, WithJsonSchema({"type": "string"})]] = []
    language: Annotated[str, AfterValidator(_language)] = DEFAULT_LANGUAGE
    logo: Annotated[str, AfterValidator(check_place)] | None = None
    colour: Annotated[str, AfterValidator(_colour)] | None = None
    notices: list[Notice] = [Notice.OUTAGE, Notice.FAULT]
    notice_rules: NoticeRules | None = None
    page: PageAccess = PageAccess.PRIVATE
    page_due_by: bool | None = None
    reports: list[CustomerReport] = []

    def customer(self, region: str | None, logos: Mapping[str, str]) -> Customer:
        numbers = [phone_number(each, region) for each in self.phones]
        digest = logos.get(self.logo or "")
        return Customer(
            name=self.name,
            aliases=tuple(self.aliases),
            contacts=tuple(self.contacts),
            phones=tuple(dict.fromkeys(number for number in numbers if number)),
            language=self.language,
            logo=Logo(self.logo, digest) if self.logo and digest else None,
            colour=self.colour,
            notices=frozenset(self.notices),
            page=self.page,
            page_due_by=self.page_due_by,
            reports=frozenset(self.reports),
        )


class AgencyEntry(Model):
    """The agency, as customers see it in reports, mails and pages."""

    name: Name | None = None
    logo: Annotated[str, AfterValidator(check_place)] | None = None
    colour: Annotated[str, AfterValidator(_colour)] | None = None

    def agency(self, logos: Mapping[str, str]) -> Agency:
        digest = logos.get(self.logo or "")
        logo = Logo(self.logo, digest) if self.logo and digest else None
        return Agency(self.name or "", logo, self.colour)


class StatusPagesEntry(Model):
    """Status pages. `title`: of the public one; `url`: where the folder of all is published;
    `due_by`: whether customers' own pages say by when open tickets are answered."""

    title: Name | None = None
    url: Url | None = None
    due_by: bool = False

    def settings(self) -> PageSettings:
        url = None if self.url is None else f"{self.url.rstrip('/')}/"
        return PageSettings(self.title, url, self.due_by)


class CustomersFile(Model):
    """The whole of `customers.yaml`. `region`: the country of numbers that are written without
    one. `notices`: where it is not set, no customer is notified of anything."""

    region: Annotated[str, AfterValidator(_region)] | None = None
    agency: AgencyEntry = AgencyEntry()
    notices: NoticesEntry | None = None
    status_pages: StatusPagesEntry = StatusPagesEntry()
    customers: list[CustomerEntry] = Field(default=[])

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """One customer for each name and alias, and numbers that can be called."""
        yield from _one_for_each_name(data)
        region = data.get("region") if isinstance(data, dict) else None
        known = region if isinstance(region, str) and is_region(region) else None
        for path, entry in entries(data, "customers"):
            for inner, number in items(entry, "phones"):
                if isinstance(number, str) and phone_number(number, known) is None:
                    hint = "" if known or number.lstrip().startswith("+") else _WITHOUT_COUNTRY
                    yield Wrong((*path, *inner), shown(number), _NUMBER, hint)
        yield from not_in_time(data)

    @classmethod
    def among(cls, data: Any, others: Mapping[str, Any]) -> Iterator[Wrong]:
        """Only receivers that alerts.yaml has."""
        if "alerts" not in others:
            return
        receivers = mapping(others["alerts"], "receivers")
        for path, entry in entries(data, "customers"):
            for inner, name in items(entry, "contacts"):
                if isinstance(name, str) and name not in receivers:
                    yield unknown((*path, *inner), name, receivers, "a receiver of alerts.yaml:")

    def customers_named(self, logos: Mapping[str, str]) -> Customers:
        """`logos`: the digests of the pictures by their files."""
        listed = tuple(entry.customer(self.region, logos) for entry in self.customers)
        pages, agency = self.status_pages.settings(), self.agency.agency(logos)
        return Customers(listed, self.region, pages, agency)

    def notice_plan(self) -> NoticePlan:
        """Who approves notices, and how soon; nobody gets any where `notices` is not set."""
        if self.notices is None:
            return NoticePlan()
        own = {each.name: each.notice_rules for each in self.customers if each.notice_rules}
        return self.notices.plan(own)


_WITHOUT_COUNTRY = "set `region` to the country of numbers that are written without one"


def _one_for_each_name(data: Any) -> Iterator[Wrong]:
    """Names first: an alias that is another's name is the fault, whichever stands first."""
    names: list[tuple[KeyPath, Any]] = []
    aliases: list[tuple[KeyPath, Any]] = []
    for path, entry in entries(data, "customers"):
        names.append(((*path, "name"), entry.get("name")))
        aliases += [((*path, *inner), alias) for inner, alias in items(entry, "aliases")]
    owners: dict[str, KeyPath] = {}
    for path, name in [*names, *aliases]:
        if not isinstance(name, str):
            continue
        first = owners.setdefault(folded(name), path)
        if first[:2] != path[:2]:
            expected = f"each name and alias at one customer, but it stands at {show_path(first)}"
            yield Wrong(path, shown(name), f"{expected} too")
