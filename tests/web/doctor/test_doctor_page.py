"""The doctor on the board: what to mend, for whoever may act, and never a page that waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import Header, HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.operations.doctor import AirflowState
from supportops.web.app import make_app
from supportops.web.page import Viewer
from supportops.web.pages import doctor
from web.boards import ACTOR, NOON, READER, site_entry, visible, write_config


class Installation:
    """A board whose Airflow says what `airflow` is."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.now: datetime = NOON
        self.airflow = AirflowState({"site_check": False, "alert_dispatch": True})
        self.slow = 0.0
        self.examined = 0
        context = Context(engine, folder, lambda name: f"json://{name}")

        @contextmanager
        def open_context() -> Iterator[Context]:
            yield context

        def viewer(x_user: str | None = Header(None)) -> Viewer:
            if x_user is None:
                raise HTTPException(401)
            return Viewer(x_user, may_act=x_user == "ada")

        app = make_app(
            open_context,
            LastConfiguration(),
            lambda: self.now,
            viewer=viewer,
            read_airflow=self.read,
        )
        self.client = TestClient(app)

    def read(self) -> AirflowState:
        self.examined += 1
        time.sleep(self.slow)
        return self.airflow

    def page(self, headers: Any = ACTOR) -> str:
        answer = self.client.get("/doctor", headers=dict(headers))
        assert answer.status_code == 200, answer.text
        return visible(answer.text)


@pytest.fixture
def installation(store: Engine, tmp_path: Path) -> Installation:
    folder = write_config(tmp_path / "config", [site_entry("shop", host="web-1")])
    load_or_last_good(store, folder, NOON)
    return Installation(store, folder)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_paused_dag_is_shown_with_what_mends_it(installation: Installation) -> None:
    page = installation.page()
    assert "the DAG alert_dispatch is paused" in page
    assert "Nobody is notified of anything." in page
    assert "airflow dags unpause alert_dispatch" in page
    assert "Airflow has no DAG sla_sweep" in page
    assert page.index("alert_dispatch is paused") < page.index("no faults")
    script = installation.client.get("/api/doctor", headers=dict(ACTOR)).json()
    assert script["bad"] > 0
    assert {line["check"] for line in script["lines"]} >= {"dags", "store", "zones"}


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_whoever_may_only_read_sees_how_many_there_are(installation: Installation) -> None:
    page = installation.page(READER)
    assert "to mend" in page
    assert "alert_dispatch is paused" not in page
    script = installation.client.get("/api/doctor", headers=dict(READER)).json()
    assert script["lines"] == []
    assert installation.client.get("/doctor").status_code == 401
    refused = installation.client.post("/act/examine", json={}, headers={"x-user": "bob"})
    assert refused.status_code == 403


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_an_examination_is_shown_again_until_it_is_old_or_somebody_asks(
    installation: Installation,
) -> None:
    installation.page()
    installation.airflow = AirflowState({})
    assert "alert_dispatch is paused" in installation.page()
    assert installation.examined == 1
    asked = installation.client.post("/act/examine", json={}, headers=dict(ACTOR))
    assert asked.json()["said"] == "The installation was examined."
    assert "Airflow has no DAG alert_dispatch" in installation.page()
    installation.airflow = AirflowState({"alert_dispatch": True})
    installation.now += timedelta(minutes=11)
    assert "alert_dispatch is paused" in installation.page()


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_check_that_hangs_makes_no_page_wait(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "WAIT_SECONDS", 0.2)
    installation.slow = 1.5
    began = time.monotonic()
    assert "is being examined" in installation.page()
    assert time.monotonic() - began < 1.2
    time.sleep(1.8)
    assert "alert_dispatch is paused" in installation.page()
    assert installation.examined == 1
