"""docs/security.md says which role reads and acts: each route of the board is tried with each."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

import airflow_home
from supportops.flows.active_configuration import load_or_last_good
from supportops.web.acts.registry import ACTS
from web.boards import ACTOR, NOON, site_entry, write_config
from web.test_access import addresses, airflow, board, token
from web.test_viewers import VALUES

__all__ = ["airflow"]

ROOT = Path(__file__).parents[3]
BOUND = "none, bound by `access.yaml`"


def documented() -> dict[str, tuple[bool, bool, bool]]:
    """Whether a role reads the board, acts, and configures, by the table of docs/security.md."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("| role | reads | acts | configures |\n")[2].partition("\n\n")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]
    ]
    return {
        role: (reads == "yes", acts == "yes", sets == "yes") for role, reads, acts, sets in rows
    }


def valid(act: str) -> dict[str, object]:
    """The fields that an act must have; it is about nothing that is there."""
    fields = ACTS[act].body.model_fields.items()
    body = {name: VALUES[name] for name, info in fields if info.is_required()}
    return body | ({"id": 1} if "id" in body and not act.startswith("ticket") else {})


@pytest.fixture
def ready(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    airflow_home.migrated()
    folder = write_config(tmp_path / "config", [site_entry("alpha")])
    bound = '{"logins": [{"name": "bound-person", "customers": ["Acme"]}]}'
    (folder / "access.yaml").write_text(bound)
    load_or_last_good(store, folder, NOON)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_every_route_with_every_role_is_as_the_table_says(airflow: object, ready: None) -> None:
    airflow.get("/support/")  # type: ignore[attr-defined]
    board().close()
    roles = documented()
    assert set(roles) == {"none", BOUND, "viewer", "user", "op", "admin"}
    tried = 0
    for role, (reads, acts, configures) in roles.items():
        assert not configures  # no route writes a file of the configuration
        name = "bound-person" if role == BOUND else ""
        headers = token("" if role.startswith("none") else role, name) | dict(ACTOR)
        for method, path in addresses(airflow):  # type: ignore[arg-type]
            if (
                path == "/metrics"
                or path.startswith("/static")
                or (method == "GET" and role == BOUND)
            ):
                continue
            body = valid(path.rpartition("/")[2]) if method == "POST" else None
            answer = airflow.request(  # type: ignore[attr-defined]
                method, f"/support{path}", headers=headers, json=body, follow_redirects=False
            )
            refused = answer.status_code in (401, 403) or (
                role == BOUND and answer.status_code == 404
            )
            may = acts if method == "POST" else reads
            assert refused is not may, (role, method, path, answer.status_code)
            tried += 1
    board().close()
    assert tried > 300
