"""Whether the configuration can be used, and whether the secrets that it names are set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from supportops.alerts.acts.link import SECRET as ALERT_LINKS
from supportops.config.configuration import Configuration, File, file_name
from supportops.config.documents import ANNOUNCED, CALENDARS
from supportops.config.loader import check
from supportops.config.snapshots import last_versions, newest
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.operations import scraping
from supportops.flows.operations.examining.finding import (
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)

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
    findings = checked.findings
    for finding in findings:
        yield Finding(Level.WARNING, str(finding), "It may not do what was meant.", _CHECK)
    if not checked.faults and not findings:
        sites = len(checked.configuration.fleet.sites)
        yield fine(f"{installation.context.config}: no faults, {sites} sites")


def active(installation: Installation) -> Iterator[Finding]:
    """Whether the files of this machine are those in force. Another machine whose files differ
    makes its own the active ones when it plans a check."""
    with reading(installation.context.engine) as connection:
        last = last_versions(connection, 1)
        in_force = newest(connection)
    if in_force is None:
        yield unknown("no configuration is in force yet", "Nothing was checked.", "a site check")
        return
    here, there = installation.configuration.document, in_force.document
    names = sorted({*here, *there} - {ANNOUNCED, CALENDARS})
    differing = [file_name(name) for name in names if here.get(name) != there.get(name)]
    since = last[0][1]
    if not differing:
        yield fine(f"what is in force since {since:%Y-%m-%d %H:%M} UTC is what the files say")
    elif _changed_at(installation.context.config) > since:
        yield fine(f"the next site check puts into force what changed in {', '.join(differing)}")
    else:
        yield Finding(
            Level.WARNING,
            f"what is in force since {since:%Y-%m-%d %H:%M} UTC has another {', '.join(differing)} "
            "than this machine, whose files are older",
            "Each machine that plans a check makes its own files the active ones.",
            "give all machines the same files; docs/several-workers.md",
        )


def _changed_at(folder: Path) -> datetime:
    """When a file of the folder was written last."""
    written = max((each.stat().st_mtime for each in folder.rglob("*")), default=0.0)
    return datetime.fromtimestamp(max(written, folder.stat().st_mtime), UTC)


def secrets(installation: Installation) -> Iterator[Finding]:
    """Whether every secret is set that the configuration names. Shows none."""
    context = installation.context
    missing = {
        name: consequence
        for name, consequence in _named(installation.configuration)
        if not _is_set(context, name)
    }
    for name, consequence in sorted(missing.items()):
        yield Finding(
            Level.FAULT,
            f"the secret {name} is not set or cannot be read",
            f"{consequence}.",
            f"set the Connection {name} in Airflow, or AIRFLOW_CONN_{name.upper()}",
        )
    if not missing:
        yield fine("every secret that the configuration names is set")


def metrics(installation: Installation) -> Iterator[Finding]:
    """Whether metrics can be scraped, and whether their token could be guessed."""
    token = installation.context.secrets(scraping.SECRET)
    if not token:
        yield fine(f"metrics are closed: the Connection {scraping.SECRET} is not set")
    elif scraping.is_usable(token):
        yield fine("metrics are open to whoever has their token")
    else:
        yield Finding(
            Level.WARNING,
            f"the token of metrics has under {scraping.SHORTEST} characters, or signs that no "
            "header can hold",
            "It could be guessed, so metrics stay closed.",
            "set the Connection metrics_token to the answer of: openssl rand -hex 32",
        )


def _is_set(context: Context, name: str) -> bool:
    try:
        return bool(context.secrets(name))
    except Exception:  # the backend of secrets is away; its text may hold one
        return False


def _named(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The secrets that are named, each with what does not work without it."""
    if configuration.has(File.ALERTS):
        for target in configuration.alerts.targets().values():
            yield target.secret, f"The receiver {target.name} gets no message"
        if configuration.alerts.public_url:
            yield ALERT_LINKS, "No message has a link to take its alert"
    if configuration.has(File.SITES):
        fleet = configuration.fleet
        for site in fleet.sites:
            if site.request.login:
                yield site.request.login, f"{site.name} is checked without its login"
        for heartbeat in (fleet.policy.heartbeat, fleet.policy.heartbeat_failure):
            if heartbeat:
                yield heartbeat, "Nobody outside notices when the checks stop"
        for monitor in configuration.monitors.all:
            yield monitor.token, f"{monitor.name} cannot report"
            if monitor.signature:
                yield monitor.signature, f"{monitor.name} cannot report"
    for account in configuration.mailboxes.accounts:
        if account.server is not None:
            yield account.server.secret, f"The mailbox {account.name} is not read"
    if configuration.has(File.ROTA):
        for team, source in configuration.rota.calendars.items():
            if source.secret:
                yield source.secret, f"The calendar of {team} is not read"
