"""The page that says what is promised, out of the objects that the promises are judged by."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from supportops.config.configuration import Configuration, File
from supportops.customers import Logo
from supportops.files import replace_file
from supportops.rendering.render import render
from supportops.reports.document import Head
from supportops.reports.formats.head import on_paper
from supportops.sla.policy import Calendar
from supportops.sla.published.contact import Contact
from supportops.sla.published.wording import Asked, LevelsPage, levels_page
from supportops.status_pages.rendering import LEVELS, LEVELS_STYLE

_ACCENT = "#57606a"
OFFICE = "office"


def content(
    configuration: Configuration, now: datetime, language: str = "en-GB", customer: str = ""
) -> LevelsPage:
    """The page's texts as of `now`. `customer`: by any name; "" for the page of everybody, which
    has no promise to certain customers.

    Raises ConfigurationError without a usable service_levels.yaml, LookupError where it promises
    nothing.
    """
    configuration.require(File.SERVICE_LEVELS)
    levels, book = configuration.service_levels, configuration.promises
    if book is None:
        raise LookupError("service_levels.yaml promises nothing: it has no policies")
    tiers = levels.tiers
    office = book.calendars.get(OFFICE) or Calendar(OFFICE, levels.office, 0)
    asked = Asked(
        titles={name: tier.title or name.replace("_", " ") for name, tier in tiers.named.items()},
        wakes=frozenset(name for name, tier in tiers.named.items() if tier.wakes),
        language=language,
        now=now,
        outages=tiers.outages,
        customer=configuration.customers.named(customer) if customer else "",
    )
    return levels_page(book, office, levels.contact, asked)


def html(
    configuration: Configuration, now: datetime, language: str = "en-GB", customer: str = ""
) -> str:
    """The page as one HTML file that loads nothing. Raises as `content`."""
    logo = configuration.customers.agency.logo
    picture = configuration.pictures.get(logo.digest) if logo else None
    found = configuration.customers.get(customer)
    return _html(
        configuration,
        content(configuration, now, language, customer),
        style=_style((found.colour if customer else None) or _accent(configuration)),
        logo=_inline(logo, picture) if logo and picture else "",
    )


def published(
    configuration: Configuration, now: datetime, logo: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """The page in each language and its style, for the folder of status pages: once
    service_levels.yaml promises something and says how customers reach the agency. `logo`: the
    agency's, by the name of its file, which is among those that are returned."""
    if not configuration.has(File.SERVICE_LEVELS) or configuration.promises is None:
        return {}
    if configuration.service_levels.contact == Contact():
        return {}
    pages = {
        name: _html(
            configuration,
            content(configuration, now, tag),
            stylesheet=LEVELS_STYLE,
            logo=next(iter(logo or ()), ""),
        )
        for tag, name in LEVELS.items()
    }
    files = {LEVELS_STYLE: _style(_accent(configuration)), **pages}
    return {name: text.encode() + b"\n" for name, text in files.items()} | dict(logo or {})


def _accent(configuration: Configuration) -> str:
    """The agency's colour where it can be read on white, and as links and headings are."""
    colour = configuration.customers.agency.colour
    return on_paper(Head("", colour)) if colour else _ACCENT


def _inline(logo: Logo, content: bytes) -> str:
    return f"data:{logo.media_type};base64,{base64.b64encode(content).decode()}"


def _style(accent: str) -> str:
    return render("sla/levels.css", accent=accent)


def _html(
    configuration: Configuration,
    page: LevelsPage,
    *,
    style: str = "",
    stylesheet: str = "",
    logo: str = "",
) -> str:
    return render(
        "sla/levels.html",
        page=page,
        agency=configuration.service_levels.contact.agency or configuration.customers.agency.name,
        logo=logo,
        style=style,
        stylesheet=stylesheet,
    )


def write(path: Path, text: str) -> bool:
    """Puts the page in place, whole or not at all; returns whether it was another.

    Web servers read it, so others may, too. Raises OSError, of it NoFileError where something else
    than a file is in its place.
    """
    written = text.encode() + b"\n"
    if path.is_file() and path.read_bytes() == written:
        return False
    replace_file(path, written)
    return True
