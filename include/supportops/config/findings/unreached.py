"""Customers who get notices or reports and have nobody whom a mail could reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from supportops.config.configuration import Configuration, File
from supportops.config.model import Wrong, entries
from supportops.customers import CustomerReport

_MOST = 5


def without_contacts(configuration: Configuration) -> Iterator[Wrong]:
    """The customers of sites to whom notices are drafted, and who have no contact."""
    if configuration.notices.rules is None or not configuration.has(File.SITES):
        return
    customers = configuration.customers
    known = {customers.named(site.customer) for site in configuration.fleet.sites}
    lacking = [
        name
        for name in sorted(known)
        if configuration.notices.of(customers.get(name)) and not customers.get(name).contacts
    ]
    if lacking:
        more = f" and {len(lacking) - _MOST} more" if len(lacking) > _MOST else ""
        found = f"no contacts of {', '.join(lacking[:_MOST])}{more}"
        hint = "add them, or `notices: []` to the customer"
        yield Wrong(("notices",), found, "somebody whom a notice reaches by mail", hint)


def unsent_reports(data: Any) -> Iterator[Wrong]:
    """The customers in the raw `data` of customers.yaml with a report that nobody would get."""
    for path, entry in entries(data, "customers"):
        if CustomerReport.MONTHLY in (entry.get("reports") or ()) and not entry.get("contacts"):
            expected = "contacts to whom the report is sent"
            yield Wrong((*path, "reports"), "monthly, and no contacts", expected)
