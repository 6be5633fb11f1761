"""Who would be notified of an alert, when and by which route, and why others would not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from supportops.alerts.alert import (
    SERVICE_LEVEL_KINDS,
    Alert,
    Kind,
    Severity,
    usual_severity,
)
from supportops.alerts.policy import AlertPolicy
from supportops.alerts.routing.course import Course, course_of
from supportops.alerts.silencing import log as silence_log
from supportops.alerts.silencing.silence import Silence, aliased
from supportops.config.configuration import Configuration, File
from supportops.config.loader import check
from supportops.config.snapshots import newest
from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.names import folded, recognised, suggestion
from supportops.sites.incident import affected
from supportops.sites.site import Fleet, Site

_OF_ALL_SITES = (Kind.BLIND, Kind.CHECK_STALE, Kind.CHECK_TROUBLE)


@dataclass(frozen=True, slots=True)
class Question:
    """An alert of `kind` that is raised `at`; what else is known of it.

    `receiver`: the one that fails, of an alert of the kind `delivery`. `ticket`: a number in the
    store, whose customer, site and tier count where they are not given.
    """

    kind: Kind
    at: datetime
    site: str | None = None
    customer: str | None = None
    host: str | None = None
    tier: str | None = None
    severity: Severity | None = None
    ticket: str | None = None
    receiver: str | None = None


def answer(question: Question, folder: Path, engine: Engine | None) -> Course:
    """Who would be notified. Without `engine` the files of `folder` count as they are, else the
    last good version of a faulty one. Raises LookupError for a name that is nowhere,
    ConfigurationError where there is no usable alerts.yaml."""
    if question.kind is Kind.REPORT:
        raise LookupError("no route sends a report: reports.yaml names who gets it")
    if question.kind is Kind.TEST:
        raise LookupError("no route sends a test: `supportops receivers test` names who gets it")
    if question.kind is Kind.HAND_OVER:
        raise LookupError("no route sends a hand-over: it is for whoever goes on duty by rota.yaml")
    if question.kind is Kind.NOTICE:
        raise LookupError("no route sends a notice: customers.yaml names each customer's contacts")
    configuration = configuration_in(folder, engine)
    configuration.require(File.ALERTS)
    question = _with_ticket(question, engine)
    if question.customer is not None:
        question = replace(question, customer=configuration.customers.named(question.customer))
    policy, shown = configuration.alerts, configuration.displayed()
    if not configuration.has(File.SERVICE_LEVELS):
        policy = policy.at_any_hour()
    silences: list[Silence] = []
    if engine is not None:
        with reading(engine) as connection:
            found = silence_log.ending_after(connection, question.at)
        silences = aliased(found, configuration.customers)
    return course_of(_alert(question, shown, policy), policy, shown.office, silences)


def course_from(
    configuration: Configuration, kind: Kind, severity: Severity, at: datetime
) -> Course:
    """Who would be notified of an alert of `kind` about nothing in particular, raised `at`.

    Raises ConfigurationError where there is no usable alerts.yaml.
    """
    configuration.require(File.ALERTS)
    policy, shown = configuration.alerts, configuration.displayed()
    if not configuration.has(File.SERVICE_LEVELS):
        policy = policy.at_any_hour()
    question = Question(kind, at, severity=severity)
    return course_of(_alert(question, shown, policy), policy, shown.office)


def configuration_in(folder: Path, engine: Engine | None) -> Configuration:
    """The files of `folder`; with `engine` the last good version of a faulty one."""
    if engine is None:
        return check(folder).configuration
    with reading(engine) as connection:
        last = newest(connection)
    return check(folder, last.document if last else None).configuration


def _with_ticket(question: Question, engine: Engine | None) -> Question:
    if question.ticket is None:
        return question
    if engine is None:
        raise LookupError("a ticket is looked up in the store, and no store is named")
    c = tickets.c
    with reading(engine) as connection:
        statement = select(c.customer, c.site, c.tier).where(c.ticket == question.ticket)
        found = connection.execute(statement.order_by(c.id)).first()
    if found is None:
        raise LookupError(f"no ticket {question.ticket!r} in the store")
    return replace(
        question,
        customer=question.customer or found.customer,
        site=question.site or found.site,
        tier=question.tier or found.tier,
    )


def _alert(question: Question, configuration: Configuration, policy: AlertPolicy) -> Alert:
    fleet = configuration.fleet
    site = _site(question, fleet)
    sites = _sites(question, site, fleet)
    subject = question.receiver or question.host or (site.name if site else question.kind.value)
    if question.kind is Kind.DELIVERY and question.receiver not in (None, *policy.targets()):
        raise _nowhere("receiver", str(question.receiver), list(policy.targets()))
    wide = question.kind in (*_OF_ALL_SITES, Kind.HOST_OUTAGE)
    listed = affected((each, question.at) for each in sites)
    return Alert(
        key=f"{question.kind}:{subject}:{question.at.isoformat()}",
        kind=question.kind,
        severity=question.severity or _severity(question, configuration),
        subject=subject,
        headline="",
        opened_at=question.at,
        site=None if wide else site.name if site else question.site,
        customer=None if wide else question.customer or (site.customer if site else None),
        host=question.host or (site.host if site else None),
        facts={"affected": listed} if wide else {},
    )


def _sites(question: Question, site: Site | None, fleet: Fleet) -> list[Site]:
    """The sites that a wide alert is about."""
    if question.kind is Kind.HOST_OUTAGE:
        host = question.host or (site.host if site else None)
        hosts = sorted({each.host for each in fleet.sites if each.host})
        if host not in hosts:
            raise _nowhere("server", host or "of this site", hosts)
        return [each for each in fleet.sites if each.host == host]
    wanted = [site] if site else fleet.sites
    customer = question.customer
    return [s for s in wanted if customer is None or folded(s.customer) == folded(customer)]


def _site(question: Question, fleet: Fleet) -> Site | None:
    if question.site is None:
        return None
    if name := recognised(question.site, fleet.by_name()):
        return fleet.by_name()[name]
    if question.ticket is not None:  # a ticket may name a site that nobody checks
        return None
    raise _nowhere("site", question.site, [site.name for site in fleet.sites])


def _severity(question: Question, configuration: Configuration) -> Severity:
    if question.tier is not None:
        named = configuration.tiers.named
        if question.tier not in named:
            raise _nowhere("tier", question.tier, list(named))
        if question.kind in SERVICE_LEVEL_KINDS:
            return configuration.tiers.severity(question.tier)
    if question.kind in SERVICE_LEVEL_KINDS:
        raise LookupError(f"{question.kind} is as urgent as a tier: name one, or a severity")
    return usual_severity(question.kind)


def _nowhere(what: str, name: str, known: Sequence[str]) -> LookupError:
    near = suggestion(name, known) or (f"there are {', '.join(known[:10])}" if known else "")
    return LookupError(f"no {what} {name!r} in the configuration" + (f"; {near}" if near else ""))
