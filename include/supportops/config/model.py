"""What every file of the configuration is checked with: a strict model, and faults with a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from supportops.config.yaml_source import KeyPath, show_path
from supportops.sites.probe.web_address import without_login


@dataclass(frozen=True, slots=True)
class Wrong:
    """A fault at one key path. `hint` says what to do about it, where that can be guessed."""

    path: KeyPath
    found: str
    expected: str
    hint: str = ""


class Model(BaseModel):
    """Every object of the configuration: no unknown key passes, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself: a default is the same object in all sites that do not say otherwise."""
        return self

    @classmethod
    def across(cls, _data: Any) -> Iterable[Wrong]:
        """What is wrong between the parts of a file, read from its raw `data` of any shape, so
        that it is reported together with what is wrong inside the parts."""
        return ()

    @classmethod
    def among(cls, _data: Any, _others: Mapping[str, Any]) -> Iterable[Wrong]:
        """What does not fit the raw data of the folder's `others`, by name; one that could not be
        read is not among them."""
        return ()


def unknown(path: KeyPath, name: str, known: Iterable[Any], expected: str) -> Wrong:
    """A name that nothing has; `expected` begins the list of the names that there are."""
    names = [str(each) for each in known]
    listed = f"{expected} {', '.join(names) or 'none'}"
    return Wrong(path, shown(name), listed, did_you_mean(name, names))


def did_you_mean(found: Any, known: Iterable[str]) -> str:
    """A question after the known name that `found` looks like; empty where none does."""
    names = {each.casefold(): each for each in known}
    close = get_close_matches(str(found).casefold(), names, n=1)
    return f"did you mean {names[close[0]]}?" if close else ""


def entries(data: Any, key: str) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The mappings of the list at `key`, each with its path; nothing where the shape is wrong."""
    for path, item in items(data, key):
        if isinstance(item, dict):
            yield path, item


def items(data: Any, key: str) -> Iterator[tuple[KeyPath, Any]]:
    """What the list at `key` holds, each with its path; nothing where the shape is wrong."""
    found = data.get(key) if isinstance(data, dict) else None
    for index, item in enumerate(found if isinstance(found, list) else []):
        yield (key, index), item


def mapping(data: Any, key: str) -> dict[Any, Any]:
    """The mapping at `key`; an empty one where the shape is wrong."""
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def twice(named: Iterable[tuple[KeyPath, Any]]) -> Iterator[Wrong]:
    """A fault for every text that stands at an earlier path already."""
    seen: dict[str, KeyPath] = {}
    for path, name in named:
        if not isinstance(name, str):
            continue
        if name in seen:
            first = show_path(seen[name])
            yield Wrong(path, shown(name), f"each once, but it stands at {first} too")
        seen.setdefault(name, path)


def shown(value: Any) -> str:
    """A found value, short; a whole mapping or list is only named, a login is hidden."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(without_login(value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else text[:77] + "..."
