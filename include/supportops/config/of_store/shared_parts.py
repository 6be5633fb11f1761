"""Stored configurations whose equal parts are stored once.

Most changes of a configuration are of one file, and announced maintenance makes two documents of
each window. One that was not activated lately keeps the digests of its parts, in `PARTS`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from supportops.db.schema import configuration_parts, configurations, pruned
from supportops.db.statements import insert_new, insert_or_update

# No file has this name.
PARTS = "@parts"
# Smaller ones take less room than the digest and its row.
LEAST_CHARACTERS = 500
_MARK = "configurations"
_c, _p = configurations.c, configuration_parts.c


def whole(connection: Connection, document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document with its parts in their places."""
    shared = document.get(PARTS)
    if shared is None:
        return dict(document)
    statement = select(_p.digest, _p.content).where(_p.digest.in_(sorted(set(shared.values()))))
    contents = {row.digest: row.content for row in connection.execute(statement)}
    parts = {name: contents[digest] for name, digest in shared.items()}
    return {**{name: part for name, part in document.items() if name != PARTS}, **parts}


def unshared(connection: Connection, before: datetime) -> list[str]:
    """The digests of configurations that were last activated before an instant and may still have
    their parts in themselves, in the order of activation; without the active one."""
    mark = connection.execute(select(pruned.c.until).where(pruned.c.what == _MARK)).scalar()
    newest = select(func.max(_c.loaded_at)).scalar_subquery()
    statement = select(_c.digest).where(_c.loaded_at < before, _c.loaded_at < newest)
    if mark is not None:
        statement = statement.where(_c.loaded_at > mark)
    return list(connection.execute(statement.order_by(_c.loaded_at, _c.digest)).scalars())


def share(connection: Connection, digest: str) -> None:
    """Stores the parts of one configuration once."""
    row = connection.execute(select(_c.document, _c.loaded_at).where(_c.digest == digest)).one()
    if PARTS not in row.document:
        written = {name: _written(part) for name, part in row.document.items()}
        large = {name: text for name, text in written.items() if len(text) >= LEAST_CHARACTERS}
        shared = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in large.items()}
        rows = [{"digest": shared[name], "content": row.document[name]} for name in sorted(large)]
        insert_new(connection, configuration_parts, rows)
        rest = {name: part for name, part in row.document.items() if name not in shared}
        document = {**rest, PARTS: shared}
        connection.execute(
            update(configurations).where(_c.digest == digest).values(document=document)
        )
    insert_or_update(connection, pruned, [{"what": _MARK, "until": row.loaded_at}])


def _written(part: Any) -> str:
    return json.dumps(part, sort_keys=True, ensure_ascii=False)
