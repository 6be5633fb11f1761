"""Status pages for customers: written to a folder after each judgement, served by any web server.

What goes wrong here fails no check: it is an alert to the operators, and the pages, which say when
they were made, declare themselves out of date.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.configuration import Configuration, File
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.customers import PageAccess
from supportops.db.engine import reading, writing
from supportops.db.schema import notices
from supportops.flows.active_configuration import active_configuration
from supportops.flows.customers.publishing.gathering import gather
from supportops.flows.customers.publishing.pages import (
    Pages,
    customers_with_pages,
    logo_of,
    pages_of,
)
from supportops.flows.sla.service_levels_page import published
from supportops.status_pages import store
from supportops.status_pages.address import FOLDER, SECRET, token
from supportops.status_pages.rendering import files_of, static_files

log = logging.getLogger(__name__)
SUBJECT = "status pages"
# Restored once for a process, which may write the pages again and again.
_configurations = LastConfiguration()


class StatusPagesError(RuntimeError):
    """Why no pages, or not all of them, were written, in one line."""


@dataclass(frozen=True, slots=True)
class Written:
    """The pages there are now; `files` were new or another, `removed` belong to nobody any more."""

    pages: int
    public: bool
    files: int
    removed: int

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a page is. `customer` None: the public one. `url`: None where customers.yaml does not
    say where the pages are published."""

    customer: str | None
    path: str
    url: str | None


def write(context: Context, now: datetime) -> Written:
    """Writes every page as of `now`, and removes those that nobody has any more.

    Raises StatusPagesError, or LookupError before the first configuration.
    """
    folder = _folder(context)
    try:
        with store.one_writer(folder):
            with reading(context.engine) as connection:
                configuration = _usable(active_configuration(connection))
                known = gather(connection, configuration, _configurations.fleet_of, now)
            secret = context.secrets(SECRET)
            tokens = _tokens(configuration, secret)
            pages = pages_of(configuration, known, tokens, logo_of(context.config))
            shown = pages.public
            outcome = store.replace_all(
                folder,
                None if shown is None else files_of(shown, to_root="") | dict(pages.agency),
                None if tokens is None else _private(pages),
                static_files() | published(configuration, now, pages.agency),
            )
            store.note_written(folder, now)
    except store.FolderError as error:
        raise StatusPagesError(str(error)) from error
    if tokens is None and customers_with_pages(configuration):
        raise StatusPagesError(f"the secret {SECRET} is not set: only the public page was written")
    count = len(pages.private) + (pages.public is not None)
    return Written(count, pages.public is not None, outcome.written, outcome.removed)


def refresh(context: Context, now: datetime) -> str | None:
    """Writes the pages if there is a folder for them; what was done in words, None without one.

    Never raises: a failure is logged, and an alert until the next success.
    """
    if context.status_pages is None:
        return None
    try:
        done = write(context, now)
    except LookupError as none_yet:
        return str(none_yet)
    except Exception as error:
        why = str(error) if isinstance(error, StatusPagesError) else type(error).__name__
        log.exception("status pages were not written")
        _note(context, now, why)
        return f"failed: {why}"
    _note(context, now, None)
    return f"{done.pages} pages, {done.files} files written, {done.removed} removed"


def refresh_for_notices(context: Context, now: datetime) -> str | None:
    """The same, if a notice was sent since the pages were last written."""
    if context.status_pages is None:
        return None
    last = store.written_at(context.status_pages)
    with reading(context.engine) as connection:
        sent = select(func.max(notices.c.decided_at)).where(notices.c.state == "sent")
        newest = connection.execute(sent).scalar()
    if newest is None or (last is not None and newest < last):
        return None
    return refresh(context, now)


def addresses(context: Context) -> list[Address]:
    """Where each page is, the public one first. Raises StatusPagesError or LookupError."""
    with reading(context.engine) as connection:
        configuration = _usable(active_configuration(connection))
    tokens = _tokens(configuration, context.secrets(SECRET))
    base = configuration.customers.pages.url
    found = []
    wanted = customers_with_pages(configuration)
    if any(each.page is PageAccess.PUBLIC for each in wanted):
        found.append(Address(None, "", base))
    if tokens is None:
        raise StatusPagesError(f"the secret {SECRET} is not set: no customer's page has an address")
    for each in wanted:
        path = f"{FOLDER}/{tokens[each.name]}/"
        found.append(Address(each.name, path, None if base is None else f"{base}{path}"))
    return found


def _folder(context: Context) -> Path:
    if context.status_pages is None:
        raise StatusPagesError(
            "no folder is named: set SUPPORTOPS_STATUS_PAGES to the one that is served"
        )
    return context.status_pages


def _usable(configuration: Configuration) -> Configuration:
    """Raises StatusPagesError where it is not known whose sites there are, or who sees them."""
    if not configuration.has(File.SITES):
        raise StatusPagesError("there is no usable sites.yaml: the pages stay as they are")
    if not configuration.has(File.CUSTOMERS):
        raise StatusPagesError("there is no usable customers.yaml: the pages stay as they are")
    return configuration


def _tokens(configuration: Configuration, secret: str | None) -> Mapping[str, str] | None:
    """The folder of each customer's page by the name; None without a secret."""
    if not secret:
        return None
    customers = configuration.customers
    try:
        return {
            each.name: token(secret, customers.key(each.name))
            for each in customers_with_pages(configuration)
        }
    except ValueError as error:
        raise StatusPagesError(str(error)) from None


def _private(pages: Pages) -> dict[str, dict[str, bytes]]:
    return {
        name: files_of(page, to_root="../../") | dict(pages.logos.get(name, {}))
        for name, page in pages.private.items()
    }


def _note(context: Context, now: datetime, why: str | None) -> None:
    """Raises or ends the alert about the pages."""
    with writing(context.engine) as connection:
        if why is None:
            resolve_alert(connection, Kind.CHECK_TROUBLE, SUBJECT, now)
            return
        headline = f"Status pages are not written: {why}"
        alert = operations_alert(Kind.CHECK_TROUBLE, SUBJECT, headline, now, facts={"error": why})
        raise_alert(connection, alert, now)
