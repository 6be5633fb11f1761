"""What a configuration may say but can hardly mean: names of nothing, and alerts to nobody.

A finding stops nothing: an installation goes on as it did. `supportops config check` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind, Severity
from supportops.alerts.escalation import Reason, decide
from supportops.alerts.policy import AlertPolicy, OfficeHours
from supportops.config.configuration import IMPORTS, Configuration, File, file_name
from supportops.config.model import Wrong, entries, items, mapping, shown, unknown
from supportops.config.service_levels import former, tiers_in
from supportops.config.validation import located
from supportops.config.yaml_source import Fault, KeyPath, Source

# What kinds are raised with; all others are warnings, and those on service levels as their tier.
_CRITICAL = frozenset(
    {Kind.OUTAGE, Kind.HOST_OUTAGE, Kind.BLIND, Kind.CALL, Kind.CHECK_STALE},
)
_ALWAYS_RAISED = (
    Kind.CALL,
    Kind.CHECK_STALE,
    Kind.CHECK_TROUBLE,
    Kind.CLOCK,
    Kind.CONFIGURATION,
    Kind.DELIVERY,
    Kind.TASK_FAILED,
    Kind.IMPORT_ERROR,
)
# A message that goes out now, or as soon as its step or its hours have come.
_REACHES = frozenset({Reason.STEP_REACHED, Reason.FALLBACK, Reason.NOT_YET, Reason.OUTSIDE_HOURS})
_RAISED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def find(configuration: Configuration, sources: Mapping[str, Source]) -> Iterator[Fault]:
    """The findings in the files that were read (`sources`) and are used, file by file."""
    for name, source in sources.items():
        if name in configuration.faults or not configuration.has(name):
            continue
        wrongs = _in_file(name, source.data, configuration)
        yield from located(wrongs, source, file_name(name))


def _in_file(name: str, data: Any, configuration: Configuration) -> Iterator[Wrong]:
    known = tiers_in(configuration.document.get(File.SERVICE_LEVELS))
    if name == File.ALERTS:
        yield from _nobody(configuration)
        yield from _other_spelling(data, configuration)
    elif name == File.SERVICE_LEVELS:
        yield from _own_tiers(data, known)
        yield from _asleep(configuration)
    elif known:
        for path, tier in _tiers_named(name, data):
            if isinstance(tier, str) and tier not in known:
                yield unknown(path, tier, known, "a tier of service_levels.yaml:")


def _nobody(configuration: Configuration) -> Iterator[Wrong]:
    """Alerts that no route sends to anybody, unless they are of some site or customer."""
    policy, office = configuration.alerts, configuration.displayed().office
    for kind, severity in _raised(configuration):
        if not _reasons(policy, kind, severity, _RAISED_AT, office) & _REACHES:
            yield Wrong(
                ("routes",),
                f"no route for every {kind} of severity {severity}",
                "a route that matches it whatever its site and customer",
                f"add {kind} to the `kind` of such a route, or a route without `match`",
            )


def _raised(configuration: Configuration) -> Iterator[tuple[Kind, Severity]]:
    """The alerts that can be raised with this configuration."""
    kinds = list(_ALWAYS_RAISED)
    if configuration.has(File.SITES):
        fleet = configuration.fleet
        kinds += [Kind.OUTAGE, Kind.FAULT, Kind.CERTIFICATE] if fleet.sites else []
        kinds += [Kind.HOST_OUTAGE] if any(site.host for site in fleet.sites) else []
        kinds += [Kind.BLIND] if fleet.policy.vantage else []
    if configuration.has(File.REPORTS) and configuration.reports.audiences:
        kinds.append(Kind.REPORT_TROUBLE)
    for kind in kinds:
        yield kind, Severity.CRITICAL if kind in _CRITICAL else Severity.WARNING
    if not configuration.has(File.SERVICE_LEVELS):
        return
    severities = {configuration.tiers.severity(tier) for tier in _promised(configuration)}
    for kind in sorted(SERVICE_LEVEL_KINDS):
        yield from ((kind, severity) for severity in sorted(severities))


def _promised(configuration: Configuration) -> list[str]:
    """The tiers to which the newest policy, or one before it, promises something."""
    book = configuration.promises
    versions = () if book is None else book.versions
    return list(dict.fromkeys(each.tier for one in versions for each in one.promises))


def _asleep(configuration: Configuration) -> Iterator[Wrong]:
    """Tiers that wake people, of which no alert reaches anybody while the office is closed."""
    if not configuration.has(File.ALERTS):
        return
    policy = configuration.alerts
    for name in _promised(configuration):
        tier = configuration.tiers.named.get(name)
        if tier is None or not tier.wakes:
            continue
        later = _RAISED_AT + timedelta(days=1)
        reasons = _reasons(policy, Kind.SLA_BREACH, tier.severity, later, _Closed())
        if Reason.STEP_REACHED not in reasons:
            yield Wrong(
                ("tiers", name, "wakes"),
                f"no route of alerts.yaml that sends its {Kind.SLA_BREACH} at night",
                f"a route that matches severity {tier.severity} and has `hours: always`",
                "add one, or say `wakes: false`",
            )


class _Closed:
    """An office at night."""

    def is_open(self, _t: datetime) -> bool:
        return False

    def next_open(self, t: datetime) -> datetime:
        return t + timedelta(days=7)

    def elapsed(self, _start: datetime, _end: datetime) -> float:
        return 0.0


def _reasons(
    policy: AlertPolicy, kind: Kind, severity: Severity, now: datetime, office: OfficeHours
) -> set[Reason]:
    """What the dispatch itself decides on such an alert of no known site and customer."""
    alert = Alert(f"{kind}:", kind, severity, "", "", _RAISED_AT)
    return {one.reason for one in decide(alert, policy, (), now, office)}


def _own_tiers(data: Any, known: Mapping[str, Any]) -> Iterator[Wrong]:
    """A tier that tickets get of themselves, and that is promised nothing."""
    if not known or mapping(data, "tiers"):
        return  # nothing is promised, or the file itself is checked for it
    for key in ("outage_tier", "call_tier"):
        tier = data.get(key, getattr(former(), key))
        if tier not in known:
            yield unknown((key,), tier, known, "a tier of a policy:")


def _tiers_named(name: str, data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """The tiers that triage rules, or a mapping of tickets, name."""
    if name == File.TRIAGE:
        yield from _tiers_of_triage(data)
    elif name.startswith(f"{IMPORTS}/"):
        yield from _tiers_of_mapping(data)


def _tiers_of_triage(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    for priority, tier in mapping(data, "priorities").items():
        yield ("priorities", priority), tier
    for path, rule in entries(data, "rules"):
        yield (*path, "tier"), rule.get("tier")
    yield ("otherwise",), data.get("otherwise")


def _tiers_of_mapping(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    for key, inside in (("state", ("tier", "values")), ("happening", ("values", "tier"))):
        words = mapping(mapping(mapping(data, key), inside[0]), inside[1])
        for word, tier in words.items():
            yield (key, *inside, word), tier


def _other_spelling(data: Any, configuration: Configuration) -> Iterator[Wrong]:
    """Sites and customers of a route that sites.yaml writes otherwise: it would match nothing."""
    if not configuration.has(File.SITES):
        return
    sites = configuration.fleet.sites
    written = {"site": {site.name for site in sites}, "customer": {site.customer for site in sites}}
    for path, route in entries(data, "routes"):
        for key, names in written.items():
            alike = {_folded(name): name for name in sorted(names)}
            for inner, name in items(route.get("match"), key):
                if name not in names and _folded(name) in alike:
                    meant = alike[_folded(name)]
                    expected = f"{shown(meant)}, as sites.yaml writes it"
                    yield Wrong((*path, "match", *inner), shown(name), expected)


def _folded(name: object) -> str:
    return " ".join(str(name).split()).casefold()
