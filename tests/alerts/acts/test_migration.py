"""What was acknowledged before acts were logged has an act, too."""

from __future__ import annotations

from alembic import command
from sqlalchemy import Engine, text

from alert_builders import NOON, alert, minutes
from supportops.alerts import store as alert_store
from supportops.alerts.acts.act import Act, ActKind
from supportops.alerts.acts.log import acknowledge, acts_of
from supportops.db import migrate
from supportops.db.engine import reading, writing

BEFORE = "0008"


def test_an_acknowledgement_of_an_older_version_is_the_first_act(store: Engine) -> None:
    taken, free = alert("Taken"), alert("Free")
    with writing(store) as connection:
        for each in (taken, free):
            alert_store.raise_alert(connection, each, NOON)
        assert acknowledge(connection, taken.key, "Ada", NOON + minutes(5))
    with writing(store) as connection:
        command.downgrade(migrate._alembic(connection), BEFORE)
    with writing(store) as connection:
        columns = connection.execute(text("SELECT * FROM alerts")).keys()
        assert "snoozed_until" not in columns
    migrate.upgrade(store)
    with reading(store) as connection:
        act = Act(taken.key, ActKind.ACKNOWLEDGED, "Ada", NOON + minutes(5))
        assert acts_of(connection, taken.key) == [act]
        assert acts_of(connection, free.key) == []
        found = alert_store.find(connection, taken.key)
    assert found is not None
    assert (found.acknowledged_by, found.acknowledged_until) == ("Ada", None)
