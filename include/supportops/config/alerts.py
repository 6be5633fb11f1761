"""`alerts.yaml`: the file as operators write it, and the escalation policy that it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from supportops.alerts.alert import ADDRESSED_KINDS, Kind, Severity
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.policy import (
    AlertPolicy,
    Hours,
    Limit,
    OnCall,
    Retry,
    Route,
    Step,
    Target,
)
from supportops.alerts.routing.period import PERIODS, DigestPeriod, parse
from supportops.config.model import Model, Wrong, entries, items, mapping, shown, twice, unknown
from supportops.config.rota import Rota
from supportops.config.values import Delay, Duration, Identifier, Name, Url, Zone, identifier
from supportops.config.yaml_source import KeyPath

Kinds = Annotated[list[Kind], Field(min_length=1)]


def _channel(name: str) -> str:
    if name not in CHANNELS:
        *others, last = (repr(each) for each in CHANNELS)
        raise ValueError(f"{', '.join(others)} or {last}")
    return name


ChannelName = Annotated[
    str,
    AfterValidator(_channel),
    WithJsonSchema({"type": "string", "enum": list(CHANNELS), "title": "Channel"}),
]


def _period(found: Any) -> DigestPeriod:
    if isinstance(found, DigestPeriod):
        return found
    if not isinstance(found, str):
        raise ValueError(PERIODS)
    return parse(found)


def _route_digest(found: Any) -> DigestPeriod | bool:
    if isinstance(found, bool | DigestPeriod):
        return found
    if not isinstance(found, str):
        raise ValueError(f"true, false, {PERIODS}")
    return parse(found)


Period = Annotated[
    DigestPeriod,
    PlainValidator(_period),
    WithJsonSchema({"type": "string", "title": "Digest", "description": PERIODS}),
]
RouteDigest = Annotated[
    DigestPeriod | bool,
    PlainValidator(_route_digest),
    WithJsonSchema({"type": ["boolean", "string"], "title": "Digest", "description": PERIODS}),
]


class TargetEntry(Model):
    """One address. `secret` names the connection (or variable) that holds the Apprise URL.
    `digest`: when what is not critical reaches it, all of it in one message.
    """

    name: Identifier
    channel: ChannelName
    secret: Identifier
    digest: Period | None = None


class MatchEntry(Model):
    kind: Kinds | None = None
    severity: list[Severity] | None = None
    site: list[Name] | None = None
    customer: list[Name] | None = None


class OnCallEntry(Model):
    """Whoever of a team of rota.yaml is on duty."""

    on_call: Identifier


def _receiver(found: Any) -> str | OnCallEntry:
    if isinstance(found, OnCallEntry):
        return found
    if isinstance(found, dict):
        if list(found) != ["on_call"]:
            raise ValueError("a receiver, or {on_call: TEAM} for a team of rota.yaml")
        return OnCallEntry(on_call=identifier(found["on_call"]))
    return identifier(found)


Receiver = Annotated[
    Any,
    PlainValidator(_receiver),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"on_call": {"type": "string"}},
                    "required": ["on_call"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Named = list[Receiver]


class StepEntry(Model):
    after: Delay = timedelta(0)
    receivers: Annotated[Named, Field(min_length=1)]


class RouteEntry(Model):
    name: Identifier
    match: MatchEntry = MatchEntry()
    hours: Hours = Hours.ALWAYS
    steps: Annotated[list[StepEntry], Field(min_length=1)]
    remind: Duration | None = None
    resolved: bool = True
    digest: RouteDigest = False

    @model_validator(mode="after")
    def steps_in_order(self) -> Self:
        delays = [step.after for step in self.steps]
        if delays != sorted(delays):
            raise ValueError("steps in the order of their `after`")
        return self


class LimitEntry(Model):
    count: Annotated[int, Field(ge=1)]
    period: Duration


class RetryEntry(Model):
    first: Duration = timedelta(seconds=30)
    longest: Duration = timedelta(minutes=15)
    give_up_after: Duration = timedelta(hours=24)
    while_open: Duration = timedelta(hours=1)
    alarm_after: Annotated[int, Field(ge=1)] = 3
    timeout: Annotated[Duration, Field(le=timedelta(minutes=2))] = timedelta(seconds=20)


class AlertsFile(Model):
    """The whole of `alerts.yaml`."""

    timezone: Zone | None = None
    board_url: Url | None = None
    public_url: Url | None = None
    receivers: dict[Identifier, Annotated[list[TargetEntry], Field(min_length=1)]]
    routes: Annotated[list[RouteEntry], Field(min_length=1)]
    fallback: Named = []
    limits: dict[ChannelName, list[LimitEntry]] = {}
    retry: RetryEntry = RetryEntry()

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Each target and each route once, and only receivers that are there."""
        receivers = mapping(data, "receivers")
        yield from twice(
            (("receivers", *path, "name"), entry.get("name"))
            for receiver in receivers
            for path, entry in entries(receivers, receiver)
        )
        yield from twice(((*path, "name"), r.get("name")) for path, r in entries(data, "routes"))
        for path, route in entries(data, "routes"):
            for inner, kind in items(route.get("match"), "kind"):
                if (
                    isinstance(kind, str) and kind in ADDRESSED_KINDS
                ):  # it would match nothing, in silence
                    wanted = "a kind of alert: reports.yaml says who gets a report"
                    if kind == Kind.HAND_OVER:
                        wanted = "a kind of alert: whoever goes on duty is told so"
                    if kind == Kind.NOTICE:
                        wanted = "a kind of alert: customers.yaml says who gets a notice"
                    if kind == Kind.TEST:
                        wanted = "a kind of alert: a test goes to the receivers that it names"
                    yield Wrong((*path, "match", *inner), shown(kind), wanted)
        for path, name in _used(data):
            if isinstance(name, str) and name not in receivers:
                yield unknown(path, name, receivers, "a receiver out of")

    @classmethod
    def among(cls, data: Any, others: Mapping[str, Any]) -> Iterator[Wrong]:
        """Only teams that rota.yaml has."""
        teams = mapping(others.get("rota"), "teams")
        for path, named in _used(data):
            team = named.get("on_call") if isinstance(named, dict) else None
            if isinstance(team, str) and team not in teams:
                yield unknown((*path, "on_call"), team, teams, "a team of rota.yaml:")

    def policy(self, zone: str, rota: Rota | None = None) -> AlertPolicy:
        """`zone`: of the times in messages where the file names none.

        While no `rota` can be used, what is for those on call goes to the fallback, or else to all.
        """
        return AlertPolicy(
            routes=tuple(self._route(route, rota) for route in self.routes),
            fallback=self._targets(self.fallback),
            fallback_on_call=self._on_call(self.fallback, rota),
            receivers={name: self._targets([name]) for name in self.receivers},
            limits={
                channel: tuple(Limit(limit.count, limit.period) for limit in limits)
                for channel, limits in self.limits.items()
            },
            retry=Retry(**self.retry.model_dump()),
            timezone=self.timezone or zone,
            board_url=self.board_url,
            public_url=self.public_url,
        )

    def _targets(self, receivers: Iterable[str | OnCallEntry]) -> tuple[Target, ...]:
        named = [name for name in receivers if isinstance(name, str)]
        entries = [entry for name in named for entry in self.receivers[name]]
        return tuple(
            Target(entry.name, entry.channel, entry.secret, entry.digest) for entry in entries
        )

    def _on_call(
        self, receivers: Iterable[str | OnCallEntry], rota: Rota | None
    ) -> tuple[OnCall, ...]:
        targets = {name: self._targets([name]) for name in self.receivers}
        teams = [each.on_call for each in receivers if isinstance(each, OnCallEntry)]
        return tuple(
            (rota.on_call(team, targets) if rota else None)
            or OnCall(team, {"": self._targets(self.fallback) or self._targets(self.receivers)})
            for team in teams
        )

    def _route(self, entry: RouteEntry, rota: Rota | None) -> Route:
        match = entry.match
        return Route(
            name=entry.name,
            steps=tuple(
                Step(s.after, self._targets(s.receivers), self._on_call(s.receivers, rota))
                for s in entry.steps
            ),
            kinds=tuple(match.kind or ()),
            severities=tuple(match.severity or ()),
            sites=tuple(match.site or ()),
            customers=tuple(match.customer or ()),
            hours=entry.hours,
            remind=entry.remind,
            resolved=entry.resolved,
            digest=entry.digest is not False,
            period=entry.digest if isinstance(entry.digest, DigestPeriod) else None,
        )


def _used(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Every place that names a receiver."""
    for path, route in entries(data, "routes"):
        for inner, step in entries(route, "steps"):
            for place, name in items(step, "receivers"):
                yield (*path, *inner, *place), name
    yield from items(data, "fallback")
