"""Whether the machines that plan checks have different configurations.

A run makes the files of the machine that plans it the active ones. Where those of two machines
differ, they take turns: a site that only one of them has is removed and added again, and its outage
ends and begins, with a message each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config import snapshots
from supportops.config.configuration import file_name
from supportops.config.documents import ANNOUNCED, MODELS
from supportops.sites import store

SUBJECT = "configuration of the workers"
_LOOKED_AT = timedelta(hours=1)
# Somebody who takes a change back returns to an earlier configuration once.
_MOST_RETURNS = 1


def watch_turns(connection: Connection, slot: datetime, now: datetime) -> None:
    """Raises the alert while the runs up to `slot` go back and forth between configurations, or
    ends it once they have not for an hour."""
    used = store.configurations_used(connection, slot - _LOOKED_AT, slot)
    differing = _differing(connection, used) if _returns(used) > _MOST_RETURNS else ()
    if not differing:
        over = {"over": "all checks of the last hour had the same"}
        resolve_alert(connection, Kind.CONFIGURATION, SUBJECT, now, over)
        return
    files = ", ".join(differing)
    alert = operations_alert(
        Kind.CONFIGURATION,
        SUBJECT,
        f"machines that plan checks have different files: {files}",
        now,
        facts={
            "explanation": "Whoever plans a check makes their own files the active ones, so sites "
            "come and go, and alerts about them end and begin. Give all machines the same files.",
            "files": list(differing),
        },
    )
    raise_alert(connection, alert, now)


def _returns(used: Sequence[str]) -> int:
    """How often a run had a configuration that a run before the last one had, too."""
    return sum(
        after != before and after in used[:at] for at, (before, after) in enumerate(pairwise(used))
    )


def _differing(connection: Connection, used: Sequence[str]) -> tuple[str, ...]:
    """The names of the files that go back and forth; maintenance that people announce is none."""
    documents = {digest: snapshots.get_document(connection, digest) for digest in set(used)}
    names = sorted({name for document in documents.values() for name in document} - {ANNOUNCED})
    texts = [(name, [_text(documents[digest], name) for digest in used]) for name in names]
    return tuple(_shown(name) for name, each in texts if _returns(each) > _MOST_RETURNS)


def _text(document: Mapping[str, Any], name: str) -> str:
    return json.dumps(document.get(name), sort_keys=True)


def _shown(name: str) -> str:
    return file_name(name) if name in MODELS or "/" in name else name
