"""The REST API of the local Airflow: health, DAGs, import errors, runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT = 10.0
# While its database is busy Airflow answers 503 and has done nothing; after so long that is final.
BUSY_FOR = 30.0
BUSY = 503
PARTS = ("api_server", "metadatabase", "scheduler", "dag_processor")


class AirflowError(Exception):
    """Airflow did not answer as expected; one line."""


@dataclass
class AirflowApi:
    """The API at `url` (no trailing slash), signed in as `admin` with `password`."""

    url: str
    password: str = field(repr=False)
    _session: requests.Session = field(default_factory=requests.Session, repr=False)
    _token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        # Neither a proxy nor .netrc applies to this machine.
        self._session.trust_env = False

    def unhealthy(self) -> list[str]:
        """The parts that are not healthy yet; all of them while the API does not answer."""
        try:
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=TIMEOUT)
            health = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            return list(PARTS)
        health["api_server"] = {"status": "healthy" if answer.ok else "failing"}
        return [part for part in PARTS if (health.get(part) or {}).get("status") != "healthy"]

    def dags(self) -> dict[str, dict[str, Any]]:
        """Every DAG by id."""
        found = self._call("GET", "/dags", params={"limit": "100"})["dags"]
        return {str(dag["dag_id"]): dag for dag in found}

    def import_errors(self) -> dict[str, str]:
        """File name to the last line of what went wrong there."""
        found = self._call("GET", "/importErrors")["import_errors"]
        return {e["filename"]: e["stack_trace"].strip().splitlines()[-1] for e in found}

    def trigger(self, dag_id: str, form: Mapping[str, Any] | None = None) -> str:
        """Starts a run now, with `form` as its params; its id."""
        body = {"logical_date": None, "conf": dict(form or {})}
        run = self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)
        return str(run["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        if not self._token:
            self._token = self._sign_in()
        headers = {"Authorization": f"Bearer {self._token}"}
        address = f"{self.url}/api/v2{path}"
        return self._ask(method, address, headers=headers, **more)

    def _sign_in(self) -> str:
        login = {"username": "admin", "password": self.password}
        return str(self._ask("POST", f"{self.url}/auth/token", json=login)["access_token"])

    def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        deadline = time.monotonic() + BUSY_FOR
        try:
            while True:
                answer = self._session.request(
                    method, address, timeout=TIMEOUT, allow_redirects=False, **more
                )
                if answer.status_code != BUSY or time.monotonic() > deadline:
                    break
                time.sleep(1)
            if not answer.ok:
                raise AirflowError(f"{method} {address} answered {answer.status_code}")
            content = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise AirflowError(f"{method} {address}: {type(error).__name__}") from error
        return dict(content)
