"""What was acknowledged before acts were logged has an act, too."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from alert_builders import NOON, alert, minutes
from supportops.alerts import store as alert_store
from supportops.alerts.acts.act import Act, ActKind
from supportops.alerts.acts.log import acts_of
from supportops.db import migrate
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import EPOCH, MICROSECOND

BEFORE = "0008"
_STORED = (
    "INSERT INTO alerts (key, kind, severity, subject, headline, facts, opened_at, last_seen_at, "
    "acknowledged_at, acknowledged_by) VALUES (:key, 'outage', 'critical', :key, 'h', '{}', :noon, "
    ":noon, :at, :who)"
)


def test_an_acknowledgement_of_an_older_version_is_the_first_act(tmp_path: Path) -> None:
    noon, at = ((each - EPOCH) // MICROSECOND for each in (NOON, NOON + minutes(5)))
    taken, nameless, free = (alert(name).key for name in ("Taken", "Nameless", "Free"))
    store = make_engine(f"sqlite+pysqlite:///{tmp_path}/older.db")
    migrate.upgrade(store, BEFORE)
    with writing(store) as connection:
        for key, when, who in ((taken, at, "Ada"), (nameless, at, None), (free, None, None)):
            values = {"key": key, "noon": noon, "at": when, "who": who}
            connection.execute(text(_STORED), values)
    migrate.upgrade(store)
    with reading(store) as connection:
        for key, who in ((taken, "Ada"), (nameless, "somebody")):
            assert acts_of(connection, key) == [
                Act(key, ActKind.ACKNOWLEDGED, who, NOON + minutes(5))
            ]
        assert acts_of(connection, free) == []
        found = alert_store.find(connection, taken)
    store.dispose()
    assert found is not None
    assert (found.acknowledged_by, found.acknowledged_until) == ("Ada", None)
