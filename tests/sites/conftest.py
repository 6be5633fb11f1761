"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Holds the servers of a test and ends them with it."""
    with ExitStack() as stack:
        yield stack
