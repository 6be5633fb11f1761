"""`supportops db fold` and `db prune`, and what `availability` says of hours without checks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete
from typer.testing import CliRunner

from flows.sites.availability.logs import SEEN, Log
from supportops.cli.main import app
from supportops.db.engine import writing
from supportops.db.schema import site_folds
from supportops.sites.summaries import store as summaries


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_what_is_old_is_shown_then_removed(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(store, tmp_path / "config")
    log.configured({"name": "shop", "interval": "12h"})
    for minute in range(0, 20 * 24 * 60, 720):
        log.run(minute, {"shop": ".", SEEN: "."})
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(log.folder))

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    assert "checks: none is folded into summaries yet" in said("db", "prune", "--dry-run")
    with writing(store) as connection:
        midnight = datetime(2026, 4, 8, tzinfo=UTC)
        summaries.add_sites(connection, [("shop", midnight)])
    more = "checks: 1 sites can be folded further, from 2026-04-08 00:00 UTC on; without --dry-run"
    assert more in said("db", "prune", "--dry-run")
    with writing(store) as connection:
        connection.execute(delete(site_folds))
    assert "1 sites are folded, all until 2026-04-26" in said("db", "fold")
    assert "can be folded further" not in said("db", "prune", "--dry-run")
    (results, *_) = json.loads(said("db", "prune", "--dry-run", "--json"))
    assert (results["table"], results["rows"] > 20) == ("check_results", True)
    period = ["availability", "--from", "2026-04-08T06:37", "--to", "2026-04-09T12:00"]
    assert "is estimated" not in said(*period)
    assert f"{results['rows']} of checks" in said("db", "prune")
    assert "is estimated; all times are exact" in said(*period)
    assert "is estimated" not in said(*period[:2], "2026-04-08T06:00", *period[3:])
    assert "0 rows of check_results" in said("db", "prune", "--dry-run")
