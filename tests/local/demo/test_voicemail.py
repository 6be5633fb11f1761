"""A message on the demo's answerphone pages, at any hour, with the caller and the recording."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from builders import NOON
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.context import Context, no_secrets
from supportops.db.engine import reading
from supportops.db.schema import recordings
from supportops.flows.tickets import mailbox
from supportops.local.demo.config import choose_ports, write
from supportops.local.demo.voicemail import Answerphone
from supportops.local.install.installation import Installation


@pytest.mark.parametrize("hours", [0, 9])
@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_it_pages_by_day_and_by_night(store: Engine, tmp_path: Path, hours: int) -> None:
    here = Installation(tmp_path, tmp_path / ".local").demo
    here.prepare_demo()
    write(here, choose_ports(8080))
    now = NOON + timedelta(hours=hours)
    Answerphone(here).take(now)
    context = Context(store, here.demo_config, no_secrets)
    assert mailbox.run(context, lambda: now + timedelta(minutes=1))["raised"] == 1
    with reading(store) as connection:
        (alert,) = list_open(connection, Kind.CALL)
        (recording,) = connection.execute(select(recordings)).all()
    assert alert.customer == "Kestrel Cycles"
    assert alert.headline.startswith("voicemail from +44 20 7946 0958 (perhaps Kestrel Cycles): ")
    assert recording.media_type == "audio/wav"
    assert list((here.answerphone / ".Handled" / "cur").iterdir())
