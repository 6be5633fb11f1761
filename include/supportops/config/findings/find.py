"""What a configuration may say but can hardly mean: names of nothing, and alerts to nobody.

A finding stops nothing: an installation goes on as it did. `supportops config check` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.escalation import decide
from supportops.alerts.policy import AlertPolicy, OfficeHours
from supportops.alerts.routing.decision import Reason
from supportops.config.configuration import IMPORTS, Configuration, File, file_name
from supportops.config.findings.alert_ways import never_matching, without_a_way
from supportops.config.findings.lone_customers import lone_customers
from supportops.config.findings.raised import RAISED_AT, promised_tiers
from supportops.config.findings.unreached import unsent_reports, without_contacts
from supportops.config.model import Wrong, did_you_mean, entries, mapping, shown, unknown
from supportops.config.of_store.retention import FORMER_KEY
from supportops.config.of_tickets.service_levels import former, tiers_in
from supportops.config.validation import located
from supportops.config.yaml_source import Fault, KeyPath, Source
from supportops.rendering.catalogue import language_of, languages


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
        yield from without_a_way(configuration)
        yield from never_matching(data, configuration)
    elif name == File.SERVICE_LEVELS:
        yield from _own_tiers(data, known)
        yield from _asleep(configuration)
    yield from lone_customers(name, data, configuration)
    if name == File.CUSTOMERS:
        yield from without_contacts(configuration)
        yield from unsent_reports(data)
    if name == File.MAILBOX and mapping({"": data}, "").get(FORMER_KEY) is not None:
        here = shown(data[FORMER_KEY])
        expected = "nothing here: its place is `retention: {recordings: ...}` of store.yaml"
        yield Wrong((FORMER_KEY,), here, expected, "it still counts where that says nothing")
    if name == File.REPORTS:
        yield from _targets_of_no_site(data, configuration)
        yield from _languages_without_catalogue(data)
    if name not in (File.ALERTS, File.SERVICE_LEVELS) and known:
        for path, tier in _tiers_named(name, data):
            if isinstance(tier, str) and tier not in known:
                yield unknown(path, tier, known, "a tier of service_levels.yaml:")


def _targets_of_no_site(data: Any, configuration: Configuration) -> Iterator[Wrong]:
    """A site that was removed keeps its target, which reports of its time go by."""
    if not configuration.has(File.SITES):
        return
    names = configuration.fleet.by_name()
    for name in mapping(mapping(data, "availability"), "sites"):
        if isinstance(name, str) and names and name not in names:
            hint = did_you_mean(name, names) or "keep it for reports of when the site was there"
            where = ("availability", "sites", name)
            yield Wrong(where, shown(name), "a site of sites.yaml", hint)


def _languages_without_catalogue(data: Any) -> Iterator[Wrong]:
    """An audience gets its reports in English instead."""
    for path, entry in entries(data, "audiences"):
        language = entry.get("language")
        if isinstance(language, str) and language_of(language) not in languages():
            expected = f"a language that reports are written in: {', '.join(languages())}"
            hint = "its reports are in English"
            yield Wrong((*path, "language"), shown(language), expected, hint)


def _asleep(configuration: Configuration) -> Iterator[Wrong]:
    """Tiers that wake people, of which no alert reaches anybody while the office is closed."""
    if not configuration.has(File.ALERTS):
        return
    policy = configuration.alerts
    for name in promised_tiers(configuration):
        tier = configuration.tiers.named.get(name)
        if tier is None or not tier.wakes:
            continue
        later = RAISED_AT + timedelta(days=1)
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
    alert = Alert(f"{kind}:", kind, severity, "", "", RAISED_AT)
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
