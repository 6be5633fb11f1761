#!/bin/bash
# One-shot service before every start: writes the administrator's login, migrates both databases.
# Safe to run again; a changed ADMIN_PASSWORD takes effect with it.
set -euo pipefail

# The image is built for one executor; a changed one needs another image.
if [ "${AIRFLOW__CORE__EXECUTOR:-}" = CeleryExecutor ] && ! python -c 'import celery' 2>/dev/null; then
    echo "init: this image has no Celery. Build it again: docker compose up -d --build" >&2
    exit 1
fi

# Other users' passwords, which Airflow generated into the same file, stay. The new content is
# written to another file and renamed, so that a reader never sees half a file.
(umask 077 && python -) <<'PYTHON'
import json
import os
from pathlib import Path

file = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
stored = file.read_text(encoding="utf-8").strip() if file.exists() else ""
passwords = json.loads(stored or "{}") | {"admin": os.environ["ADMIN_PASSWORD"]}
new = file.with_suffix(".new")
new.write_text(json.dumps(passwords) + "\n", encoding="utf-8")
new.replace(file)
PYTHON

airflow db migrate
supportops db upgrade

# Later the last good configuration stays in force and an alert says why. At the first start there is
# none, and nobody could be notified: everything would run and do nothing.
config="${SUPPORTOPS_CONFIG:-/opt/airflow/include/config}"
unreadable="$(find "$config" ! -readable -print 2>/dev/null | head -n 1)"
if [ -n "$unreadable" ]; then
    echo "init: user $(id -u) (groups $(id -G)) cannot read $unreadable. On the host:" \
        "chmod -R a+rX on the folder of the configuration, or g+rX and CONFIG_GROUP in .env" >&2
    python -c '
import sys
from sqlalchemy import exists, select
from supportops.bootstrap import open_context
from supportops.db.engine import reading
from supportops.db.schema import configurations

with open_context() as context, reading(context.engine) as connection:
    sys.exit(not connection.scalar(select(exists().select_from(configurations))))
'
fi
