"""Whether the configuration can be used, and whether the secrets that it names are set."""

from __future__ import annotations

from collections.abc import Iterator

from supportops.config.configuration import File
from supportops.config.loader import check
from supportops.flows.examining.finding import Finding, Installation, Level, fine
from supportops.flows.receivers import has_address

_CHECK = "supportops config check"


def configuration(installation: Installation) -> Iterator[Finding]:
    """Faults of the files as they are now, and what in them hardly means what it should."""
    checked = check(installation.context.config)
    for fault in checked.all_faults:
        yield Finding(
            Level.FAULT,
            str(fault),
            "The last good version of the file is used, or nothing of it.",
            f"mend the file; {_CHECK}",
        )
    for finding in checked.findings:
        yield Finding(Level.WARNING, str(finding), "It has hardly the effect it should.", _CHECK)
    if not checked.faults and not checked.findings:
        sites = len(checked.configuration.fleet.sites)
        yield fine(f"{installation.context.config}: no faults, {sites} sites")


def secrets(installation: Installation) -> Iterator[Finding]:
    """Whether every secret is set that a receiver, a site or a link needs. Shows none."""
    configuration, context = installation.configuration, installation.context
    named: dict[str, str] = {}
    if configuration.has(File.ALERTS):
        targets = configuration.alerts.targets().values()
        missing = [each for each in targets if has_address(context, each) is not True]
        for target in missing:
            named[target.secret] = f"{target.name} gets no message"
        if configuration.alerts.public_url and not context.secrets("alert_links"):
            named["alert_links"] = "no message has a link to take its alert"
    if configuration.has(File.SITES):
        for site in configuration.fleet.sites:
            if site.request.login and not context.secrets(site.request.login):
                named[site.request.login] = f"{site.name} is checked without its login"
    for name, consequence in sorted(named.items()):
        yield Finding(
            Level.FAULT,
            f"the secret {name} is not set or cannot be read",
            f"{consequence[0].upper()}{consequence[1:]}.",
            f"set the Connection {name} in Airflow, or AIRFLOW_CONN_{name.upper()}",
        )
    if not named:
        yield fine("every secret that the configuration names is set")
