#!/bin/bash
# Runs once, on an empty PostgreSQL volume: a database and a user each for Airflow and for the store.
# Neither user may connect to the other's database. psql itself reads the passwords from the
# environment, so that they are in no argument list.
set -euo pipefail

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv supportops_password SUPPORTOPS_DB_PASSWORD

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE airflow FROM PUBLIC;

CREATE ROLE supportops LOGIN PASSWORD :'supportops_password';
CREATE DATABASE supportops OWNER supportops ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE supportops FROM PUBLIC;
SQL
