"""Documents out of figures, for one audience: `worded(figures(), link=None)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.figure_builders import figures
from supportops.alerts.channels.registry import CHANNELS
from supportops.reports.audience import INTERNAL, Audience, Part, Plan
from supportops.reports.document import Chart, Document, Table, Tile
from supportops.reports.figures import Figures
from supportops.reports.formats.file import File
from supportops.reports.period import Cadence
from supportops.reports.words.wording import document

TIER_TITLES = {
    "user_support": "User support",
    "bug_fix": "Bug fixes",
    "mission_critical": "Mission critical",
}
BOARD = "https://board.example/reports/2026-W47/managers/page.html"


def audience(**changes: Any) -> Audience:
    """Managers, who get every section."""
    known: dict[str, Any] = {
        "name": "managers",
        "title": "Managers",
        "receivers": ("boss",),
        "cadences": frozenset(Cadence),
        "parts": tuple(Part),
        "formats": (),
    }
    return Audience(**known | changes)


def customer_audience(customer: str) -> Audience:
    """One customer's contact."""
    parts = tuple(part for part in Part if part not in INTERNAL)
    return audience(name="contact", title=customer, customer=customer, parts=parts)


def worded(
    known: Figures | None = None,
    *,
    to: Audience | None = None,
    link: str | None = BOARD,
    tier_titles: Mapping[str, str] = TIER_TITLES,
    **options: Any,
) -> Document:
    """The document of a full week, unless other figures are given."""
    plan = Plan(availability=0.999)
    return document(
        known or figures(),
        to or audience(),
        plan,
        tier_titles=tier_titles,
        channel_labels={name: channel.label for name, channel in CHANNELS.items()},
        link=link,
        **options,
    )


def table(found: Document, name: str) -> Table:
    """The table of that name."""
    blocks = (block for section in found.sections for block in section.blocks)
    return next(b for b in blocks if isinstance(b, Table) and b.name == name)


def column(found: Table, title: str) -> list[str]:
    """The texts of a column from top to bottom."""
    place = [each.title for each in found.columns].index(title)
    return [row[place].text for row in found.rows]


def tile(found: Document, title: str) -> Tile:
    """The tile of a tier."""
    return next(each for each in found.tiles if each.title == title)


def charts(found: Document) -> list[Chart]:
    """All charts in their order."""
    blocks = (block for section in found.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, Chart)]


def pictures(found: Document) -> dict[str, File]:
    """A picture for each chart."""
    return {c.name: File(f"{c.name}.png", "image/png", b"PNG") for c in charts(found)}


def words_of(found: Document) -> str:
    """Every text of a document, a line each."""
    return "\n".join(_texts(found))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple | list):
        return [text for each in value for text in _texts(each)]
    names = getattr(type(value), "__dataclass_fields__", {})
    return [text for name in names for text in _texts(getattr(value, name))]
