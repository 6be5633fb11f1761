"""Reads a configuration folder; every fault of every file is reported at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from supportops.alerts.rota.calendar_store import StoredCalendar
from supportops.config.configuration import IMPORTS, UNSTORED, Configuration, File, file_name
from supportops.config.documents import (
    CALENDARS,
    LOGOS,
    MODELS,
    OPTIONAL,
    VERSION,
    assemble,
    data_of,
    model_of,
)
from supportops.config.findings.find import find
from supportops.config.model import Model
from supportops.config.of_customers.access import CLOSED, AccessFile
from supportops.config.of_customers.logos import read_logos
from supportops.config.rota import RotaFile
from supportops.config.validation import located, validate
from supportops.config.values import AsWritten
from supportops.config.yaml_source import (
    ConfigurationError,
    Fault,
    MissingFileError,
    Source,
    read,
)
from supportops.rendering.printable import printable
from supportops.tickets.imports.mapping import ImportMapping
from supportops.tickets.triage import TriageRules

_UNTIL_THEN = "until it is right, a login that may only read sees nothing"


@dataclass(frozen=True, slots=True)
class Checked:
    """A folder as it was read. `faults` by file: of each that cannot be used as it stands.

    Of a file with faults the `configuration` holds the last good version, if there was one.
    `sources`: the files as they were read.
    """

    configuration: Configuration
    faults: Mapping[str, tuple[Fault, ...]]
    sources: Mapping[str, Source] = field(repr=False)

    @property
    def all_faults(self) -> tuple[Fault, ...]:
        return tuple(fault for faults in self.faults.values() for fault in faults)

    @property
    def findings(self) -> tuple[Fault, ...]:
        """What can be used but does hardly mean what it should, such as an alert that nobody gets.

        Searched for at each call: tasks that work by the configuration do without.
        """
        return tuple(find(self.configuration, self.sources))


def load(folder: Path) -> Configuration:
    """The configuration in `folder`. Raises ConfigurationError with all faults of all files."""
    checked = check(folder)
    if checked.faults:
        raise ConfigurationError(checked.all_faults)
    return checked.configuration


def check(
    folder: Path,
    last_good: Mapping[str, Any] | None = None,
    calendars: Mapping[str, StoredCalendar] | None = None,
) -> Checked:
    """What of `folder` can be used, and what is wrong with the rest. Never raises.

    `last_good`: the document of the last configuration, whose files stand in for faulty ones. A
    file that refers to another is checked against the version that is used of it. `calendars`:
    what was read from those of rota.yaml, by team.
    """
    sources, faults, incomplete = _read(folder)
    earlier = dict(data_of(last_good)) if last_good else {}
    if incomplete:
        faults |= {name: _gone(name) for name in earlier if name not in {*sources, *faults}}
    names = [*MODELS, *sorted({*sources, *faults, *_mappings(earlier)} - set(MODELS))]
    models: dict[str, Model] = {}
    data: dict[str, Any] = {}
    logos: Mapping[str, str] = (last_good or {}).get(LOGOS) or {}
    pictures: Mapping[str, bytes] = {}
    for name in names:
        file = file_name(name)
        others = {**{each: source.data for each, source in sources.items()}, **earlier, **data}
        if name in sources:
            try:
                found = validate(model_of(name), sources[name], file, others)
                if name == File.CUSTOMERS:
                    logos, pictures = _pictures(folder, sources[name], file)
                models[name], data[name] = found, sources[name].data
                continue
            except ConfigurationError as error:
                faults[name] = error.faults
        if name in faults and name in earlier:
            try:
                models[name] = validate(model_of(name), Source(earlier[name], {}), file, others)
                data[name] = earlier[name]
            except ConfigurationError:
                pass  # it does not fit what the other files have become
    if File.ACCESS in faults and File.ACCESS not in models:
        models[File.ACCESS] = AccessFile.model_validate(CLOSED)
        data[File.ACCESS] = dict(CLOSED)
        first, *more = faults[File.ACCESS]
        hint = "; ".join(filter(None, (first.hint, _UNTIL_THEN)))
        faults[File.ACCESS] = (replace(first, hint=hint), *more)
    ordered = {name: faults[name] for name in names if name in faults}
    document = _document(data, faults)
    if logos and File.CUSTOMERS in data:
        document[LOGOS] = dict(logos)
    if read := _of_calendars(models.get(File.ROTA), calendars or {}):
        document[CALENDARS] = read
    configuration = assemble(models, document, ordered, pictures)
    return Checked(configuration, ordered, sources)


def _of_calendars(
    rota: Model | None, calendars: Mapping[str, StoredCalendar]
) -> dict[str, dict[str, Any]]:
    """What was read from the calendars that `rota` names now."""
    if not isinstance(rota, RotaFile):
        return {}
    sources = {
        name: team.calendar.source().words for name, team in rota.teams.items() if team.calendar
    }
    return {
        name: read.to_document()
        for name, read in sorted(calendars.items())
        if read.read_at is not None and sources.get(name) == read.source
    }


def load_triage(folder: Path) -> TriageRules:
    """The rules in `folder`. Raises ConfigurationError if triage.yaml cannot be used."""
    return check(folder).configuration.triage


def load_mapping(folder: Path, name: str) -> ImportMapping:
    """The mapping `name` in `folder`. Raises ConfigurationError if its file cannot be used."""
    return check(folder).configuration.mapping(name)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one file, for editors. `name`: one of MODELS, or "imports"."""
    schema = model_of(name).model_json_schema(by_alias=True, schema_generator=AsWritten)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _read(folder: Path) -> tuple[dict[str, Source], dict[str, tuple[Fault, ...]], bool]:
    """Each file that is there as data with lines, the faults of those that cannot be read, and
    whether one is missing that must be there."""
    incomplete = False
    sources: dict[str, Source] = {}
    faults: dict[str, tuple[Fault, ...]] = {}
    for name in (*MODELS, *_mappings_in(folder)):
        if not name.isprintable():  # no store and no message can hold some of them
            shown = printable(f"{Path(name).name}.yaml", also="")
            faults[printable(name, also="")] = (Fault(shown, None, "", "its name", "a plain one"),)
            continue
        try:
            sources[name] = read(folder / f"{name}.yaml")
        except ConfigurationError as error:
            missing = isinstance(error, MissingFileError)
            if not (missing and name in OPTIONAL):
                faults[name] = error.faults
                incomplete |= missing
    return sources, faults, incomplete


def _gone(name: str) -> tuple[Fault, ...]:
    """The fault of an optional file that was there: in a folder that is empty or half copied its
    absence says nothing, and must not open the board to logins that it binds."""
    return (Fault(file_name(name), None, "", "no such file", "it, while others are missing too"),)


def _pictures(
    folder: Path, source: Source, file: str
) -> tuple[Mapping[str, str], Mapping[str, bytes]]:
    """The digests of the customers' logos by file, and their content by digest. Raises
    ConfigurationError for those that cannot be used."""
    found, wrongs = read_logos(folder, source.data)
    if wrongs:
        raise ConfigurationError(tuple(located(wrongs, source, file)))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    return digests, {digests[name]: content for name, content in found.items()}


def _mappings_in(folder: Path) -> list[str]:
    try:
        return sorted(f"{IMPORTS}/{path.stem}" for path in (folder / IMPORTS).glob("*.yaml"))
    except OSError:
        return []


def _mappings(names: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in names if name.startswith(f"{IMPORTS}/"))


def _document(data: Mapping[str, Any], faults: Mapping[str, Any]) -> dict[str, Any]:
    """The data as it is stored. None stands for a file that may be missing and is; a file of which
    no version can be used is left out."""
    prefix = f"{IMPORTS}/"
    may_miss = OPTIONAL - UNSTORED
    unset = [name for name in may_miss if name not in data and name not in faults]
    missing: dict[str, Any] = dict.fromkeys(unset)
    whole = {name: written for name, written in data.items() if name in MODELS}
    mappings = {name.removeprefix(prefix): data[name] for name in _mappings(data)}
    return {"version": VERSION, **missing, **whole, IMPORTS: mappings}
