"""A document cut to what a page can hold: fewer rows, shorter texts, and how many rows are left."""

from __future__ import annotations

from dataclasses import dataclass, replace

from supportops.reports.document import Block, Cell, Chart, Document, Section, Table, Tile, Words


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many `rows` of a table and `characters` of a text. `all_rows`: beyond a table's
    `shown`.
    """

    rows: int
    characters: int
    all_rows: bool = False


@dataclass(frozen=True, slots=True)
class Shortened:
    """`more`: by a table's name how many rows are not shown, for those that were cut."""

    document: Document
    more: dict[str, int]


def shortened(document: Document, limits: Limits) -> Shortened:
    """The same document within the limits; tables, not sections, are what is cut."""
    more: dict[str, int] = {}
    shorten = _Shortener(limits, more)
    return Shortened(
        replace(
            document,
            subject=shorten.text(document.subject, 2),
            title=shorten.text(document.title),
            subtitle=shorten.text(document.subtitle, 2),
            notices=tuple(shorten.words(each) for each in document.notices[: limits.rows]),
            summary=shorten.text(document.summary, 4),
            tiles=tuple(shorten.tile(each) for each in document.tiles[: limits.rows]),
            sections=tuple(shorten.section(each) for each in document.sections),
            definitions=document.definitions,
            footer=tuple(shorten.text(each, 6) for each in document.footer),
        ),
        more,
    )


@dataclass(frozen=True, slots=True)
class _Shortener:
    limits: Limits
    more: dict[str, int]

    def text(self, text: str, times: int = 1) -> str:
        most = times * self.limits.characters
        return text if len(text) <= most else text[: most - 1].rstrip() + "…"

    def words(self, words: Words) -> Words:
        return replace(words, text=self.text(words.text, 6))

    def tile(self, tile: Tile) -> Tile:
        return replace(tile, title=self.text(tile.title), detail=self.text(tile.detail))

    def section(self, section: Section) -> Section:
        charts, blocks = 0, []
        for block in section.blocks:
            charts += isinstance(block, Chart)
            if not isinstance(block, Chart) or charts <= self.limits.rows:
                blocks.append(self.block(block))
        return replace(section, blocks=tuple(blocks))

    def block(self, block: Block) -> Block:
        if isinstance(block, Table):
            return self.table(block)
        if isinstance(block, Chart):
            return replace(block, title=self.text(block.title), alt=self.text(block.alt, 2))
        return self.words(block)

    def table(self, table: Table) -> Table:
        most = self.limits.rows
        if table.shown is not None and not self.limits.all_rows:
            most = min(most, table.shown)
        if len(table.rows) > most:
            self.more[table.name] = len(table.rows) - most
        return replace(
            table,
            columns=tuple(replace(c, title=self.text(c.title)) for c in table.columns),
            rows=tuple(tuple(self.cell(cell) for cell in row) for row in table.rows[:most]),
            note=self.text(table.note, 6),
        )

    def cell(self, cell: Cell) -> Cell:
        return replace(cell, text=self.text(cell.text))
