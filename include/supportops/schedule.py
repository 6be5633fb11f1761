"""The zone whose clocks the schedules of DAGs follow, the office's, out of service_levels.yaml; and
how often mailboxes are read, out of mailbox.yaml.

A scheduler reads it each time that it parses a DAG file, so nothing heavy is imported here.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from supportops.files import open_file

CONFIG_VARIABLE = "SUPPORTOPS_CONFIG"
DEFAULT_CONFIG = Path(__file__).parents[1] / "config"
FALLBACK = "UTC"
_OFFICE = ("calendars", "office", "timezone")
_EVERY = ("interval",)
_EVERY_MINUTE = "* * * * *"
_MINUTES = re.compile(r"(\d{1,2})\s*m")
_MOST_MINUTES = 30
_LARGEST = 8 * 1024 * 1024
_DEEPEST = 40
_ITEM = "\0"  # stands for the items of a list; no YAML holds it
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

log = logging.getLogger(__name__)


def configured_folder() -> Path:
    """The folder of the configuration, whether it is there or not."""
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def schedule_zone(folder: Path | None = None) -> str:
    """The IANA name of the office's zone in `folder`; UTC while none can be read. Never raises.

    The file is read up to the zone, so a fault further down leaves the schedules as they are. An
    exception here would take every schedule away; the fault itself is an alert of the site check.
    """
    file = (folder or configured_folder()) / "service_levels.yaml"
    try:
        with open_file(file) as opened:
            text = opened.read(_LARGEST).decode("utf-8-sig")
        zone = _scanned(text) or _loaded(text)
        return ZoneInfo(zone).key
    except Exception as error:
        log.warning("schedules follow %s: no zone of the office in %s: %s", FALLBACK, file, error)
        return FALLBACK


def mailbox_schedule(folder: Path | None = None) -> str | None:
    """The cron expression by which mailboxes are read: every minute, unless mailbox.yaml in
    `folder` has another interval. None where there is no such file. Never raises.
    """
    file = (folder or configured_folder()) / "mailbox.yaml"
    if not file.exists():
        return None
    try:
        with open_file(file) as opened:
            text = opened.read(_LARGEST).decode("utf-8-sig")
        scalars = _scalars(yaml.parse(text, Loader=_Loader))
        found = (value for path, value in scalars if path == _EVERY)
        written = _MINUTES.fullmatch(next(found, "1m").strip())
        minutes = int(written[1]) if written else 1
        return f"*/{minutes} * * * *" if 1 < minutes <= _MOST_MINUTES else _EVERY_MINUTE
    except Exception as error:
        log.warning("mailboxes are read every minute: no interval in %s: %s", file, error)
        return _EVERY_MINUTE


def _scanned(text: str) -> str | None:
    """The zone where it is written out, found without reading what comes after it."""
    for path, value in _scalars(yaml.parse(text, Loader=_Loader)):
        if path == _OFFICE:
            return value
    return None


def _scalars(events: Iterator[Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The scalars of a document below mappings alone, each with the keys that lead to it."""
    path: list[str | None] = []  # of a mapping the key whose value comes, else None
    for event in events:
        if isinstance(event, yaml.MappingStartEvent):
            path.append(None)
        elif isinstance(event, yaml.SequenceStartEvent):
            path.append(_ITEM)
        if len(path) > _DEEPEST:
            # libyaml builds what is nested by recursion in C, which ends in a crash.
            raise ValueError("brackets in brackets without end")
        if isinstance(event, yaml.CollectionEndEvent):
            path.pop()
            _value_ends(path)
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if path and path[-1] is None:
                path[-1] = value
                continue
            if isinstance(event, yaml.ScalarEvent):
                yield tuple(key or "" for key in path), value
            _value_ends(path)


def _value_ends(path: list[str | None]) -> None:
    if path and path[-1] != _ITEM:
        path[-1] = None


def _loaded(text: str) -> str:
    """The zone where it comes by an alias or a merge. Raises where there is none."""
    data: Any = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    for key in _OFFICE:
        data = data[key]
    return str(data)
