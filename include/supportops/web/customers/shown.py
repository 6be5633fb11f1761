"""Which stored reports a login sees that is bound to customers: what they were sent, no more."""

from __future__ import annotations

from collections.abc import Mapping

from supportops.config.reports import audience_name
from supportops.reports.audience import INTERNAL, Audience
from supportops.reports.store import ReportEntry
from supportops.web import report_queries
from supportops.web.page import PageContext
from supportops.web.report_queries import About


def shown_reports(page: PageContext) -> list[About]:
    """The audiences and customers, as stored, whose issued reports the viewer sees.

    Customers are compared by today's names and aliases.
    """
    known = report_queries.issued_about(page.connection)
    return [each for each in known if _is_shown(page, each)]


def sees(page: PageContext, entry: ReportEntry | None) -> bool:
    """Whether the viewer sees this edition: one that was issued, and is about their customers."""
    if entry is None or entry.issued_at is None or entry.customer is None:
        return False
    return _is_shown(page, About(entry.audience, entry.customer))


def _is_shown(page: PageContext, about: About) -> bool:
    customers = page.configuration.customers
    theirs = {customers.key(name) for name in page.viewer.customers or ()}
    return customers.key(about.customer) in theirs and _is_for_customers(page, about)


def _is_for_customers(page: PageContext, about: About) -> bool:
    """Whether a customer may read what this audience reads: it was made for the customer, or no
    part of it is internal. Of an audience that reports.yaml no longer has, nobody knows that."""
    if about.audience == audience_name(about.customer):
        return True
    audiences: Mapping[str, Audience] = {
        each.name: each for each in page.configuration.reports.audiences
    }
    audience = audiences.get(about.audience)
    if audience is None or audience.customer is None:
        return False
    same = page.configuration.customers.same(audience.customer, about.customer)
    return same and not INTERNAL.intersection(audience.parts)
