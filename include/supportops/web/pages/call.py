"""The form that takes down a customer's call."""

from __future__ import annotations

import uuid
from typing import Any

from supportops.flows.tickets.log_call import LONGEST_NAME, LONGEST_TEXT
from supportops.web.page import Page, PageContext, Query, Text, last_check
from supportops.web.tickets import related


class About(Query):
    """What the form begins with, for links from a site or a customer."""

    site: Text = ""
    customer: Text = ""


def call(page: PageContext, query: About) -> dict[str, Any]:
    """What the form's template shows. `call`: names this form, so that it makes one ticket."""
    configuration = page.configuration
    sites = sorted(configuration.fleet.sites, key=lambda site: site.name)
    known = configuration.fleet.by_name().get(query.site)
    titles = configuration.tiers.titles()
    return {
        "check": last_check(page.connection, page.now),
        "call": uuid.uuid4().hex,
        "site": query.site,
        "customer": query.customer or (known.customer if known else ""),
        "sites": [(site.name, site.customer) for site in sites],
        "customers": related.customers(page),
        "tiers": [
            (name, titles.get(name, name), tier.wakes)
            for name, tier in configuration.tiers.named.items()
        ],
        "longest_name": LONGEST_NAME,
        "longest_text": LONGEST_TEXT,
    }


CALL = Page("call", About, call)
