"""How `pytest -n 2` shares the tests out: a file is one piece, and some folders are one, too.

A file's tests stay with one worker, for what its fixtures make once. A folder in ONE_PIECE is not
even run by two workers file by file, so that its tests never run beside each other.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling

# The longest pieces first, or one worker would still have them when the other has nothing left.
ONE_PIECE = (
    "tests/local",  # full starts, pips, and ports that are looked for from a fixed number on
    "tests/dags",  # each worker that runs one has to migrate a database for Airflow
)


class Pieces(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)


def piece(nodeid: str) -> str:
    file = PurePosixPath(nodeid.split("::", 1)[0])
    folders = {str(folder) for folder in file.parents}
    return next((each for each in ONE_PIECE if each in folders), str(file))


def longest_first(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        found = piece(item.nodeid)
        return ONE_PIECE.index(found) if found in ONE_PIECE else len(ONE_PIECE)

    items.sort(key=place)
