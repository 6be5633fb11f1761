#!/bin/bash
# One-shot service before every start: a database and a user each for Airflow and for the store, and
# with several workers for Celery's results, with the passwords of .env. Whatever an earlier start left
# undone is done now, and a changed password takes effect. No user may connect to another's database.
#
# It speaks to PostgreSQL through its socket, which needs no password: a volume that was first started
# with another POSTGRES_PASSWORD is no obstacle. psql itself reads the passwords from the environment,
# so that they are in no argument list.
set -uo pipefail

say() {
    echo "create-databases: $1" >&2
}

export EXECUTOR="${EXECUTOR:-}" CELERY_DB_PASSWORD="${CELERY_DB_PASSWORD:-}"
export PGHOST="${PGHOST:-/var/run/postgresql}" PGUSER="${POSTGRES_USER:-postgres}" PGDATABASE=postgres
output="$(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 2>&1 <<'SQL'
SET client_min_messages = warning;
-- The server's log would repeat statements, and with them the passwords, where it is set to log all or
-- where one fails.
SET log_statement = none;
SET log_min_error_statement = panic;
SET log_min_duration_statement = -1;
SET log_min_duration_sample = -1;
SET log_transaction_sample_rate = 0;
\getenv administrator_password POSTGRES_PASSWORD
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv supportops_password SUPPORTOPS_DB_PASSWORD

-- Two starts at once must not make the same role twice.
SELECT pg_advisory_lock(727066) \g /dev/null

ALTER ROLE CURRENT_USER PASSWORD :'administrator_password';

SELECT 'CREATE ROLE airflow' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'airflow') \gexec
ALTER ROLE airflow LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'airflow_password';
SELECT 'CREATE DATABASE airflow OWNER airflow ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'airflow') \gexec
REVOKE ALL ON DATABASE airflow, postgres, template1 FROM PUBLIC;

SELECT 'CREATE ROLE supportops' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'supportops') \gexec
ALTER ROLE supportops LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'supportops_password';
SELECT 'CREATE DATABASE supportops OWNER supportops ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'supportops') \gexec
REVOKE ALL ON DATABASE supportops FROM PUBLIC;

\getenv executor EXECUTOR
\getenv celery_password CELERY_DB_PASSWORD
SELECT :'executor' = 'CeleryExecutor' AS with_workers \gset
\if :with_workers
SELECT 'CREATE ROLE celery' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'celery') \gexec
ALTER ROLE celery LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'celery_password';
SELECT 'CREATE DATABASE celery OWNER celery ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'celery') \gexec
REVOKE ALL ON DATABASE celery FROM PUBLIC;
\endif

-- Rights that a user was given by hand: roles that it is a member of, and databases that are not its own.
SELECT format('REVOKE %s FROM %s GRANTED BY %s CASCADE', roleid::regrole, member::regrole, grantor::regrole)
FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member
WHERE rolname IN ('airflow', 'supportops', 'celery') \gexec
SELECT DISTINCT format('REVOKE ALL ON DATABASE %I FROM %I CASCADE', datname, rolname)
FROM pg_database CROSS JOIN aclexplode(datacl) JOIN pg_roles ON pg_roles.oid = grantee
WHERE rolname IN ('airflow', 'supportops', 'celery') AND rolname <> datname \gexec

-- A first start that ended before the image had written this rule refuses every container.
SELECT $$COPY (VALUES ('host all all all scram-sha-256')) TO PROGRAM 'cat >> "$$ ||
    current_setting('hba_file') || $$"'$$
WHERE NOT EXISTS (
    SELECT FROM pg_hba_file_rules WHERE type = 'host' AND 'all' = ANY(database) AND address = 'all'
) \gexec
SELECT pg_reload_conf() \g /dev/null
SQL
)"
status=$?
if [ "$status" -ne 0 ]; then
    # Further lines could show a statement, and with it a password.
    say "PostgreSQL refused: $(printf '%s' "$output" | grep --max-count=1 --ignore-case error)"
    say "what it says of itself: docker compose logs postgres"
    exit 1
fi
say "the databases and their users are there."
