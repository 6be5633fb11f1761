"""How `pytest -n` shares the tests out: a file is one piece, and some folders are one, too.

A file's tests stay with one worker, for what its fixtures make once. Folders that ONE_PIECE gives
one name are not run by several workers file by file, so their tests never run beside each other.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling

# Folder to piece. The longest pieces first, or one worker would still have them when the other has
# nothing left.
ONE_PIECE = {
    "tests/local": "installations",  # full starts, and ports looked for from a fixed number on
    "tests/deploy/workers": "installations",  # a full start with two workers
    "tests/bench": "installations",  # one of them starts an Airflow of its own, too
    "tests/dags": "airflow",  # each worker that runs one has to migrate a database for Airflow
    "tests/web/browser": "browser",  # each worker that runs one has to start a browser
}


class Pieces(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)


def piece(nodeid: str) -> str:
    file = PurePosixPath(nodeid.split("::", 1)[0])
    pieces = (ONE_PIECE.get(str(folder)) for folder in file.parents)
    return next((name for name in pieces if name), str(file))


def longest_first(items: list[pytest.Item]) -> None:
    order = list(dict.fromkeys(ONE_PIECE.values()))

    def position(item: pytest.Item) -> int:
        found = piece(item.nodeid)
        return order.index(found) if found in order else len(order)

    items.sort(key=position)
