"""The REST API of the local Airflow: health, DAGs, import errors, runs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT = 10.0
# On a busy machine Airflow answers 503, or 500 where its SQLite database stays locked for longer
# than it waits for. After this many seconds such an answer is final.
BUSY_FOR = 60.0
BUSY = (500, 503)
CONFLICT = 409
PARTS = ("api_server", "metadatabase", "scheduler", "dag_processor")


class AirflowError(Exception):
    """Airflow did not answer as expected; one line. `status`: of its answer, if there was one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class AirflowApi:
    """The API at `url` (no trailing slash), signed in as `user` with `password`.

    `busy_for`: for so many seconds a busy Airflow is asked again.
    """

    url: str
    password: str = field(repr=False)
    user: str = "admin"
    busy_for: float = BUSY_FOR
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

    def health(self) -> dict[str, Any]:
        """What Airflow says of each of its parts."""
        return self._ask("GET", f"{self.url}/api/v2/monitor/health")

    def import_errors(self) -> dict[str, str]:
        """File name to the last line of what went wrong there."""
        found = self._call("GET", "/importErrors", params={"limit": "100"})["import_errors"]
        return {e["filename"]: e["stack_trace"].strip().splitlines()[-1] for e in found}

    def trigger(self, dag_id: str, form: Mapping[str, Any] | None = None) -> str:
        """Starts a run now, with `form` as its params; its id.

        The id is ours, so that a request that is repeated starts no second run.
        """
        run_id = f"manual__{uuid.uuid4()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(form or {})}
        try:
            self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)
        except AirflowError as error:
            if error.status != CONFLICT:
                raise
        return run_id

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
        login = {"username": self.user, "password": self.password}
        return str(self._ask("POST", f"{self.url}/auth/token", json=login)["access_token"])

    def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        """The answer's JSON object. A busy Airflow is asked again for `busy_for` seconds."""
        deadline = time.monotonic() + self.busy_for
        while True:
            status, error = None, None
            try:
                answer = self._session.request(
                    method, address, timeout=TIMEOUT, allow_redirects=False, **more
                )
                status = answer.status_code
                if answer.ok:
                    return dict(answer.json())
            except (requests.RequestException, ValueError) as raised:
                error = raised
            busy = status in BUSY or isinstance(error, requests.Timeout)
            if not busy or time.monotonic() > deadline:
                reason = type(error).__name__ if error else f"answered {status}"
                raise AirflowError(f"{method} {address}: {reason}", status) from error
            time.sleep(1)
