"""The scheduled daily report when the office's zone changes: each period is sent once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.installations import Installation, installation
from supportops.alerts.hold import release
from supportops.db.engine import make_engine, writing
from supportops.db.migrate import upgrade
from supportops.flows.reports import daily_report


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    engine = make_engine(f"sqlite+pysqlite:///{tmp_path / 'template.db'}")
    upgrade(engine)
    engine.dispose()
    with installation(tmp_path / "template.db", tmp_path) as found:
        yield found


def test_a_second_run_on_one_day_after_a_change_of_zone_sends_nothing(here: Installation) -> None:
    levels = here.file("service_levels")
    here.clock.now = datetime(2026, 11, 17, 12, tzinfo=UTC)
    here.first_check()
    with writing(here.engine) as connection:
        release(connection, "somebody", here.clock.now)
    summaries = []
    for zone, at in (
        ("Europe/London", datetime(2026, 11, 18, 7, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 18, 12, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 19, 12, 30, tzinfo=UTC)),
    ):
        text = levels.read_text(encoding="utf-8")
        levels.write_text(text.replace("Europe/London", zone), encoding="utf-8")
        summaries.append(daily_report.run(here.context, at, at, scheduled=True))
    assert [summary["sent"] for summary in summaries] == [1, 0, 1]
    periods = [summary["reports"][0]["period"] for summary in summaries]
    assert periods == ["2026-11-17", "2026-11-17", "2026-11-18"]


def test_while_alerts_are_held_it_is_a_draft_and_goes_out_when_asked_for(
    here: Installation,
) -> None:
    here.clock.now = datetime(2026, 11, 17, 12, tzinfo=UTC)
    here.first_check()
    at = datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    assert daily_report.run(here.context, at, at, scheduled=True)["sent"] == 0
    with writing(here.engine) as connection:
        release(connection, "somebody", at)
    assert daily_report.run(here.context, at, at, send=True)["sent"] == 1
