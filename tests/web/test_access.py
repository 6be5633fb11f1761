"""Who may see the board and who may act on it, in a real Airflow with its own tokens."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import airflow_home
from supportops.alerts.alert import Kind
from supportops.alerts.store import find, find_open
from supportops.db.engine import reading
from supportops.flows.active_configuration import load_or_last_good
from supportops.sites.check import Reason
from supportops.sites.site import Site
from web.boards import ACTOR, NOON, live_through, site_entry, slots_until, write_config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def airflow() -> Iterator[TestClient]:
    airflow_home.migrated()
    from airflow.api_fastapi.app import create_app

    with TestClient(create_app(), base_url="http://airflow.example") as client:
        yield client


def token(role: str, name: str = "") -> dict[str, str]:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    user: Any = SimpleAuthManagerUser(username=name or f"{role}-person", role=role)
    return {"authorization": f"Bearer {get_auth_manager().generate_jwt(user)}"}


@pytest.fixture
def outage(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The key of an alert in the store that Airflow's board shows."""
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    board().close()  # it opens this test's store
    write_config(tmp_path / "config", [site_entry("alpha")])

    def answer(site: Site, page: str, at: object) -> Reason:
        return Reason.REFUSED

    live_through(store, tmp_path / "config", slots_until(NOON, 2), answer)
    with reading(store) as connection:
        alert = find_open(connection, Kind.OUTAGE, "alpha")
    assert alert is not None
    yield alert.key
    board().close()


def board() -> Any:
    from airflow import plugins_manager

    (app,) = [
        each["app"]
        for each in plugins_manager.get_fastapi_plugins()[0]
        if each["url_prefix"] == "/support"
    ]
    return app


def addresses(airflow: TestClient) -> list[tuple[str, str]]:
    """Every method and address of the board's app, static files among them."""
    airflow.get("/support/")
    routes = [(method, r.path) for r in board().app.routes for method in r.methods]
    expected = {"/", "/alerts", "/reports", "/report", "/static/{name}", "/act/acknowledge"}
    expected |= {"/metrics", "/doctor", "/act/examine"}
    assert {path for _, path in routes} >= expected
    assert any(path.startswith("/reports/{cadence}/") for _, path in routes)
    return [(method, path.replace("{name}", "board.css")) for method, path in routes]


def test_nobody_gets_anything_without_signing_in(airflow: TestClient, outage: str) -> None:
    for method, path in addresses(airflow):
        answer = airflow.request(method, f"/support{path}", json={"key": outage})
        assert answer.status_code == 401, f"{method} {path}"
        assert "alpha" not in answer.text
        assert "content-security-policy" in answer.headers


def test_the_doctor_reads_airflows_own_list_of_dags(airflow: TestClient, outage: str) -> None:
    answer = airflow.get("/support/api/doctor", headers=token("admin")).json()
    found = [each["finding"] for each in answer["lines"] if each["check"] == "dags"]
    assert found
    assert "unknown" not in {each["level"] for each in found}, found


def test_prometheus_scrapes_with_a_token_of_its_own(
    airflow: TestClient, outage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert airflow.get("/support/metrics", headers=token("admin")).status_code == 401
    monkeypatch.setenv("AIRFLOW_CONN_METRICS_TOKEN", "m" * 32)
    assert airflow.get("/support/metrics", headers=token("admin")).status_code == 401
    headers = {"authorization": f"Bearer {'m' * 32}"}
    answer = airflow.get("/support/metrics", headers=headers)
    assert answer.status_code == 200
    assert "supportops_up 1.0" in answer.text
    assert 'supportops_airflow_dags{state="paused"}' in answer.text
    ended = time.monotonic() + 20
    while "supportops_doctor_findings" not in answer.text:  # it is examined meanwhile
        assert time.monotonic() < ended
        time.sleep(0.1)
        answer = airflow.get("/support/metrics", headers=headers)


def test_there_is_no_documentation_to_explore(airflow: TestClient, outage: str) -> None:
    for path in ("/docs", "/redoc", "/static/../app.py", "/static/app.py"):
        assert airflow.get(f"/support{path}", headers=token("admin")).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "user", "admin"])
def test_whoever_may_see_airflow_may_read(airflow: TestClient, outage: str, role: str) -> None:
    for path in ("/", "/alerts", "/reports", "/site?name=alpha", "/static/board.css"):
        answer = airflow.get(f"/support{path}", headers=token(role))
        assert answer.status_code == 200, path
    page = airflow.get("/support/incident", params={"key": outage}, headers=token(role))
    assert "DOWN: alpha" in page.text


def test_a_login_without_a_role_sees_nothing_unless_it_is_bound_to_a_customer(
    airflow: TestClient, outage: str, store: Engine, tmp_path: Path
) -> None:
    portal = token("", "acme-portal")
    for method, path in addresses(airflow):
        if not path.startswith("/static") and path != "/metrics":
            answer = airflow.request(
                method, f"/support{path}", json={"key": outage}, headers=portal
            )
            assert answer.status_code == 403, f"{method} {path}"
    access = '{"logins": [{"name": "acme-portal", "customers": ["Acme"]}]}'
    (tmp_path / "config" / "access.yaml").write_text(access)
    load_or_last_good(store, tmp_path / "config", NOON)
    reports = airflow.get("/support/reports", headers=portal)
    assert (reports.status_code, "No report has been sent yet." in reports.text) == (200, True)
    for path in ("/alerts", "/site?name=alpha", "/api/alerts", "/openapi.json"):
        assert airflow.get(f"/support{path}", headers=portal).status_code == 404
    for path in ("/api/v2/dags", "/api/v2/dags/~/dagRuns", "/api/v2/connections", "/ui/dags"):
        assert airflow.get(path, headers=portal).status_code == 403, path


def test_a_viewer_may_not_acknowledge_and_a_user_signs_with_their_name(
    airflow: TestClient, outage: str, store: Engine
) -> None:
    def acknowledge(role: str) -> int:
        headers: Mapping[str, str] = token(role) | dict(ACTOR)
        answer = airflow.post("/support/act/acknowledge", json={"key": outage}, headers=headers)
        return answer.status_code

    assert acknowledge("viewer") == 403
    assert taken_by(store, outage) is None
    assert acknowledge("user") == 200
    assert taken_by(store, outage) == "user-person"


def test_a_login_has_the_role_of_the_settings_and_not_that_of_its_token(
    airflow: TestClient, outage: str, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = token("admin", "otto") | dict(ACTOR)

    def asked() -> tuple[int, int]:
        page = airflow.get("/support/alerts", headers=headers)
        act = airflow.post("/support/act/unacknowledge", json={"key": outage}, headers=headers)
        return page.status_code, act.status_code

    for users, expected in (
        ("otto:admin", (200, 409)),
        ("otto:viewer", (200, 403)),
        ("otto:", (403, 403)),
        ("Otto:admin,ott:admin", (401, 401)),
        ("", (401, 401)),
    ):
        monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)
        assert asked() == expected, users
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    assert asked() == (200, 409)


def taken_by(store: Engine, key: str) -> str | None:
    with reading(store) as connection:
        alert = find(connection, key)
    assert alert is not None
    return alert.acknowledged_by


def test_a_write_from_another_site_is_refused_with_a_good_token(
    airflow: TestClient, outage: str, store: Engine
) -> None:
    headers = token("admin") | dict(ACTOR) | {"sec-fetch-site": "cross-site"}
    answer = airflow.post("/support/act/acknowledge", json={"key": outage}, headers=headers)
    assert answer.status_code == 403
    assert taken_by(store, outage) is None


def test_every_answer_forbids_inline_scripts_and_foreign_frames(
    airflow: TestClient, outage: str
) -> None:
    for path in ("/", "/alerts", "/reports", "/report", "/static/board.js", "/nothing"):
        headers = airflow.get(f"/support{path}", headers=token("viewer")).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "x-frame-options" not in headers


def test_the_board_stands_in_airflows_menu_and_its_frame_finds_it(
    airflow: TestClient, outage: str
) -> None:
    plugins = airflow.get("/api/v2/plugins", headers=token("admin")).json()["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "supportops"]
    (view,) = ours["external_views"]
    assert (view["href"], view["url_route"]) == ("support/", "support")
    assert airflow.get(f"/{view['href']}", headers=token("viewer")).status_code == 200


def test_the_plugin_loads_nothing_heavy_into_the_other_processes() -> None:
    program = (
        "import sys; before = set(sys.modules); import airflow.plugins_manager, airflow.listeners;"
        "known = set(sys.modules); sys.path.insert(0, 'plugins'); import supportops_plugin;"
        "print(sorted(set(sys.modules) - known))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "['supportops_plugin']"
