"""Documents as they come out of a report's wording, for the tests of the formats.

document()                       # a week with every kind of block
document(sections=())            # any field of `Document` changed
made_hostile_document(text)      # that text in every place where a text can stand
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from supportops.reports.document import (
    Bar,
    BarsPicture,
    Cell,
    Chart,
    Column,
    Document,
    Section,
    Table,
    Tile,
    Tone,
    TrendPicture,
    TrendPoint,
    Unit,
    Words,
)

AS_OF = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEK_SHARES = (0.93, 0.95, 0.91, 0.94, None, 0.92, 0.955, 0.9, 0.62, 0.93, 0.94, 0.915, 0.91)
HOUR = 3600.0
# What code decides, and no stranger can choose.
OWN = frozenset(["language", "name", "tone", "unit", "link"])


def points(shares: tuple[float | None, ...] = WEEK_SHARES) -> tuple[TrendPoint, ...]:
    """Weeks that end with week 47; the first three were never issued, 62 % is a signal."""
    first = 48 - len(shares)
    return tuple(
        TrendPoint(f"W{first + place}", share, place > 2, share is None, share == 0.62)
        for place, share in enumerate(shares)
    )


def trend_chart(name: str = "trend-bug_fix", **changes: Any) -> Chart:
    picture = TrendPicture(points(), mean=0.92, low=0.86, high=0.985, target=0.95)
    alt = "Bug fixes: 91 % in week 47, within its natural limits of 86 to 98 %."
    return Chart(name, "Bug fixes", alt, replace(picture, **changes))


def bars_chart(name: str = "volume", **changes: Any) -> Chart:
    picture = BarsPicture(
        ("Mon", "Tue", "Wed", "Thu", "Fri"),
        (("arrived", (12, 9, 14, 8, 11)), ("solved", (10, 12, 9, 9, 15))),
        "tickets",
    )
    return Chart(
        name, "Arrived and solved", "54 arrived, 55 were solved.", replace(picture, **changes)
    )


def share_cell(met: int, due: int, tone: Tone = Tone.PLAIN) -> Cell:
    share = met / due
    bar = Bar(share, max(0.0, share - 0.08), min(1.0, share + 0.05), 0.95)
    return Cell(f"{100 * share:.1f} %", share, tone, bar)


def tiers_table() -> Table:
    counts = ("Due", "Met", "Breached")
    columns = (
        Column("Service level"),
        Column("Promise"),
        *(Column(title, Unit.COUNT) for title in counts),
        Column("Kept", Unit.SHARE),
        Column("Median", Unit.SECONDS),
        Column("90 % within", Unit.SECONDS),
        Column("Oldest open", Unit.SECONDS),
    )
    rows = tuple(
        (
            Cell(tier),
            Cell(metric),
            *(Cell(str(n), n) for n in (due, met, due - met)),
            share_cell(met, due, tone),
            Cell("48 min", 2880.0),
            Cell("not reached, over 52 h") if met < due - 1 else Cell("5 h 12 min", 5.2 * HOUR),
            Cell("3 d 4 h", 76 * HOUR),
        )
        for tier, metric, due, met, tone in (
            ("User support", "First reply", 41, 40, Tone.GOOD),
            ("Bug fixes", "First reply", 23, 21, Tone.PLAIN),
            ("Bug fixes", "Update", 131, 97, Tone.BAD),
        )
    )
    note = (
        "Times in business hours; unanswered tickets count with the time they have waited so far."
    )
    return Table("tiers", "", columns, rows, note=note)


def breaches_table(count: int = 4, **changes: Any) -> Table:
    """As many breaches, each an hour after the one before."""
    columns = (
        Column("Ticket"),
        Column("Subject"),
        Column("Customer"),
        Column("Owner"),
        Column("Promise"),
        Column("Due", Unit.INSTANT),
        Column("Overdue by", Unit.SECONDS),
    )
    rows = tuple(
        (
            Cell(f"#{4711 + place}", link=f"https://agency.example/tickets/{4711 + place}"),
            Cell("Checkout answers 500 since the update of the payment plugin"),
            Cell("Bramley Books"),
            Cell("Ana Ruiz"),
            Cell("Bug fixes: first reply"),
            Cell(
                "Thu 19 Nov 10:00", datetime(2026, 11, 19, 10, tzinfo=UTC) + timedelta(hours=place)
            ),
            Cell("13 h", 13 * HOUR, Tone.BAD),
        )
        for place in range(count)
    )
    table = Table(
        "open_breaches", "Open breaches", columns, rows, "No promise is broken.", shown=20
    )
    return replace(table, **changes)


def tiles() -> tuple[Tile, ...]:
    return (
        Tile(
            "User support",
            "97 %",
            "61 of 63 kept, target 90 %",
            Tone.GOOD,
            Bar(0.97, 0.9, 0.99, 0.9),
        ),
        Tile(
            "Bug fixes", "74 %", "118 of 154 kept, target 95 %", Tone.BAD, Bar(0.74, 0.7, 0.8, 0.95)
        ),
        Tile("Mission critical", "11 of 12", "too few for a share, target 99 %", Tone.PLAIN),
    )


def document(**changes: Any) -> Document:
    known: dict[str, Any] = {
        "language": "en-GB",
        "subject": "SLA week 47 (16-22 Nov): bug fixes 74 % of 154 due - 4 open breaches",
        "title": "Service levels, week 47",
        "subtitle": "16-22 Nov 2026, all customers",
        "notices": (Words("The tickets are 3 h old: figures may be out of date.", Tone.BAD),),
        "summary": "Bug fixes missed their target; user support kept it.",
        "tiles": tiles(),
        "sections": (
            Section("tiers", "Service levels", (tiers_table(),)),
            Section("trend", "Thirteen weeks", (trend_chart(),)),
            Section("open_breaches", "Open breaches", (breaches_table(title=""),)),
            Section("volume", "Tickets", (Words("54 came, 55 were solved."), bars_chart())),
        ),
        "definitions": (
            ("Kept", "Met of those that fell due in the week, also the unanswered ones."),
            ("Few", "Under 20 due a share says nothing, so that counts stand there."),
        ),
        "footer": ("Business hours of London. As of Mon 23 Nov 2026 08:00 GMT.",),
        "link": "https://agency.example/reports/2026-W47",
        "keywords": ("service levels", "2026-W47"),
    }
    return Document(**known | changes)


def made_hostile_document(text: str, whole: Document | None = None) -> Document:
    """The same document with `text` wherever a stranger's words can stand."""
    changed: Document = _hostile(document() if whole is None else whole, text)
    return changed


def _hostile(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_hostile(each, text) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    names = (each.name for each in fields(value) if each.name not in OWN)
    return replace(value, **{name: _hostile(getattr(value, name), text) for name in names})
