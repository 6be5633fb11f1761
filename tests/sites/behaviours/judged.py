"""What runs of checks make of a site: confirmation, degraded time, servers, maintenance, us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from builders import CONTROL, NOON, checks, fleet, fold_all, site
from supportops.sites.incident import FleetState, IncidentKind
from supportops.sites.maintenance import OneOffMaintenance
from supportops.sites.site import FIVE_MINUTES, Expectation, Fleet, Page
from supportops.sites.standing import SiteState, Track

Answers = Mapping[str | tuple[str, str], str]
BASKET = ("shop", "/basket")
QUIET = OneOffMaintenance(NOON, NOON + timedelta(minutes=12))
ONE = fleet("shop")
WITH_BASKET = fleet(site(pages=(Page("/basket", Expectation()),)))
IN_MAINTENANCE = fleet(site(maintenance=(QUIET,)))
WATCHED = fleet("shop", "cafe", "bank", "club", vantage=("https://control.example/",))
SERVER = fleet(*(site(name, host="web-1") for name in ("shop", "cafe", "bank", "club")))
PAIR = fleet(*(site(name, host="web-1") for name in ("shop", "cafe")))


@dataclass(frozen=True)
class Judged:
    """`does` is a whole sentence without its full stop; `runs` are five minutes apart, in marks.

    `state` is that of the site `shop` on the board afterwards, `open` the kinds of the incidents
    that are open then.
    """

    part: str
    does: str
    runs: Sequence[Answers | None]
    state: str
    open: tuple[str, ...]
    why: str
    fleet: Fleet = ONE

    def judge(self) -> tuple[str, tuple[str, ...]]:
        """The state and the open incidents after `runs`; None stands for a run that is missing."""
        runs = [checks(5 * n, answers) for n, answers in enumerate(self.runs) if answers]
        state = [after for after, _ in fold_all(runs, self.fleet)][-1]
        return _status(state), tuple(sorted(kind.value for kind, _ in state.open))


def _status(state: FleetState) -> str:
    front = state.standings[("shop", "", Track.OUTAGE)].state
    faulty = any(kind is IncidentKind.FAULT for kind, _ in state.open)
    return "fault" if front is SiteState.UP and faulty else front.value


def alone(*marks: str) -> list[Answers | None]:
    return [{"shop": run} if run else None for run in marks]


def together(sites: str, others: str, control: str = ".") -> Answers:
    """The sites of `sites` fail, those of `others` answer, and the control address does so."""
    failing: dict[str | tuple[str, str], str] = dict.fromkeys(sites.split(), "xxx")
    return failing | dict.fromkeys(others.split(), ".") | {CONTROL: control}


AN_HOUR = [*alone(*["x.", "."] * 3), *alone(*["."] * 13)]

CONFIRMATION = (
    Judged(
        "confirmation",
        "It fails once and answers the next try, 10 s later",
        alone(".", "x."),
        "up",
        (),
        "A failure of a few seconds calls nobody.",
    ),
    Judged(
        "confirmation",
        "It fails three tries in a row, at once, after 10 s and after 30 s more",
        alone(".", "xxx"),
        "down",
        ("outage",),
        "So many failures in a row are no accident; the outage counts from the first of them.",
    ),
    Judged(
        "confirmation",
        "It fails two tries of a run that is killed, and the first of the next run",
        alone(".", "xx", "x"),
        "down",
        ("outage",),
        "Three in a row are three in a row.",
    ),
    Judged(
        "confirmation",
        "It fails two tries, is not checked for more than two intervals, and fails again",
        alone("xx", "", "", "x."),
        "up",
        (),
        "Nothing is known of the time between, so the failures are not in a row.",
    ),
    Judged(
        "confirmation",
        "It is down, answers once and fails again",
        alone("xxx", ".x"),
        "down",
        ("outage",),
        "One good answer does not end an outage.",
    ),
    Judged(
        "confirmation",
        "It is down and answers twice, 10 s apart",
        alone("xxx", ".."),
        "up",
        (),
        "The outage ended with the first of the two.",
    ),
    Judged(
        "confirmation",
        "It goes down and up again in run after run",
        alone(*["xxx", ".."] * 4),
        "up",
        ("outage",),
        "The incident of a site that flaps stays open: one message, not ten.",
    ),
)
FAULTS = (
    Judged(
        "faults",
        "The front page is slower than `latency` three times in a row",
        alone("sss"),
        "fault",
        ("fault",),
        "Visitors are served.",
    ),
    Judged(
        "faults",
        "A further page fails while the front page answers",
        [{"shop": ".", BASKET: "xxx"}],
        "fault",
        ("fault",),
        "The front page decides whether a site is up.",
        WITH_BASKET,
    ),
    Judged(
        "faults",
        "A further page fails together with the front page",
        [{"shop": "xxx", BASKET: "xxx"}],
        "down",
        ("outage",),
        "The outage explains it, and one cause is one message.",
        WITH_BASKET,
    ),
)
DEGRADED = (
    Judged(
        "degraded",
        "It fails two tries in each of three runs and answers the third",
        alone("xx.", "xx.", "xx."),
        "degraded",
        ("fault",),
        "Most requests fail, although never three in a row.",
    ),
    Judged(
        "degraded",
        "It fails one try in each of two runs of an hour",
        alone("x.", ".", "x.", "."),
        "up",
        (),
        "Fewer than three runs with failures are blips.",
    ),
    Judged(
        "degraded",
        "It was degraded and answered every request of the last hour",
        AN_HOUR,
        "up",
        (),
        "Fewer than a tenth of the requests in the window failed.",
    ),
    Judged(
        "degraded",
        "It is degraded and then fails three tries in a row",
        alone("xx.", "xx.", "xx.", "xxx"),
        "down",
        ("fault", "outage"),
        "An outage is worse; whether it is still degraded shows when it is back.",
    ),
)
MAINTENANCE = (
    Judged(
        "maintenance",
        "It fails in an announced window",
        alone("xxx"),
        "maintenance",
        (),
        "It was announced, so nobody is called.",
        IN_MAINTENANCE,
    ),
    Judged(
        "maintenance",
        "It fails in an announced window and after it",
        alone("xxx", "xxx", "xxx", "xxx"),
        "down",
        ("outage",),
        "The announced time is over; the outage counts from the first failure after it.",
        IN_MAINTENANCE,
    ),
    Judged(
        "maintenance",
        "It is down when the window opens, and fails in it",
        [None, *alone("xxx", "xxx")],
        "maintenance",
        ("outage",),
        "What was confirmed before stays open until the site is seen up after the window.",
        fleet(site(maintenance=(OneOffMaintenance(QUIET.start + 2 * FIVE_MINUTES, QUIET.end),))),
    ),
)
WIDER = (
    Judged(
        "our connection",
        "It fails together with most sites and every control address",
        [together("shop cafe bank", "club", "x")],
        "unknown",
        ("blind",),
        "Our own connection explains all of it.",
        WATCHED,
    ),
    Judged(
        "our connection",
        "It fails together with exactly half of the sites and every control address",
        [together("shop cafe", "bank club", "x")],
        "unknown",
        ("blind",),
        "Sites in our own network still answer when the way out is gone.",
        WATCHED,
    ),
    Judged(
        "our connection",
        "It alone fails, and every control address",
        [together("shop", "cafe bank club", "x")],
        "down",
        ("outage",),
        "Most sites answer, so the connection works.",
        WATCHED,
    ),
    Judged(
        "our connection",
        "Most sites fail, and a control address answers",
        [together("shop cafe bank", "club")],
        "down",
        ("outage", "outage", "outage"),
        "The connection works, so these are outages.",
        WATCHED,
    ),
    Judged(
        "our connection",
        "Every check of it fails on our own machine",
        alone(".", "iii"),
        "unknown",
        (),
        "Nothing was learnt about it; one alert is about the machine.",
    ),
    Judged(
        "servers",
        "It fails together with most of the sites of its server",
        [together("shop cafe bank", "club")],
        "down",
        ("host_outage",),
        "The server is the cause: one message, not three.",
        SERVER,
    ),
    Judged(
        "servers",
        "It fails together with exactly half of the sites of its server",
        [together("shop cafe", "bank club")],
        "down",
        ("outage", "outage"),
        "It takes more than half of them to say that the server is the cause.",
        SERVER,
    ),
    Judged(
        "servers",
        "It fails together with the only other site of its server",
        [together("shop cafe", "")],
        "down",
        ("outage", "outage"),
        "Two sites are too few to tell a server's outage from two of sites.",
        PAIR,
    ),
    Judged(
        "servers",
        "The other sites of its server are back, and it still fails",
        [
            together("shop cafe bank", "club"),
            {"shop": "x", "cafe": "..", "bank": "..", "club": "."},
        ],
        "down",
        ("outage",),
        "The server's outage is over; that of the site goes on as its own, without a second alarm.",
        SERVER,
    ),
)
JUDGED: tuple[Judged, ...] = (*CONFIRMATION, *FAULTS, *DEGRADED, *MAINTENANCE, *WIDER)
