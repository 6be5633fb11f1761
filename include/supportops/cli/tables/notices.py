"""How the terminal shows notices to customers."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.notices.notice import Notice, NoticeState, Thread
from supportops.rendering.printable import printable_line


def notice_table(found: Iterable[tuple[Thread, Notice]]) -> None:
    """One line a notice; texts are shown, never read as markup."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("notice", "customer", "kind", "state", "at (UTC)", "subject"):
        table.add_column(name, overflow="fold")
    for thread, notice in found:
        cells = (str(notice.id), thread.customer, notice.kind.value, _state(notice))
        at = notice.decided_at or notice.drafted_at
        table.add_row(*map(_plain, (*cells, f"{at:%Y-%m-%d %H:%M}", notice.subject)))
    Console().print(table if table.row_count else "no notice was drafted yet")


def _state(notice: Notice) -> str:
    if notice.state is NoticeState.WAITING:
        return f"waiting, {notice.timeout} at {notice.decide_at:%H:%M} UTC"
    return f"{notice.state} by {notice.decided_by}"


def _plain(line: str) -> Text:
    return Text(printable_line(line))
