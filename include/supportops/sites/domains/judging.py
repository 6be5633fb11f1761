"""Folds the checks of a domain into incidents: its registration, its records, its mail.

Pure: the same standing, check and open incidents give the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from supportops.sites.certificates import step_reached
from supportops.sites.check import instant_to_json
from supportops.sites.domains.domain import Domain, DomainPolicy, Special
from supportops.sites.domains.found import Found
from supportops.sites.domains.mail import NO_RECORD
from supportops.sites.domains.registration import RegistryStatus
from supportops.sites.domains.standing import WITHOUT_END, DomainStanding, KnownRecords
from supportops.sites.ending import Ending
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind, closed

KINDS = (IncidentKind.REGISTRATION, IncidentKind.DNS_CHANGE, IncidentKind.MAIL_RECORDS)
# After so long the records of now are the right ones, whether somebody said so or not.
ACCEPTED_AFTER = timedelta(days=7)
# A registry that says nothing for so long may have said that the domain was given up.
SILENT_AFTER = timedelta(days=7)
NOT_KNOWN = "not_known"
_MOST_CHANGES, _MOST_VALUES = 5, 4
Open = Mapping[IncidentKind, Incident]


@dataclass(frozen=True, slots=True)
class Judged:
    """The standing after a check, and what it changed."""

    standing: DomainStanding
    changes: tuple[Change, ...]


def judge(
    domain: Domain,
    policy: DomainPolicy,
    before: DomainStanding | None,
    found: Found,
    still_open: Open,
    *,
    accepted: bool = False,
    others_answer: bool = True,
) -> Judged:
    """`accepted`: somebody has acknowledged the alert on the changed records. `others_answer`:
    the registry of some domain did in this check; where none does, the silence is about us."""
    judging = _Judging(domain, policy, before, found, still_open)
    judging.others_answer = others_answer
    judging.registration()
    judging.records(accepted)
    judging.mail()
    return Judged(judging.standing, tuple(judging.changes))


def removed(incident: Incident, now: datetime) -> Change:
    """The end of an incident of a domain that no site has any more."""
    why = f"no site has {incident.subject} any more, or domains are not checked: it is not mended"
    return closed(incident, now, now, Ending.DOMAIN_REMOVED, why)


class _Judging:
    def __init__(
        self,
        domain: Domain,
        policy: DomainPolicy,
        before: DomainStanding | None,
        found: Found,
        still_open: Open,
    ) -> None:
        self.domain, self.policy, self.found = domain, policy, found
        self.now = found.checked_at
        self.open = dict(still_open)
        self.changes: list[Change] = []
        self.others_answer = True
        self.standing = _after(before, found, judges_mail=policy.judges_mail(domain.name))
        self._follow_configuration()

    def registration(self) -> None:
        kind, special = IncidentKind.REGISTRATION, self.policy.of(self.domain.name)
        found, ends = self.open.get(kind), self.standing.ends_at(special)
        if self.standing.status is RegistryStatus.NOT_REGISTERED:
            self._raise(kind, "not_registered", {"words": "its registry does not know it"})
        elif self._is_silent(special, ends):
            words = f"its registry has not answered since {self.standing.answered_at:%Y-%m-%d}"
            self._raise(kind, NOT_KNOWN, {"words": words, "step_at": instant_to_json(self.now)})
        elif ends is not None:
            self._ahead(found, ends)
        elif self.standing.status in WITHOUT_END:
            without = self.standing.status is RegistryStatus.NO_RDAP
            says = "has no RDAP" if without else "does not say"
            words = f"its end is not known: its registry {says}; sites.yaml can say it"
            # With a step of its own it is not reminded of.
            self._raise(kind, NOT_KNOWN, {"words": words, "step_at": instant_to_json(self.now)})

    def _is_silent(self, special: Special, ends: datetime | None) -> bool:
        """Whether its registry has said nothing for long, and nothing more urgent is known."""
        silent = self.found.registration.status is RegistryStatus.UNKNOWN and self.others_answer
        since, found = self.standing.answered_at, self.open.get(IncidentKind.REGISTRATION)
        if not silent or since is None or special.expires is not None:
            return False
        if found is not None and found.reason != NOT_KNOWN:
            return False
        if ends is not None and step_reached(ends - self.now, self.policy.warn) is not None:
            return False
        return self.now - since >= SILENT_AFTER

    def _ahead(self, found: Incident | None, ends: datetime) -> None:
        kind, left = IncidentKind.REGISTRATION, ends - self.now
        step = step_reached(left, self.policy.warn)
        if step is None:
            if found is not None:
                was = str(found.facts.get("registration_ends"))
                renewed = found.reason != "ends" or was != instant_to_json(ends)
                days = f"({left.days} days left)"
                why = f"renewed {days}" if renewed else f"it is warned about later {days}"
                if found.reason != "ends":
                    why = f"it is registered {days}"
                ending = Ending.RENEWED if renewed else Ending.LIMIT_RAISED
                self._close(found, ending, why)
            return
        known = found.facts if found is not None and found.reason == "ends" else {}
        ended = left <= timedelta(0)
        when = "has ended" if ended else f"ends in {left.days} days"
        words = f"the registration {when}"
        if self.standing.is_former and self.policy.of(self.domain.name).expires is None:
            words += ", by what its registry said last; sites.yaml can say otherwise"
        facts: dict[str, Any] = {
            "registration_ends": instant_to_json(ends),
            "step": known.get("step", step),
            "step_at": known.get("step_at", instant_to_json(self.now)),
            "words": known.get("words", words),
        }
        if step < facts["step"] or (ended and facts["words"] != words):
            facts |= {"step": step, "step_at": instant_to_json(self.now), "words": words}
        self._raise(kind, "ends", facts)

    def records(self, accepted: bool) -> None:
        kind, records = IncidentKind.DNS_CHANGE, self.found.records
        if not self.found.seen:
            return  # what was known stands, and so does what was said of it
        found = self.open.get(kind)
        listed: Mapping[str, Any] = (found.facts.get("changes") or {}) if found else {}
        known, changed = dict(self.standing.records), dict[str, list[list[str]]]()
        for key, answer in records.items():
            before = known.get(key)
            if not answer.known:
                if key in listed:
                    changed[key] = listed[key]
            elif before is None or not before.changed(key.rpartition(" ")[2], answer.values):
                known[key] = (before or KnownRecords()).after(answer.values, self.now)
            else:
                changed[key] = [list(before.values), list(answer.values)]
        done = found is not None and (accepted or self.now - found.opened_at >= ACCEPTED_AFTER)
        if done:
            for key in changed:
                if records[key].known:
                    before = known.get(key, KnownRecords())
                    known[key] = before.after(records[key].values, self.now)
        self.standing = replace(self.standing, records={k: known[k] for k in known if k in records})
        if done and found is not None:
            why = "acknowledged" if accepted else f"unchanged for {ACCEPTED_AFTER.days} days"
            self._close(found, Ending.ACCEPTED, f"the records of now were {why}")
        elif changed:
            words = _change_words(changed)
            self._raise(kind, "changed", {"words": words, "changes": changed})
        elif found is not None:
            self._close(found, Ending.RECOVERED, "the records are as they were")

    def mail(self) -> None:
        kind, mail = IncidentKind.MAIL_RECORDS, self.standing.mail
        faults = [f"{name}: {each.fault}" for name, each in mail.items() if each.valid is False]
        found = self.open.get(kind)
        if found is not None and not self.policy.judges_mail(self.domain.name):
            self._close(found, Ending.DOMAIN_REMOVED, "its mail records are no longer judged")
        elif faults:
            self._raise(kind, "faulty", {"words": "; ".join(faults)})
        elif found is not None and all(each.valid is not None for each in mail.values()):
            self._close(found, Ending.RECOVERED, "its mail records are right")

    def _follow_configuration(self) -> None:
        for kind, incident in list(self.open.items()):
            place = self._place()
            if any(getattr(incident, key) != value for key, value in place.items()):
                moved = replace(incident, **place)
                self.open[kind] = moved
                self.changes.append(Change(ChangeKind.UPDATED, moved, "its site was changed"))

    def _place(self) -> dict[str, Any]:
        site = self.domain.site
        return {"site": site and site.name, "customer": site and site.customer}

    def _raise(self, kind: IncidentKind, reason: str, facts: Mapping[str, Any]) -> None:
        """Opens an incident, or brings the open one up to date."""
        found = self.open.get(kind)
        if found is not None and found.reason == NOT_KNOWN != reason:
            # Its alert is less urgent than what is to be said now.
            self._close(found, Ending.RECOVERED, "its registry answers now")
            found = None
        if found is None:
            incident = Incident(
                kind,
                self.domain.name,
                reason,
                self.now,
                self.now,
                facts={**facts, "domain": self.domain.name},
                **self._place(),
            )
            self.open[kind] = incident
            self.changes.append(Change(ChangeKind.OPENED, incident, str(facts["words"])))
        elif found.reason != reason or _differs(found.facts, facts):
            changed = replace(found, reason=reason, facts={**found.facts, **facts})
            self.open[kind] = changed
            self.changes.append(Change(ChangeKind.UPDATED, changed, "it changed while open"))

    def _close(self, incident: Incident, ending: Ending, why: str) -> None:
        self.open.pop(incident.kind, None)
        self.changes.append(closed(incident, self.now, self.now, ending, why))


def _differs(known: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """The instant of a step alone is no difference."""
    return any(known.get(name) != value for name, value in facts.items() if name != "step_at")


def _after(before: DomainStanding | None, found: Found, *, judges_mail: bool) -> DomainStanding:
    """With what the check learned; records are judged one by one."""
    standing = before or DomainStanding(found.checked_at)
    mail = {
        name: standing.mail.get(name, each) if each.valid is None else each
        for name, each in found.mail.items()
    }
    if judges_mail and not found.mail:
        mail = dict(standing.mail)  # nobody answered, so nothing was looked up
    mx = found.records.get(f"{found.domain} MX")
    no_servers = mx is not None and mx.known and not mx.values
    if no_servers and not standing.mail and all(each.fault == NO_RECORD for each in mail.values()):
        mail = {}  # nobody expects mail of it
    return replace(
        standing.after(found.registration, found.checked_at),
        checked_at=found.checked_at,
        seen_at=found.checked_at if found.seen else standing.seen_at,
        mail=mail,
    )


def _change_words(changed: Mapping[str, Sequence[Sequence[str]]]) -> str:
    parts = [
        f"{key}: {_values(before)} is now {_values(now)}"
        for key, (before, now) in sorted(changed.items())
    ]
    more = f"; and {len(parts) - _MOST_CHANGES} more" if len(parts) > _MOST_CHANGES else ""
    return "; ".join(parts[:_MOST_CHANGES]) + more


def _values(values: Sequence[str]) -> str:
    shown = ", ".join(values[:_MOST_VALUES]) or "none"
    more = len(values) - _MOST_VALUES
    return f"{shown} and {more} more" if more > 0 else shown
