"""The drawings: strips, gaps, latency and the phases of an exchange."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import NOON, site
from supportops.sites.history import SiteHistory, Span
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.maintenance import OneOffMaintenance
from supportops.sites.site import FIVE_MINUTES, CheckPolicy
from supportops.web.page import LastCheck
from supportops.web.pages.board import verdict
from supportops.web.pages.incident import BAR, waterfall
from supportops.web.strip import DAY, WIDTH, Disruptions, Piece, Strip, disruptions, strip
from supportops.web.tiles import Status, Tile

PERIOD = Span(NOON - DAY, NOON)
SLOTS = [PERIOD.start + FIVE_MINUTES * number for number in range(288)]


def incident(
    kind: IncidentKind, begun: float, ended: float | None = None, **fields: object
) -> Incident:
    """Hours before the end of the period."""
    start = NOON - timedelta(hours=begun)
    end = None if ended is None else NOON - timedelta(hours=ended)
    subject = str(fields.pop("subject", "shop"))
    return Incident(kind, subject, "timeout", start, start, ended_at=end, **fields)


def always(**fields: object) -> SiteHistory:
    return SiteHistory.always(site("shop", **fields), CheckPolicy())


def drawn(*incidents: Incident, slots: list = SLOTS, **fields: object) -> list[Piece]:
    found = disruptions(incidents, slots, PERIOD)
    return pieces(strip("shop", always(**fields), PERIOD.start, found, PERIOD), found)


def pieces(found: Strip, common: Disruptions) -> list[Piece]:
    """In the order in which they are drawn."""
    return [*found.under, *(common.unseen if found.unseen else ()), *found.over]


def test_what_no_site_was_seen_in_is_one_path_for_all_strips() -> None:
    slots = [PERIOD.start + timedelta(minutes=15) * number for number in range(97)]
    found = disruptions([], slots, PERIOD)
    strips = [strip(name, always(), PERIOD.start, found, PERIOD) for name in ("shop", "blog")]
    assert [(len(each.under), each.unseen, len(each.over)) for each in strips] == [(1, True, 0)] * 2
    assert len(found.unseen) == 96
    drawn_again = re.findall(r"M([\d.]+) 0h([\d.]+)v10h-([\d.]+)z", found.path)
    assert [(float(x), float(width)) for x, width, _ in drawn_again] == [
        (piece.x, piece.width) for piece in found.unseen
    ]
    assert all(width == back for _, width, back in drawn_again)
    assert disruptions([], SLOTS, PERIOD).path == ""


def test_a_day_without_trouble_is_one_piece() -> None:
    assert drawn() == [Piece(0.0, WIDTH, Status.UP)]


def test_an_outage_is_drawn_where_it_was_and_an_open_one_until_now() -> None:
    over = incident(IncidentKind.OUTAGE, 12, 6, site="shop")
    still = incident(IncidentKind.OUTAGE, 2, site="shop")
    assert drawn(over)[1] == Piece(144.0, 72.0, Status.DOWN)
    assert drawn(still)[1] == Piece(264.0, 24.0, Status.DOWN)


def test_a_servers_outage_is_one_of_each_of_its_sites() -> None:
    server = incident(IncidentKind.HOST_OUTAGE, 2, 1, subject="web-1", facts={"sites": ["shop"]})
    other = incident(IncidentKind.HOST_OUTAGE, 2, 1, subject="web-2", facts={"sites": ["blog"]})
    assert [piece.status for piece in drawn(server)] == [Status.UP, Status.DOWN]
    assert [piece.status for piece in drawn(other)] == [Status.UP]


def test_a_gap_between_runs_and_being_blind_are_unknown_for_everybody() -> None:
    gap = [slot for slot in SLOTS if not NOON - timedelta(hours=3) <= slot < NOON - FIVE_MINUTES]
    assert drawn(slots=gap)[1].status is Status.UNKNOWN
    assert drawn(slots=[]) == [Piece(0.0, WIDTH, Status.UP), Piece(0.0, WIDTH, Status.UNKNOWN)]
    blind = incident(IncidentKind.BLIND, 2, 1, subject="our connection")
    assert drawn(blind)[1] == Piece(264.0, 12.0, Status.UNKNOWN)


def test_before_a_site_was_first_checked_nothing_is_known_of_it() -> None:
    found = disruptions([], SLOTS, PERIOD)
    half = pieces(strip("shop", always(), NOON - timedelta(hours=12), found, PERIOD), found)
    assert half[1] == Piece(0.0, 144.0, Status.UNKNOWN)
    never = pieces(strip("shop", always(), None, found, PERIOD), found)
    assert never == [Piece(0.0, WIDTH, Status.UNKNOWN)]


def test_announced_maintenance_lies_over_everything() -> None:
    window = OneOffMaintenance(NOON - timedelta(hours=6), NOON - timedelta(hours=3))
    outage = incident(IncidentKind.OUTAGE, 5, 4, site="shop")
    assert drawn(outage, maintenance=(window,))[-1] == Piece(216.0, 36.0, Status.MAINTENANCE)


@given(st.floats(0, 60), st.floats(0, 60))
def test_no_piece_leaves_the_strip_or_is_too_thin_to_see(begun: float, ended: float) -> None:
    for piece in drawn(
        incident(IncidentKind.OUTAGE, max(begun, ended), min(begun, ended), site="shop")
    ):
        assert 0 <= piece.x <= piece.x + piece.width <= WIDTH + 0.1
        assert piece.width >= 1.5


def test_each_phase_begins_where_the_one_before_it_ended() -> None:
    bars = waterfall({"dns": 10.0, "connect": 20.0, "tls": None, "first_byte": 60, "total": 100})
    assert [(bar.name, bar.x, bar.width) for bar in bars] == [
        ("DNS", 0.0, 10.0),
        ("Connect", 10.0, 10.0),
        ("First byte", 20.0, 40.0),
        ("Body", 60.0, 40.0),
    ]


def test_an_exchange_that_never_answered_has_no_body() -> None:
    assert [bar.name for bar in waterfall({"dns": 1.0, "total": 9.0})] == ["DNS", "Until it failed"]


@pytest.mark.parametrize(
    "found", [None, [], "x", {}, {"dns": "<b>"}, {"total": float("nan")}, {"total": 0}, {"dns": -5}]
)
def test_phases_that_are_none_draw_nothing(found: object) -> None:
    assert waterfall(found) == []


NUMBERS = st.floats(-10, 1e6) | st.none()


@given(st.fixed_dictionaries(dict.fromkeys(("dns", "connect", "first_byte", "total"), NUMBERS)))
@example({"dns": 1.0, "connect": None, "first_byte": None, "total": -1.0})
def test_no_bar_leaves_the_waterfall(found: dict[str, float | None]) -> None:
    for bar in waterfall(found):
        assert 0 <= bar.x <= bar.x + bar.width <= BAR + 0.01


def test_while_we_are_blind_the_verdict_speaks_of_our_own_connection() -> None:
    sites = [Tile(f"s{n}", "Acme", None, Status.UNKNOWN, "", None, None) for n in range(24)]
    blind = incident(IncidentKind.BLIND, 1, subject="our connection")
    checked = LastCheck(NOON, timedelta(minutes=2))
    status, words = verdict(sites, [blind], checked)
    assert status is Status.DOWN
    assert words.startswith("Our own connection is down")


def down(name: str, host: str | None, status: Status = Status.DOWN) -> Tile:
    return Tile(name, "Acme", host, status, "", None, None)


def test_a_server_is_not_blamed_for_a_site_of_another() -> None:
    checked = LastCheck(NOON, timedelta(minutes=2))
    server = incident(IncidentKind.HOST_OUTAGE, 1, subject="web-1")
    own = [down(name, "web-1") for name in "abc"]
    well = [down(f"w{n}", "web-2", Status.UP) for n in range(7)]
    words = verdict([*own, *well], [server], checked)[1]
    assert words == "Server web-1 is down: 3 of 10 sites are down"
    other = [down("x", "web-2"), down("y", None)]
    words = verdict([*own, *other, *well], [server], checked)[1]
    assert words == "Server web-1 is down: 5 of 12 sites are down, 2 of them elsewhere"


def test_a_customer_without_sites_is_not_well() -> None:
    checked = LastCheck(NOON, timedelta(minutes=2))
    expected = (Status.UNKNOWN, "No site belongs to a customer called Acmee")
    assert verdict([], [], checked, "Acmee") == expected
