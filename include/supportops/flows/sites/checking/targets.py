"""The requests of a site: its address and pages, with what they carry and what is expected."""

from __future__ import annotations

from supportops.context import Secrets
from supportops.sites.probe.request_state import Target
from supportops.sites.site import Expectation, Site


def target_of(site: Site, url: str, expect: Expectation, secrets: Secrets) -> Target:
    """The request of one address of the site.

    A site with a login whose secret is not set, or is not `user:password`, cannot be checked: that
    is our own trouble and says nothing about the site.
    """
    login, unready = None, ""
    name = site.request.login
    if name is not None:
        user, colon, password = (secrets(name) or "").partition(":")
        if user and colon and (user + password).isprintable():
            login = (user, password)
        else:
            unready = f"the connection {name} is not set to user:password"
    return Target(url, expect, site.allow_private, site.request, login, unready)
