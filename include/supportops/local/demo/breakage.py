"""Which demo sites are broken, and how: a small file that the farm watches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from supportops.local.install.credentials import replace


class How(StrEnum):
    """What a broken site does instead of answering well."""

    REFUSED = "refused"
    ERROR = "error"
    HANG = "hang"
    TEXT = "text"
    SLOW = "slow"
    PAGE = "page"


WORDS: Mapping[How, str] = {
    How.REFUSED: "refuses connections",
    How.ERROR: "answers 503",
    How.HANG: "accepts and never answers",
    How.TEXT: "shows a database error instead of its text",
    How.SLOW: "answers after 6 seconds",
    How.PAGE: "answers 500 on its further pages",
}


def read(path: Path) -> dict[str, How]:
    """Broken sites by name; a file that is missing or damaged means that none is."""
    try:
        found = json.loads(path.read_text())
        return {str(name): How(how) for name, how in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def write(path: Path, broken: Mapping[str, How]) -> None:
    """In one step, so that the farm never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, json.dumps({name: str(how) for name, how in broken.items()}, indent=2))
