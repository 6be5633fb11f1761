#!/bin/bash
# worker.sh QUEUE: runs the tasks that wait in a queue of the broker, as CeleryExecutor hands them out.
# WORKER_NAME names it where a machine has several; a container has a name of its own.
set -euo pipefail

queue="${1:?worker.sh QUEUE}"
if [ "${AIRFLOW__CORE__EXECUTOR:-}" != CeleryExecutor ]; then
    echo "worker: set EXECUTOR=CeleryExecutor in .env, then: docker compose up -d --build" >&2
    exit 2
fi

# Task logs are read from the volume that all services share, so no worker serves them on a port.
umask 0002
exec bash "$(dirname "$0")/after_apiserver.sh" airflow celery worker --queues "$queue" --skip-serve-logs --without-gossip --without-mingle \
    ${WORKER_NAME:+--celery-hostname "$WORKER_NAME"}
