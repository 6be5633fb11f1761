"""What a flow works with: the store, the configuration folder, and the secrets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

Secrets = Callable[[str], str | None]
"""From a secret's name to its value; None where it is not set."""


def no_secrets(_name: str) -> str | None:
    """Where no secret is set."""
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """One installation; `supportops.bootstrap.open_context` opens it. `status_pages`: the folder
    that status pages are written to, None where there are none."""

    engine: Engine
    config: Path
    secrets: Secrets
    status_pages: Path | None = None


OpenContext = Callable[[], AbstractContextManager[Context]]
"""Opens an installation for a while, as `supportops.bootstrap.open_context` does."""
