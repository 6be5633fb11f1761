"""Reads docker-compose.yaml as compose does: aliases and merges resolved, variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yaml"
# What begins a variable, and a whole one without another inside.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::(?P<kind>[-?+]))?")
_INNERMOST = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::(?P<kind>[-?+])(?P<word>[^{}]*))?\}")


def compose_text() -> str:
    return COMPOSE_FILE.read_text(encoding="utf-8")


def compose_file() -> dict[str, Any]:
    return dict(yaml.safe_load(compose_text()))


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """`value` with every variable filled in. Raises KeyError for a required one without a value."""
    if isinstance(value, dict):
        return {key: interpolated(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, variables) for item in value]
    if isinstance(value, str):
        while (filled := _INNERMOST.sub(lambda found: _filled(found, variables), value)) != value:
            value = filled
        return value.replace("$$", "$")
    return value


def _filled(found: re.Match[str], variables: Mapping[str, str]) -> str:
    given = variables.get(found["name"], "")
    if found["kind"] == "-":
        return given or found["word"]
    if found["kind"] == "+":
        return found["word"] if given else ""
    if not given:
        raise KeyError(found["name"])
    return given


def secrets_of(document: str) -> dict[str, str]:
    """The variables of an `.env` text."""
    lines = (line for line in document.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)
