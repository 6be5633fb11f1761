"""Every key of every file of the configuration, with what nobody means: a fault with its place.

The keys are walked in the files' JSON Schemas, so a new one is tried without a change here. What
passes must be storable, and usable by what reads the configuration.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_home import ROOT
from config.documented_examples import (
    access_data,
    customers_data,
    mailbox_data,
    rota_data,
    store_data,
)
from supportops.config.configuration import IMPORTS, File, file_name
from supportops.config.documents import MODELS, model_of, restore
from supportops.config.loader import check, json_schema
from supportops.config.validation import validate
from supportops.config.yaml_source import ConfigurationError, Source, plain, read

SHIPPED = ROOT / "include/config"
DEEPEST = 7
# As YAML would write them.
VALUES = (
    "",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    ".nan",
    ".inf",
    "9" * 400,
    "0x7fffffffffffffffffff",
    "1.5",
    '""',
    '" "',
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "{? [a, b] : 1}",
    "[null]",
    "{x: {x: {x: 1}}}",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "25:61",
    "99999999999d",
    '"9999999999999999999999s"',
    '"24:00"',
    '"\\0"',
    '"\\ud800"',
    '"\\u202e\\x1b[2J"',
    '"http://[::1"',
    '"http://a:99999/"',
    '"%s{}[/]"',
    '"(a+)+$"',
    '"[unclosed"',
    '"101%"',
    "!!binary aGk=",
    "!!python/object/apply:os.system [id]",
    "*nowhere",
)


def loaded(text: str) -> Any:
    """The value as a configuration file holds it; unreadable ones are for the next test."""
    if text.startswith("!!"):
        return text
    try:
        return plain(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, TypeError, OverflowError):
        return text


def keys(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """The path of every key that a schema knows; 0 is any item, "*" is any name."""
    seen: set[tuple[str | int, ...]] = set()

    def walk(part: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Any]:
        if len(path) > DEEPEST:
            return
        if "$ref" in part:
            part = whole["$defs"][part["$ref"].rpartition("/")[2]]
        for each in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
            yield from walk(each, path)
        inner = [((*path, name), each) for name, each in part.get("properties", {}).items()]
        if isinstance(part.get("items"), dict):
            inner.append(((*path, 0), part["items"]))
        if isinstance(part.get("additionalProperties"), dict):
            inner.append(((*path, "*"), part["additionalProperties"]))
        for place, each in inner:
            if place not in seen:
                seen.add(place)
                yield place
            yield from walk(each, place)

    yield from walk(schema, ())


def changed(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """`data` with `value` at `path`; what is missing on the way is made."""
    whole = here = copy.deepcopy(data) if data is not None else {}
    for place, following in zip(path, (*path[1:], None), strict=True):
        key: Any = place
        if isinstance(place, int):
            if not here:
                here.append(None)
        elif place == "*":
            key = next(iter(here), "x")
        if following is None:
            here[key] = value
            return whole
        wanted: type = list if isinstance(following, int) else dict
        there = here.get(key) if isinstance(here, dict) else here[key]
        here[key] = there if isinstance(there, wanted) else wanted()
        here = here[key]
    return value


def documents() -> dict[str, Any]:
    names = [*MODELS, f"{IMPORTS}/generic", f"{IMPORTS}/uci"]
    documented = {
        File.ROTA.value: rota_data(),
        File.CUSTOMERS.value: customers_data(),
        File.MAILBOX.value: mailbox_data(),
        File.STORE.value: store_data(),
        File.ACCESS.value: access_data(),
        File.TUTORIALS.value: read(ROOT / "tests/data/tutorials/tutorials.yaml").data,
    }
    shipped = [name for name in names if name not in documented]
    found = {name: read(SHIPPED / f"{name}.yaml").data for name in shipped}
    return {**found, **documented}


@pytest.mark.parametrize("name", [*MODELS, f"{IMPORTS}/uci"])
def test_every_key_of(name: str) -> None:
    whole = documents()
    others = {each: data for each, data in whole.items() if each != name}
    schema = json_schema(name.partition("/")[0])
    tried = passed = 0
    for number, path in enumerate(keys(schema, schema)):
        # Deep down the values take turns from key to key.
        for text in VALUES if len(path) < 3 else VALUES[number % 12 :: 12]:
            data = changed(whole[name], path, loaded(text))
            tried += 1
            try:
                validate(model_of(name), Source(data, {}), file_name(name), others)
            except ConfigurationError as error:
                unprintable = [str(each) for each in error.faults if not str(each).isprintable()]
                if unprintable:
                    raise AssertionError(f"{path} = {text!r}: {unprintable}") from error
                continue
            except Exception as error:
                raise AssertionError(f"a traceback for {path} = {text!r:.100}") from error
            passed += 1
            json.dumps(data).encode()
    assert tried > 100
    assert passed < tried


@pytest.mark.parametrize("name", [*MODELS, f"{IMPORTS}/uci"])
def test_what_passes_can_be_read_back_and_used(name: str, tmp_path: Path) -> None:
    """The whole way of a folder, for one value of each kind at each key of the first levels."""
    whole = documents()
    schema = json_schema(name.partition("/")[0])
    (tmp_path / IMPORTS).mkdir()
    for each, data in whole.items():
        (tmp_path / f"{each}.yaml").write_text(json.dumps(data))
    for path in keys(schema, schema):
        if len(path) > 1:
            continue
        for value in (None, [], {}, "x"):
            (tmp_path / f"{name}.yaml").write_text(json.dumps(changed(whole[name], path, value)))
            checked = check(tmp_path)
            if not checked.faults:
                restore(json.loads(json.dumps(checked.configuration.document)))
