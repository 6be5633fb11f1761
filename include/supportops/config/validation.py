"""Checks the data of one file against its model; every fault has its line and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from supportops.config.model import Model, Wrong, did_you_mean, shown
from supportops.config.values import known_zones
from supportops.config.yaml_source import (
    ConfigurationError,
    Fault,
    KeyPath,
    Source,
    show_path,
)

Checked = TypeVar("Checked", bound=Model)

_EXPECTED = {
    "extra_forbidden": "no such key",
    "missing": "this key",
    "string_type": "a text",
    "list_type": "a list",
    "too_short": "at least one entry",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "datetime_from_date_parsing": "an instant with its offset, such as 2026-11-28T22:00+00:00",
}


def validate(
    model: type[Checked], source: Source, file: str, others: Mapping[str, Any] | None = None
) -> Checked:
    """The data as a `model`. Raises ConfigurationError with every fault, in the order of lines.

    `others`: the raw data of the folder's other files by name, for what refers to them.
    """
    wrongs = (*model.across(source.data), *model.among(source.data, others or {}))
    faults = list(located(wrongs, source, file))
    try:
        checked = model.model_validate(source.data)
    except ValidationError as error:
        faults += [_fault(model, file, source, detail) for detail in error.errors()]
    if faults:
        raise ConfigurationError(tuple(sorted(faults, key=lambda fault: fault.line or 0)))
    return checked


def located(wrongs: Iterable[Wrong], source: Source, file: str) -> Iterator[Fault]:
    """The same, with the file and the line of each."""
    for wrong in wrongs:
        place = show_path(wrong.path)
        line = source.line(wrong.path)
        yield Fault(file, line, place, wrong.found, wrong.expected, wrong.hint)


def _fault(model: type[Model], file: str, source: Source, detail: ErrorDetails) -> Fault:
    # A key that is wrong itself is reported with its mapping's path, itself and "[key]".
    path = tuple(p for p in detail["loc"] if p != "[key]")
    kind = detail["type"]
    if kind == "value_error":
        expected = detail["msg"].removeprefix("Value error, ")
    else:
        expected = _EXPECTED.get(kind, detail["msg"].removeprefix("Input should be "))
    found = "nothing" if kind == "missing" else _shown(path, detail.get("input"))
    hint = _hint(model, path, detail, expected)
    return Fault(file, source.line(path), show_path(path), found, expected, hint)


def _hint(model: type[Model], path: KeyPath, detail: ErrorDetails, expected: str) -> str:
    """Which of the keys, words or zones there are was probably meant."""
    if detail["type"] == "extra_forbidden":
        return did_you_mean(path[-1], _keys(model, path[:-1]))
    if expected.startswith("a zone of the IANA list"):
        return did_you_mean(detail.get("input"), known_zones())
    allowed = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    return did_you_mean(detail.get("input"), allowed)


def _keys(model: type[Model], path: KeyPath) -> list[str]:
    """The keys that a mapping at `path` may have."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
    return [
        field.alias or name
        for kind in kinds
        for each in _alternatives(kind)
        if isinstance(each, type) and issubclass(each, Model)
        for name, field in each.model_fields.items()
    ]


def _inside(kind: Any, part: str | int) -> Iterator[Any]:
    """The types that may stand under a key, or at an index, of a value of type `kind`."""
    for each in _alternatives(kind):
        arguments = get_args(each)
        if isinstance(each, type) and issubclass(each, Model):
            for name, field in each.model_fields.items():
                if (field.alias or name) == part:
                    yield field.annotation
        elif arguments:  # a list's items, or a mapping's values
            yield arguments[-1] if isinstance(part, str) else arguments[0]


def _alternatives(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for each in get_args(kind):
            yield from _alternatives(each)
    else:
        yield kind


NAMES_OF_SECRETS = frozenset(
    {"secret", "heartbeat", "heartbeat_failure", "login", "token", "signature"}
)
"""The keys under which the name of a secret stands."""


def _shown(path: KeyPath, value: Any) -> str:
    """The offending value. Where a secret's name belongs, the secret may have been written."""
    if path and path[-1] in NAMES_OF_SECRETS and isinstance(value, str | int | float):
        return "what is no name (not shown: it may be the secret)"
    return shown(value)
