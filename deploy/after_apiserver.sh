#!/bin/bash
# after_apiserver.sh COMMAND...: runs the command as soon as the api-server answers. `docker compose up`
# waits for that by itself; when the machine starts, Docker starts everything at once, and a task that
# begins before the api-server listens fails.
set -euo pipefail

server="${AIRFLOW__CORE__EXECUTION_API_SERVER_URL:-http://airflow-apiserver:8080/execution/}"
health="${server%/execution/}/api/v2/monitor/health"

said=""
until curl --silent --max-time 5 --output /dev/null "$health"; do
    [ -n "$said" ] || echo "after_apiserver: waiting for the api-server, $health"
    said=yes
    sleep 2
done
exec "$@"
