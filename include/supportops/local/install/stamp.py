"""Remembers in `.venv` which locks and which place it was made for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME = "supportops-stamp.json"


def fresh(venv: Path, root: Path, locks: Sequence[Path]) -> bool:
    """Whether `venv` was made at `root` from exactly these `locks` (or these and more)."""
    known = read(venv)
    installed = known.get("locks", {})
    wanted = digests(locks)
    return known.get("root") == str(root) and wanted.items() <= installed.items()


def moved(venv: Path, root: Path) -> bool:
    """Whether the checkout has moved since: an environment's scripts name their old place."""
    made_at = read(venv).get("root")
    return made_at is not None and made_at != str(root)


def write(venv: Path, root: Path, locks: Sequence[Path]) -> None:
    content = {"root": str(root), "locks": digests(locks)}
    (venv / NAME).write_text(json.dumps(content, indent=2))


def read(venv: Path) -> dict[str, Any]:
    try:
        content = json.loads((venv / NAME).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def digests(locks: Sequence[Path]) -> dict[str, str]:
    return {lock.name: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks}
