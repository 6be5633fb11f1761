"""Reads one file of the configuration by itself, with the faults told as for the whole folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, cast

from supportops.config.loader import _validate
from supportops.config.values import Model
from supportops.config.yaml_source import read

Checked = TypeVar("Checked", bound=Model)


def load_file(path: Path, model: type[Checked]) -> Checked:
    """The file as `model`. Raises ConfigurationError with every fault of it."""
    return cast(Checked, _validate(model, read(path), path.name))
