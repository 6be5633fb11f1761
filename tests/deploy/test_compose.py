"""docker-compose.yaml, the Dockerfile and what they promise an operator."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import tomllib
from typing import Any

import pytest
from jsonschema.validators import validator_for
from sqlalchemy import make_url

from deploy.compose_file import ROOT, VARIABLE, compose_file, compose_text, interpolated, secrets_of
from supportops.local.install.compose_secrets import document

SERVING = {
    "postgres",
    "airflow-apiserver",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "public-links",
    "status-pages",
    "redis",
    "airflow-worker",
    "airflow-worker-background",
}
WORKERS = {"airflow-worker", "airflow-worker-background"}
ONE_SHOT = {"check-secrets", "create-databases", "airflow-init", "airflow-clean", "store"}
AIRFLOW = sorted(name for name in SERVING | ONE_SHOT if name.startswith("airflow-"))
STORE = {"AIRFLOW_CONN_SUPPORT_DB", "SUPPORTOPS_DATABASE_URL"}
LINKS = "AIRFLOW_CONN_ALERT_LINKS"
CELERY = {"AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND"}
# What works on the store, and of that what sends messages: tasks, and the board's test messages.
WITH_RECEIVERS = {"airflow-apiserver", "airflow-scheduler", "public-links"} | WORKERS
WITH_STORE = {"airflow-init", "store"} | WITH_RECEIVERS
# Only what hands over tasks, takes them, or deletes what is noted of them.
WITH_BROKER = {"airflow-scheduler", "airflow-clean"} | WORKERS
# With several workers alone.
SCALE_SECRETS = {"REDIS_PASSWORD", "CELERY_DB_PASSWORD"}
CONFIG = {
    "type": "bind",
    "source": "./include/config",
    "target": "/opt/airflow/include/config",
    "read_only": True,
    "bind": {"create_host_path": False},  # a folder that is not there is a fault
}
SCHEMA = ROOT / "tests/data/compose-spec.json"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DEFAULTS = runpy.run_path(str(ROOT / "dags/supportops_dags/defaults.py"))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Every service with the variables filled in from what `make secrets` writes."""
    return dict(interpolated(compose_file()["services"], secrets_of(document())))


@pytest.fixture(scope="module")
def scaled() -> dict[str, Any]:
    """The same with several workers."""
    variables = secrets_of(document()) | {"EXECUTOR": "CeleryExecutor"}
    return dict(interpolated(compose_file()["services"], variables))


def test_the_file_fits_the_compose_specification() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = validator_for(schema)
    validator.check_schema(schema)
    faults = [f"{e.json_path}: {e.message}" for e in validator(schema).iter_errors(compose_file())]
    assert faults == []


def test_the_schema_is_the_file_whose_origin_is_written_down() -> None:
    origin = (ROOT / "tests/data/COMPOSE_SPEC.md").read_text(encoding="utf-8")
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() in origin


def test_every_service_is_one_that_serves_or_a_one_shot(services: dict[str, Any]) -> None:
    assert set(services) == SERVING | ONE_SHOT


@pytest.mark.parametrize("name", sorted(SERVING))
def test_what_serves_is_watched_restarted_and_given_time_to_stop(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"[1-9]\d+s", service["stop_grace_period"])


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_a_one_shot_is_not_started_again_by_itself(services: dict[str, Any], name: str) -> None:
    assert services[name]["restart"] == "no"
    assert "healthcheck" not in services[name]


@pytest.mark.parametrize("name", sorted(SERVING | ONE_SHOT))
def test_no_service_fills_the_disk_with_logs_or_gains_privileges(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert service["logging"]["driver"] == "json-file"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", sorted(SERVING | ONE_SHOT))
def test_every_image_is_pinned_to_a_version(services: dict[str, Any], name: str) -> None:
    assert re.fullmatch(r"[a-z]+:\d+\.\d+[\w.-]*", services[name]["image"])


def test_one_service_builds_the_image_that_all_of_airflow_runs_on(services: dict[str, Any]) -> None:
    assert {name for name in services if "build" in services[name]} == {"airflow-init"}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {services[name]["image"] for name in AIRFLOW} == {f"supportops:{version}"}
    assert {services[name]["pull_policy"] for name in AIRFLOW} == {"never"}


def test_ui_and_links_alone_are_published_and_those_to_this_machine(
    services: dict[str, Any],
) -> None:
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}
    assert published == {
        "airflow-apiserver": ["127.0.0.1:8080:8080"],
        "public-links": ["127.0.0.1:8090:8090"],
        "status-pages": ["127.0.0.1:8091:8091"],
    }
    assert all(s.get("network_mode") in (None, "none") for s in services.values())


def shared_settings(environment: dict[str, str]) -> dict[str, str]:
    """What no service has for itself alone."""
    own = {"ADMIN_PASSWORD", "FORWARDED_ALLOW_IPS", "KEEP_RUNS_DAYS", "KEEP_LOGS_DAYS"} | STORE
    own |= {"SUPPORTOPS_STATUS_PAGES", LINKS}
    celery = ("AIRFLOW__CELERY__", "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__")
    return {k: v for k, v in environment.items() if k not in own and not k.startswith(celery)}


@pytest.mark.parametrize("name", AIRFLOW)
def test_the_same_secrets_and_the_package_reach_every_airflow_service(
    services: dict[str, Any], name: str
) -> None:
    environment = services[name]["environment"]
    shared = shared_settings(environment)
    scheduler = shared_settings(services["airflow-scheduler"]["environment"])
    if name in WORKERS:
        # The heartbeat's timeout counts in the worker, too; the database is none of its business.
        assert shared.pop("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN") == "sqlite:////tmp/no-database.db"
        assert shared.items() < scheduler.items()
        assert "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT" in shared
    else:
        assert shared == scheduler
    assert environment["PYTHONPATH"] == "/opt/airflow/include"
    assert CONFIG in services[name]["volumes"]
    assert "airflow-logs:/opt/airflow/logs" in services[name]["volumes"]


@pytest.mark.parametrize("name", sorted(SERVING | ONE_SHOT))
def test_a_service_gets_the_store_and_the_receivers_only_where_it_uses_them(
    services: dict[str, Any], name: str
) -> None:
    given = set(services[name]["environment"])
    assert given & STORE == (STORE if name in WITH_STORE else set())
    assert (LINKS in given) == (name in WITH_RECEIVERS)
    files = services[name].get("env_file", [])
    assert bool(files) == (name in WITH_RECEIVERS)
    assert all(each == {"path": "receivers.env", "required": False} for each in files)


def test_with_workers_the_scheduler_sends_nothing_and_workers_open_only_what_they_need(
    scaled: dict[str, Any],
) -> None:
    assert scaled["airflow-scheduler"]["env_file"] == [
        {"path": "no-receivers.env", "required": False}
    ]
    assert not (ROOT / "no-receivers.env").exists()
    environment = scaled["airflow-worker"]["environment"]
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    secret = ("FERNET_KEY", "SECRET_KEY", "JWT_SECRET", "SQL_ALCHEMY_CONN_ASYNC")
    assert [key for key in environment if key.endswith(secret)] == []
    for name, service in scaled.items():
        assert set(service.get("environment", {})) >= CELERY or name not in WITH_BROKER
        assert not CELERY & set(service.get("environment", {})) or name in WITH_BROKER


def test_celerys_results_have_a_database_and_a_user_of_their_own(scaled: dict[str, Any]) -> None:
    address = scaled["airflow-worker"]["environment"]["AIRFLOW__CELERY__RESULT_BACKEND"]
    assert address.startswith("db+")
    url = make_url(address.removeprefix("db+"))
    assert (url.drivername, url.username, url.database) == (
        "postgresql+psycopg",
        "celery",
        "celery",
    )
    others = make_url(scaled["airflow-worker"]["environment"]["SUPPORTOPS_DATABASE_URL"])
    assert url.password not in (None, "", others.password)


def test_a_task_is_given_to_another_worker_only_when_no_task_can_still_run(
    scaled: dict[str, Any],
) -> None:
    environment = scaled["airflow-worker"]["environment"]
    shown = int(environment["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"])
    assert shown > 2 * DEFAULTS["DEFAULT_ARGS"]["execution_timeout"].total_seconds()
    assert environment["AIRFLOW__CELERY__TASK_ACKS_LATE"] == "true"
    assert environment["AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER"] == "1"


def test_every_queue_that_a_task_waits_in_has_a_worker(scaled: dict[str, Any]) -> None:
    served = [queue for name in sorted(WORKERS) for queue in scaled[name]["command"]]
    assert served == ["default", "background"]
    assert DEFAULTS["BACKGROUND"]["queue"] in served
    for name in WORKERS:
        assert scaled[name]["healthcheck"]["test"][-2:] == ["worker", *scaled[name]["command"]]


def test_a_stop_lets_a_workers_running_tasks_end(scaled: dict[str, Any]) -> None:
    for name in WORKERS:
        worker = scaled[name]
        # dumb-init would pass the signal on to the tasks, too.
        assert worker["entrypoint"][:3] == ["dumb-init", "--single-child", "--"]
        assert int(worker["stop_grace_period"].removesuffix("s")) > 60


def test_there_are_as_many_workers_and_tasks_as_the_settings_say(scaled: dict[str, Any]) -> None:
    assert scaled["airflow-worker"]["scale"] == "2"
    variables = secrets_of(document()) | {"WORKERS": "7", "WORKER_TASKS": "3"}
    changed = interpolated(compose_file()["services"]["airflow-worker"], variables)
    assert changed["scale"] == "7"
    assert changed["environment"]["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == "3"
    # One limit for LocalExecutor, whose tasks run in the scheduler, another with workers.
    most = "AIRFLOW__CORE__PARALLELISM"
    for executor, given, expected in [
        ("", "", "4"),
        ("", "6", "6"),
        ("CeleryExecutor", "", "64"),
        ("CeleryExecutor", "20", "20"),
    ]:
        variables = secrets_of(document()) | {"EXECUTOR": executor, "PARALLELISM": given}
        changed = interpolated(compose_file()["services"]["airflow-scheduler"], variables)
        assert changed["environment"][most] == expected


def test_redis_has_a_password_that_no_list_of_processes_shows(scaled: dict[str, Any]) -> None:
    redis = scaled["redis"]
    password = redis["environment"]["REDISCLI_AUTH"]
    assert len(password) == 32
    assert password not in str(redis["command"])
    assert "requirepass $REDISCLI_AUTH" in redis["command"][0]
    broker = scaled["airflow-scheduler"]["environment"]["AIRFLOW__CELERY__BROKER_URL"]
    assert broker == f"redis://:{password}@redis:6379/0"
    assert redis["read_only"]
    assert redis["cap_drop"] == ["ALL"]
    assert redis["user"] == "redis"


def test_the_image_is_built_from_the_lock_of_its_executor(
    services: dict[str, Any], scaled: dict[str, Any]
) -> None:
    argument = "LOCK"
    assert services["airflow-init"]["build"]["args"] == {argument: "requirements.txt"}
    assert scaled["airflow-init"]["build"]["args"] == {argument: "requirements-celery.txt"}
    assert f"ARG {argument}=requirements.txt" in DOCKERFILE
    assert f'--require-hashes "/tmp/${{{argument}}}"' in DOCKERFILE
    celery, plain = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(), re.M))
        for name in ("requirements-celery.txt", "requirements.txt")
    )
    assert plain < celery


def test_what_the_internet_reaches_knows_no_secret_of_airflow(services: dict[str, Any]) -> None:
    given = set(services["public-links"]["environment"])
    assert {name for name in given if name.startswith("AIRFLOW__")} == set()
    # The image's own entrypoint would hand the command to Airflow.
    assert services["public-links"]["entrypoint"][:3] == ["dumb-init", "--", "supportops"]
    assert "command" not in services["public-links"]


@pytest.mark.parametrize(
    "name", ["airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", *sorted(WORKERS)]
)
def test_no_task_begins_before_the_api_server_listens(services: dict[str, Any], name: str) -> None:
    assert services[name]["depends_on"]["airflow-apiserver"]["condition"] == "service_healthy"


def test_what_runs_tasks_waits_for_the_api_server_after_a_restart_of_the_machine(
    services: dict[str, Any],
) -> None:
    waiting = "/opt/airflow/deploy/after_apiserver.sh"
    assert services["airflow-scheduler"]["command"] == ["bash", waiting, "airflow", "scheduler"]
    worker = (ROOT / "deploy/worker.sh").read_text(encoding="utf-8")
    assert 'exec bash "$(dirname "$0")/after_apiserver.sh" airflow celery worker' in worker
    assert "after_apiserver.sh" in DOCKERFILE


def test_a_killed_tasks_slot_is_free_again_well_within_an_interval(
    services: dict[str, Any],
) -> None:
    environment = services["airflow-scheduler"]["environment"]
    for name in ("TASK_INSTANCE_HEARTBEAT_TIMEOUT", "ORPHANED_TASKS_CHECK_INTERVAL"):
        assert int(environment[f"AIRFLOW__SCHEDULER__{name}"]) <= 60


def test_airflows_three_secrets_are_three_different_ones(services: dict[str, Any]) -> None:
    environment = services["airflow-scheduler"]["environment"]
    names = ("CORE__FERNET_KEY", "API__SECRET_KEY", "API_AUTH__JWT_SECRET")
    assert len({environment[f"AIRFLOW__{name}"] for name in names}) == 3


def test_the_administrators_password_reaches_the_init_alone(services: dict[str, Any]) -> None:
    holders = {name for name in AIRFLOW if "ADMIN_PASSWORD" in services[name]["environment"]}
    assert holders == {"airflow-init"}
    folder = "airflow-auth:/opt/airflow/auth"
    mounted = {name for name in AIRFLOW if folder in services[name]["volumes"]}
    assert mounted == {"airflow-init", "airflow-apiserver"}


@pytest.mark.parametrize("name", sorted(SERVING - {"postgres", "status-pages", "redis"}))
def test_airflow_waits_for_the_init_and_the_init_for_checked_secrets(
    services: dict[str, Any], name: str
) -> None:
    done, healthy = "service_completed_successfully", "service_healthy"
    assert services[name]["depends_on"]["airflow-init"]["condition"] == done
    assert services["airflow-init"]["depends_on"] == {"create-databases": {"condition": done}}
    assert services["create-databases"]["depends_on"] == {"postgres": {"condition": healthy}}
    assert services["postgres"]["depends_on"]["check-secrets"]["condition"] == done


def test_health_is_asked_at_the_addresses_of_airflow_3(services: dict[str, Any]) -> None:
    script = "/opt/airflow/deploy/health.sh"
    parts = {
        name: services[name]["healthcheck"]["test"][3:]
        for name in SERVING - WORKERS
        if script in services[name]["healthcheck"]["test"]
    }
    # All but PostgreSQL and Redis, which end by themselves or answer, have a watchdog.
    assert parts == {
        "airflow-apiserver": ["apiserver"],
        "airflow-scheduler": ["scheduler"],
        "airflow-dag-processor": ["dag_processor"],
        "airflow-triggerer": ["triggerer"],
        "public-links": ["serving", "8090"],
        "status-pages": ["serving", "8091"],
    }
    for name in ("public-links", "status-pages"):
        # The first process of a container only passes signals on; what it started is ended.
        assert services[name]["entrypoint"][0] == "dumb-init"
        assert services[name]["entrypoint"][-1] == parts[name][-1]
    environment = services["airflow-scheduler"]["environment"]
    assert environment["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"] == "true"


def test_a_running_task_may_finish_before_the_scheduler_is_killed(services: dict[str, Any]) -> None:
    assert int(services["airflow-scheduler"]["stop_grace_period"].removesuffix("s")) > 60


def test_every_database_address_names_its_driver_and_its_own_user(services: dict[str, Any]) -> None:
    environment = services["airflow-scheduler"]["environment"]
    expected = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": ("postgresql+psycopg", "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": ("postgresql+asyncpg", "airflow"),
        "AIRFLOW_CONN_SUPPORT_DB": ("postgresql+psycopg", "supportops"),
        "SUPPORTOPS_DATABASE_URL": ("postgresql+psycopg", "supportops"),
    }
    for name, (driver, owner) in expected.items():
        url = make_url(environment[name])
        assert (url.drivername, url.username, url.database) == (driver, owner, owner)
        assert (url.host, url.port) == ("postgres", 5432)
        url.get_dialect().import_dbapi()


def test_every_variable_has_a_default_or_is_written_by_make_secrets() -> None:
    found = list(VARIABLE.finditer(compose_text()))
    required = {match["name"] for match in found if match["kind"] == "?"}
    defaulted = {match["name"] for match in found if match["kind"] in ("-", "+")}
    assert {match["name"] for match in found} == required | defaulted
    assert required | SCALE_SECRETS == set(secrets_of(document()))
    assert not required & defaulted
    assert compose_text().replace("$$", "").count("$") == len(found)


def test_the_deployment_guide_explains_every_variable() -> None:
    guide = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    guide += (ROOT / "docs/several-workers.md").read_text(encoding="utf-8")
    used = {match["name"] for match in VARIABLE.finditer(compose_text())}
    assert {name for name in used if f"`{name}`" not in guide} == set()


@pytest.mark.parametrize("name", sorted(set(secrets_of(document())) - SCALE_SECRETS))
def test_a_missing_secret_stops_compose_itself(name: str) -> None:
    incomplete = secrets_of(document()) | {name: ""}
    with pytest.raises(KeyError, match=name):
        interpolated(compose_file()["services"], incomplete)


def test_the_check_of_secrets_sees_every_secret_and_no_network(services: dict[str, Any]) -> None:
    check = services["check-secrets"]
    assert set(check["environment"]) == {"EXECUTOR", *secrets_of(document())}
    assert check["network_mode"] == "none"


def test_cleaning_and_links_wait_until_they_are_called(services: dict[str, Any]) -> None:
    waiting = {name: s["profiles"] for name, s in services.items() if "profiles" in s}
    assert waiting == {
        "airflow-clean": ["maintenance"],
        "store": ["maintenance"],
        "public-links": ["public"],
        "status-pages": ["status"],
        "redis": ["scale"],
        "airflow-worker": ["scale"],
        "airflow-worker-background": ["scale"],
    }


def test_the_configuration_may_be_outside_of_the_clone(services: dict[str, Any]) -> None:
    variables = secrets_of(document()) | {"CONFIG_DIR": "/srv/agency/config"}
    moved = interpolated(compose_file()["services"], variables)
    for name, service in services.items():
        if CONFIG in service.get("volumes", []):
            assert CONFIG | {"source": "/srv/agency/config"} in moved[name]["volumes"]
            assert CONFIG not in moved[name]["volumes"]
    assert CONFIG in services["public-links"]["volumes"]


def test_backups_and_restores_have_room_and_no_secret_but_the_stores(
    services: dict[str, Any],
) -> None:
    store = services["store"]
    scratch = store["environment"]["TMPDIR"]
    assert set(store["environment"]) == STORE | {"PYTHONPATH", "SUPPORTOPS_CONFIG", "TMPDIR"}
    assert f"store-scratch:{scratch}" in store["volumes"]
    assert f" {scratch}\n" in DOCKERFILE  # made there, so that the volume takes its owner
    assert store["entrypoint"][-2:] == ["supportops", "db"]
    # By itself on a new machine: it makes PostgreSQL's databases, and the restore the tables.
    assert set(store["depends_on"]) == {"create-databases"}


def test_status_pages_are_served_while_all_else_is_down(services: dict[str, Any]) -> None:
    serving = services["status-pages"]
    assert serving["depends_on"] == {}
    assert set(serving["environment"]) == {"PYTHONPATH", "SUPPORTOPS_STATUS_PAGES"}
    folder = serving["environment"]["SUPPORTOPS_STATUS_PAGES"]
    assert serving["volumes"] == [f"status-pages:{folder}:ro"]
    assert folder in DOCKERFILE
    for name in ("airflow-scheduler", *WORKERS):
        writing = services[name]
        assert f"status-pages:{folder}" in writing["volumes"]
        assert writing["environment"]["SUPPORTOPS_STATUS_PAGES"] == ""  # off unless .env names it


def test_the_links_are_signed_with_a_secret_of_their_own(services: dict[str, Any]) -> None:
    public = services["public-links"]["environment"]
    environment = services["airflow-scheduler"]["environment"]
    assert {name: environment[name] for name in public} == public
    assert len(environment["AIRFLOW_CONN_ALERT_LINKS"]) == 64
    assert environment["AIRFLOW_CONN_ALERT_LINKS"] not in (
        environment["AIRFLOW__API__SECRET_KEY"],
        environment["AIRFLOW__API_AUTH__JWT_SECRET"],
    )


def test_every_volume_is_declared_and_every_mounted_file_is_there(services: dict[str, Any]) -> None:
    volumes = [v for s in services.values() for v in s.get("volumes", [])]
    sources = {v["source"] if isinstance(v, dict) else v.split(":")[0] for v in volumes}
    named = {source for source in sources if not source.startswith("./")}
    assert named == set(compose_file()["volumes"])
    assert [s for s in sources - named if not (ROOT / s).exists()] == []


def test_the_image_is_airflow_3_of_the_pinned_version_and_runs_as_its_user() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (airflow,) = [d.split("==")[1] for d in dependencies if d.startswith("apache-airflow==")]
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert set(bases) == {f"apache/airflow:{airflow}-python3.12"}
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.M)[-1] == "airflow"
    assert f"apache-airflow=={airflow} \\" in (ROOT / "requirements.txt").read_text()


def test_the_image_installs_the_lock_with_hashes_and_holds_dags_plugins_and_package() -> None:
    assert "--require-hashes --requirement /tmp/requirements-uv.txt" in DOCKERFILE
    assert '--require-hashes "/tmp/${LOCK}"' in DOCKERFILE
    copied = dict(re.findall(r"^COPY (dags|plugins|include) (\S+)$", DOCKERFILE, re.M))
    assert copied == {name: f"/code/{name}" for name in ("dags", "plugins", "include")}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    locks = ("requirements.txt", "requirements-celery.txt", "requirements-uv.txt")
    for source in (*locks, "deploy", *copied):
        assert f"!{source}" in ignored
        assert (ROOT / source).exists()


def test_what_runs_belongs_to_root_and_everybody_may_read_it() -> None:
    assert "--chown" not in DOCKERFILE
    assert "chmod -R u=rwX,go=rX /opt/supportops" in DOCKERFILE
    assert "chmod -R u=rwX,go=rX /code" in DOCKERFILE


@pytest.mark.parametrize(
    "script",
    ["init.sh", "clean.sh", "health.sh", "worker.sh"],
)
def test_the_scripts_that_services_run_are_in_the_image(script: str) -> None:
    assert f"/opt/airflow/deploy/{script}" in compose_text()
    is_in_the_image(script)


def test_the_check_of_a_worker_is_in_the_image() -> None:
    assert "worker_health.py" in (ROOT / "deploy/health.sh").read_text()
    is_in_the_image("worker_health.py")


def is_in_the_image(script: str) -> None:
    assert (ROOT / "deploy" / script).exists()
    assert re.search(rf"^COPY .*deploy/{script}\b.* /code/deploy/$", DOCKERFILE, re.M)
