"""Which demo sites are broken, and how: a small file that the farm watches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from supportops.files import make_folder
from supportops.local.install.credentials import replace


class FailureMode(StrEnum):
    """What a broken site does instead of answering normally."""

    REFUSED = "refused"
    ERROR = "error"
    HANG = "hang"
    TEXT = "text"
    SLOW = "slow"
    PAGE = "page"


WORDS: Mapping[FailureMode, str] = {
    FailureMode.REFUSED: "refuses connections",
    FailureMode.ERROR: "answers 503",
    FailureMode.HANG: "accepts and never answers",
    FailureMode.TEXT: "shows a database error instead of its text",
    FailureMode.SLOW: "answers after 6 seconds",
    FailureMode.PAGE: "answers 500 on its further pages",
}


def read(path: Path) -> dict[str, FailureMode]:
    """Broken sites by name; none where the file is missing or damaged."""
    try:
        found = json.loads(path.read_text())
        return {str(name): FailureMode(how) for name, how in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def write(path: Path, broken: Mapping[str, FailureMode]) -> None:
    """In one step, so that the farm never reads half of it."""
    make_folder(path.parent)
    replace(path, json.dumps({name: str(how) for name, how in broken.items()}, indent=2))
