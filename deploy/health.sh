#!/bin/bash
# health.sh PART: the health check of a service, and its watchdog. PART is apiserver, scheduler,
# dag_processor, triggerer, serving with its port, or worker with the name of its queue.
#
# Docker restarts a service that ended and leaves one alone that hangs. When each check of the last
# HANG_SECONDS (120 by default) failed, this ends the service's process, and Docker starts it again. One
# that was not healthy since its start has START_SECONDS (600 by default, which is longer than any start).
# While PostgreSQL does not answer nothing is ended: no restart would help.
set -uo pipefail

part="${1:?health.sh PART}"
detail="${2:-default}"
since_file="${TMPDIR:-/tmp}/unhealthy-since"
started_file="${TMPDIR:-/tmp}/was-healthy" # gone with the next start, as all of /tmp
api="${AIRFLOW_HEALTH_URL:-http://airflow-apiserver:8080/api/v2/monitor/health}"

answer() {
    curl --silent --max-time "${CURL_SECONDS:-8}" "$1"
}

# state_of COMPONENT JSON: "healthy" or another word; empty when the answer names no such component.
state_of() {
    python -S -c '
import json, sys
try:
    print((json.loads(sys.argv[2]).get(sys.argv[1]) or {}).get("status") or "")
except ValueError:
    print("")
' "$1" "$2"
}

healthy() {
    case "$part" in
    apiserver) answer "http://localhost:8080/api/v2/monitor/health" >/dev/null ;;
    # Its own server says so: 503 when the last heartbeat is too old.
    scheduler) curl --fail --silent --max-time 8 --output /dev/null "http://localhost:8974/health" ;;
    # They serve nothing themselves. While the api-server does not answer, nobody can tell, and
    # that is the api-server's fault.
    dag_processor | triggerer)
        found="$(answer "$api")" || return 0
        [ "$(state_of metadatabase "$found")" = healthy ] || return 0
        [ "$(state_of "$part" "$found")" = healthy ]
        ;;
    worker) python "$(dirname "$0")/worker_health.py" "$detail" ;;
    # Nothing may be at this address, and the answer says that it serves.
    serving) answer "http://localhost:$detail/" >/dev/null ;;
    *) echo "health: no part is called $part" >&2 && exit 2 ;;
    esac
}

# It is asked whether it speaks TLS, as every client asks first: a server that hangs takes connections
# and says nothing.
database_answers() {
    python -S -c '
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])) as server:
    server.sendall(bytes.fromhex("0000000804d2162f"))
    sys.exit(server.recv(1) not in (b"S", b"N"))
' "${DATABASE_HOST:-postgres}" "${DATABASE_PORT:-5432}" "${DATABASE_SECONDS:-5}" \
        2>/dev/null
}

# Process 1 of a container only passes signals on; the service is its child. Anywhere else nothing
# is ended.
service_processes() {
    local stat parent
    [ "$(cat /proc/1/comm)" = dumb-init ] || return 0
    for stat in /proc/[0-9]*/stat; do
        parent="$(sed 's/.*) //' "$stat" 2>/dev/null | cut -d ' ' -f 2)"
        if [ "$parent" = 1 ]; then
            stat="${stat#/proc/}"
            echo "${stat%/stat}"
        fi
    done
}

if healthy; then
    rm -f "$since_file"
    touch "$started_file"
    exit 0
fi

most="${START_SECONDS:-600}"
[ -e "$started_file" ] && most="${HANG_SECONDS:-120}"

now="$(date +%s)"
since="$(cat "$since_file" 2>/dev/null || echo "$now" | tee "$since_file")"
if [ "$((now - since))" -ge "$most" ] && database_answers; then
    rm -f "$since_file" "$started_file"
    echo "health: $part has not worked for $((now - since)) s. It is ended, and Docker starts it again." |
        tee /proc/1/fd/2 2>/dev/null # into the logs of the service, too
    mapfile -t processes < <(service_processes)
    if [ "${#processes[@]}" -gt 0 ]; then
        kill -TERM "${processes[@]}" 2>/dev/null
        sleep 20
        kill -KILL "${processes[@]}" 2>/dev/null
    fi
fi
exit 1
