"""The daily check of domains: registrations, changed records, and the records of mail.

Each domain is looked up outside any transaction, and recorded, folded and alerted in one. A run
that was killed is continued by the next: what was checked in the last hours is not asked again.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as Late
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver
from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import find, raise_alert, resolve_alert
from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.sites.domains import store
from supportops.sites.domains.domain import Domain, DomainPolicy, domains_of
from supportops.sites.domains.found import Found
from supportops.sites.domains.judging import KINDS, judge, removed
from supportops.sites.domains.mail import MailRecord, mail_records
from supportops.sites.domains.records import Answer, Names, records_of
from supportops.sites.domains.registration import Registration, RegistryStatus
from supportops.sites.domains.registries import Registries
from supportops.sites.domains.standing import DomainStanding
from supportops.sites.incident import Change, Incident, IncidentKind
from supportops.sites.store import open_incidents, save_changes

Clock = Callable[[], datetime]

NEEDS = (File.SITES,)
AT_ONCE = 8
LONGEST = timedelta(minutes=5)
# What was checked since then is not asked again, unless somebody wants it now.
FRESH = timedelta(hours=12)
SUBJECT = "look-ups of domains"
# So many domains, and more than half of all, that lose every record at once are our resolver's;
# of one registry's, that it denies at once, the registry's.
_MOST_GONE = 3


@dataclass(frozen=True)
class LookUps:
    """What is asked: name servers and registries, both those of sites.yaml by default."""

    names: Names | None = None
    registries: Registries | None = None


def run(
    context: Context,
    clock: Clock,
    look_ups: LookUps | None = None,
    *,
    again: bool = False,
    only: Sequence[str] = (),
) -> dict[str, Any]:
    """Checks the domains of all sites, or `only` those of these names; returns a summary.

    `again`: also those that were checked in the last hours. Raises ConfigurationError where there
    is no usable sites.yaml, LookupError where a name of `only` is no domain of a site.
    """
    now = clock()
    configuration, error = load_or_last_good(context.engine, context.config, now, NEEDS)
    policy = configuration.domains
    domains = domains_of(configuration.fleet, policy) if policy is not None else []
    if unknown := sorted(set(only) - {domain.name for domain in domains}):
        raise LookupError(f"no site has the domain {unknown[0][:100]!r}")
    changes = _drop(context.engine, domains, now)
    with reading(context.engine) as connection:
        known = store.load(connection)
    due = [d for d in domains if d.name in only or (not only and (again or _is_due(known, d, now)))]
    due.sort(key=lambda domain: _longest_ago(known, domain))
    found: list[Found] = []
    if policy is not None and due:
        asked = look_ups or LookUps()
        names = asked.names or Names(policy.resolvers)
        with closing(asked.registries or _registries(policy, context.config)) as registries:
            found = list(_look_up(due, policy, names, registries, clock))
        found = _without_a_bad_registry(_without_a_bad_resolver(found, known), known)
        answer = any(e.registration.status is not RegistryStatus.UNKNOWN for e in found)
        for each in found:
            changes += _record(context.engine, configuration, each, answer)
        if found and not only:  # those that somebody picked say nothing of the others
            _watch(context.engine, found, clock())
    return {
        "domains": len(domains),
        "checked": len(found),
        "not_checked": len(due) - len(found),
        "unknown": sum(not each.seen for each in found),
        "changes": [{"change": c.kind.value, "key": c.incident.key, "why": c.why} for c in changes],
        "faults": [str(fault) for fault in error.faults] if error else [],
    }


def _is_due(known: dict[str, DomainStanding], domain: Domain, now: datetime) -> bool:
    standing = known.get(domain.name)
    return standing is None or not timedelta(0) <= now - standing.checked_at < FRESH


def _longest_ago(known: dict[str, DomainStanding], domain: Domain) -> tuple[Any, ...]:
    """First what was never checked or not for most days, of these what no registry answered for:
    where there is no time for all, others come first the next day."""
    standing = known.get(domain.name)
    if standing is None:
        return (date.min, 0.0, domain.name)
    answered_at = standing.answered_at or standing.checked_at
    return (standing.checked_at.date(), answered_at.timestamp(), domain.name)


def _registries(policy: DomainPolicy, folder: Path) -> Registries:
    listed = policy.registries
    if listed is None:
        return Registries()
    trust = str(folder / listed.authorities) if listed.authorities else None
    return Registries(listed.address, trust=trust, allow_private=listed.allow_private)


def _look_up(
    domains: Sequence[Domain],
    policy: DomainPolicy,
    names: Names,
    registries: Registries,
    clock: Clock,
) -> Iterator[Found]:
    """What was found of each domain in the time there is."""
    began = time.monotonic()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="domains")

    def one(domain: Domain) -> Found | None:
        if time.monotonic() - began > LONGEST.total_seconds():
            return None
        records, mail = _of_names(domain, policy, names)
        return Found(domain.name, clock(), registries.ask(domain.name), records, mail)

    try:
        waiting = [pool.submit(one, domain) for domain in domains]
        for done in as_completed(waiting, timeout=LONGEST.total_seconds() + 60):
            if (found := done.result()) is not None:
                yield found
    except Late:
        return
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _of_names(
    domain: Domain, policy: DomainPolicy, names: Names
) -> tuple[dict[str, Answer], dict[str, MailRecord]]:
    try:
        resolver = names.resolver()
    except (dns.exception.DNSException, OSError):  # the machine names no server
        return {f"{domain.name} NS": Answer(trouble="no resolver")}, {}
    records = records_of(domain, resolver)
    if not policy.judges_mail(domain.name) or not any(each.known for each in records.values()):
        return records, {}
    return records, mail_records(domain.name, policy.of(domain.name).dkim, resolver)


def _without_a_bad_resolver(
    found: Sequence[Found], known: dict[str, DomainStanding]
) -> list[Found]:
    """Where most domains lose every record at once, the resolver lies: nothing is known of them."""
    gone = {each.domain for each in found if _lost_all(each, known.get(each.domain))}
    had = sum(each.domain in known for each in found)
    if len(gone) < _MOST_GONE or 2 * len(gone) <= had:
        return list(found)
    return [
        Found(
            each.domain,
            each.checked_at,
            each.registration,
            {key: Answer(trouble="unlikely") for key in each.records},
        )
        if each.domain in gone
        else each
        for each in found
    ]


def _without_a_bad_registry(
    found: Sequence[Found], known: dict[str, DomainStanding]
) -> list[Found]:
    """A registry that denies most of its domains at once, which it knew, says nothing of any."""
    denied: defaultdict[str, list[str]] = defaultdict(list)
    had = Counter[str]()
    for each in found:
        before = known.get(each.domain)
        if before is not None and before.status is RegistryStatus.KNOWN:
            top = each.domain.rpartition(".")[2]
            had[top] += 1
            if each.registration.status is RegistryStatus.NOT_REGISTERED:
                denied[top].append(each.domain)
    unlikely = {
        name
        for top, names in denied.items()
        if len(names) >= _MOST_GONE and 2 * len(names) > had[top]
        for name in names
    }
    nothing = Registration(RegistryStatus.UNKNOWN, detail="unlikely")
    return [replace(e, registration=nothing) if e.domain in unlikely else e for e in found]


def _lost_all(found: Found, before: DomainStanding | None) -> bool:
    if before is None or not any(known.values for known in before.records.values()):
        return False
    return found.seen and not any(answer.values for answer in found.records.values())


def _record(
    engine: Engine, configuration: Configuration, found: Found, answer: bool
) -> list[Change]:
    """One domain in one transaction; nothing where another run has a later check of it. `answer`:
    some registry gave one in this run."""
    policy = configuration.domains
    assert policy is not None
    domains = domains_of(configuration.fleet, policy)
    domain = next(each for each in domains if each.name == found.domain)
    with writing(engine) as connection:
        advisory_lock(connection, Lock.JUDGE_DOMAINS)
        before = store.load(connection, [found.domain]).get(found.domain)
        if before is not None and before.checked_at >= found.checked_at:
            return []
        store.append(connection, found)
        mine = _open(connection, found.domain)
        judged = judge(
            domain,
            policy,
            before,
            found,
            mine,
            accepted=_accepted(connection, mine),
            others_answer=answer,
        )
        store.save(connection, found.domain, judged.standing)
        _apply(connection, judged.changes, found.checked_at)
    return list(judged.changes)


def _drop(engine: Engine, domains: Sequence[Domain], now: datetime) -> list[Change]:
    """What no site has any more ends here."""
    names = {domain.name for domain in domains}
    with writing(engine) as connection:
        advisory_lock(connection, Lock.JUDGE_DOMAINS)
        gone = store.load(connection).keys() - names
        orphans = [i for i in open_incidents(connection, KINDS) if i.subject not in names]
        changes = [removed(incident, now) for incident in orphans]
        store.forget(connection, gone)
        store.prune(connection, now)
        _apply(connection, changes, now)
    return changes


def _apply(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    save_changes(connection, changes)
    for change in changes:
        raise_or_resolve(connection, change, now)


def _open(connection: Connection, domain: str) -> dict[IncidentKind, Incident]:
    found = open_incidents(connection, KINDS)
    return {each.kind: each for each in found if each.subject == domain}


def _accepted(connection: Connection, mine: dict[IncidentKind, Incident]) -> bool:
    change = mine.get(IncidentKind.DNS_CHANGE)
    alert = find(connection, change.key) if change is not None else None
    return alert is not None and alert.acknowledged_at is not None


def _watch(engine: Engine, found: Sequence[Found], now: datetime) -> None:
    """One alert where no name server, or no registry, answers for any domain."""
    troubles = []
    if not any(each.seen for each in found):
        troubles.append("no name server answers")
    asked: list[Registration] = [each.registration for each in found]
    if asked and all(each.status is RegistryStatus.UNKNOWN for each in asked):
        troubles.append(f"no registry answers ({asked[0].detail or 'no reason is known'})")
    with writing(engine) as connection:
        if not troubles:
            resolve_alert(connection, Kind.TASK_FAILED, SUBJECT, now, {"over": "they answer again"})
            return
        words = " and ".join(troubles)
        facts = {"explanation": _EXPLANATION, "dag_id": "domain_check"}
        alert = operations_alert(Kind.TASK_FAILED, SUBJECT, words, now, facts=facts)
        raise_alert(connection, alert, now)


_EXPLANATION = (
    "The domains count as they were last known. See whether this machine reaches name servers and, "
    "by HTTPS, data.iana.org."
)
