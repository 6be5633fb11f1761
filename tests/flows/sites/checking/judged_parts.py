"""What the log says of runs that were judged in parts."""

from __future__ import annotations

from sqlalchemy import Engine, select

from supportops.config import snapshots
from supportops.db.engine import reading
from supportops.db.schema import check_parts
from supportops.sites import store as sites_store
from supportops.sites.incident import FleetState
from supportops.sites.judging.fold import fold
from supportops.sites.runs import part_store


def replayed(engine: Engine) -> FleetState:
    state = FleetState()
    with reading(engine) as connection:
        for judgement in part_store.judgements(connection):
            fleet = snapshots.get(connection, judgement.configuration).fleet
            state, _ = fold(state, part_store.judged_run(connection, judgement, fleet), fleet)
    return state


def stored(engine: Engine) -> FleetState:
    with reading(engine) as connection:
        return sites_store.load_state(connection)


def parts(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(check_parts)).all())
