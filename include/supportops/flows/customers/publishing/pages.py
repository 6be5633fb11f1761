"""Every status page of an instant: whose it is, what it shows, and where it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from supportops.config.configuration import Configuration
from supportops.customers import Customer, Logo, PageAccess
from supportops.files import open_file
from supportops.rendering.catalogue import DEFAULT, catalogue
from supportops.sites.site import STALE_AFTER
from supportops.status_pages.address import FOLDER
from supportops.status_pages.page import StatusPage
from supportops.status_pages.selecting import Known, incidents_of, maintenance_of, sites_of

# A page is written at the end of a run, which lasts for some minutes.
STALE_MARGIN = STALE_AFTER / 2
_LARGEST_LOGO = 1_000_000

LogoOf = Callable[[Logo | None], tuple[str, bytes] | None]
"""The name and the content of a logo."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The public page, if any customer has one, and the customers' own by their folders; `logos`
    the files beside these, `agency` the one beside the public page."""

    public: StatusPage | None
    private: Mapping[str, StatusPage]
    logos: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    agency: Mapping[str, bytes] = field(default_factory=dict)


def customers_with_pages(configuration: Configuration) -> list[Customer]:
    """Those who have a site and a page, by name. A public one has a page of its own too."""
    customers = configuration.customers
    found: dict[str, Customer] = {}
    for site in configuration.fleet.sites:
        each = customers.get(site.customer)
        if each.page is not PageAccess.NONE:
            found.setdefault(customers.key(each.name), each)
    return sorted(found.values(), key=lambda each: (each.name.casefold(), each.name))


def pages_of(
    configuration: Configuration,
    known: Known,
    tokens: Mapping[str, str] | None,
    logo: LogoOf,
) -> Pages:
    """`tokens`: the folder of each customer's page by the name; None: no page but the public."""
    wanted = customers_with_pages(configuration)
    settings, key = configuration.customers.pages, configuration.customers.key
    open_to_all = frozenset(key(c.name) for c in wanted if c.page is PageAccess.PUBLIC)
    public, agency = None, logo(configuration.customers.agency.logo)
    if open_to_all:
        title = settings.title or catalogue(DEFAULT).gettext("Status of our websites")
        name = agency[0] if agency else None
        public = _page(configuration, known, open_to_all, None, title, settings.url, name)
    private: dict[str, StatusPage] = {}
    logos: dict[str, Mapping[str, bytes]] = {}
    for each in wanted if tokens is not None else ():
        assert tokens is not None
        folder = tokens[each.name]
        picture = logo(each.logo) or agency
        if picture is not None:
            logos[folder] = dict([picture])
        words = catalogue(each.language)
        title = words.gettext("Status of the websites of {customer}", customer=each.name)
        url = None if settings.url is None else f"{settings.url}{FOLDER}/{folder}/"
        mine = frozenset({key(each.name)})
        private[folder] = _page(
            configuration, known, mine, each, title, url, picture[0] if picture else None
        )
    return Pages(public, private, logos, dict([agency]) if agency else {})


def _page(
    configuration: Configuration,
    known: Known,
    customers: frozenset[str],
    customer: Customer | None,
    title: str,
    address: str | None,
    logo: str | None = None,
) -> StatusPage:
    incidents, past = incidents_of(known, customers)
    return StatusPage(
        title=title,
        customer=customer.name if customer else None,
        language=customer.language if customer else DEFAULT,
        zone=configuration.zone,
        made_at=known.now,
        checked_at=known.checked_at,
        stale_after=STALE_AFTER + STALE_MARGIN,
        sites=sites_of(known, customers),
        incidents=incidents,
        past=past,
        maintenance=maintenance_of(known, customers),
        blind=known.blind,
        colour=(customer.colour if customer else None) or configuration.customers.agency.colour,
        logo=logo,
        address=address,
        tickets=known.tickets(configuration.customers.key(customer.name)) if customer else None,
    )


def logo_of(folder: Path) -> LogoOf:
    """Reads logos from the configuration folder: only what is as it was when it was checked."""

    def read(logo: Logo | None) -> tuple[str, bytes] | None:
        if logo is None:
            return None
        try:
            with open_file(folder / logo.file) as file:
                content = file.read(_LARGEST_LOGO)
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != logo.digest:
            return None
        suffix = "svg" if logo.media_type == "image/svg+xml" else "png"
        return f"logo.{suffix}", content

    return read
