#!/bin/bash
# One-shot service that deletes Airflow's old runs and task logs, which nothing else does.
# The store (check results, incidents, alerts) is not touched.
set -euo pipefail

runs_days="${KEEP_RUNS_DAYS:-90}"
logs_days="${KEEP_LOGS_DAYS:-30}"
for days in "$runs_days" "$logs_days"; do
    if ! [[ "$days" =~ ^[1-9][0-9]{0,4}$ ]]; then
        echo "clean: KEEP_RUNS_DAYS and KEEP_LOGS_DAYS are whole days from 1, found '$days'" >&2
        exit 2
    fi
done

before='
import sys
from datetime import UTC, datetime, timedelta
print((datetime.now(UTC) - timedelta(days=int(sys.argv[1]))).isoformat())
'
# Airflow does not delete the last run of a DAG, however old. Without --skip-archive it would copy
# each deleted row into an archive table that is never emptied.
airflow db clean --yes --skip-archive --error-on-cleanup-failure \
    --clean-before-timestamp "$(python -c "$before" "$runs_days")"

# Nothing else deletes what Celery noted of tasks that ended; Airflow read it within seconds.
if [ "${AIRFLOW__CORE__EXECUTOR:-}" = CeleryExecutor ]; then
    python -c '
import os
from celery import Celery
Celery(backend=os.environ["AIRFLOW__CELERY__RESULT_BACKEND"]).backend.cleanup()
'
fi

logs="${AIRFLOW__LOGGING__BASE_LOG_FOLDER:-/opt/airflow/logs}"
find "$logs" -type f -mtime "+$logs_days" -delete
# A folder younger than an hour may belong to a run that is about to write its first line.
find "$logs" -mindepth 1 -type d -empty -mmin +60 -delete
echo "clean: runs older than $runs_days days and logs older than $logs_days days are gone."
