#!/bin/sh
# Fails if a secret is empty, an example or unusable. Names every fault and prints no value.
set -eu

faults=0

fault() {
    echo "check-secrets: $1 $2" >&2
    faults=$((faults + 1))
}

# value_of NAME: the environment variable of that name, empty when it is not set.
value_of() {
    eval "printf '%s' \"\${$1:-}\""
}

is_example() {
    case "$(printf '%s' "$1" | tr '[:upper:]' '[:lower:]')" in
    *changeme* | *change_me* | *change-me* | *example* | *placeholder* | *replace*) true ;;
    *password* | *secret* | *your_* | *your-* | *'<'*'>'* | *xxxxxx* | *1234567890* | *airflow*) true ;;
    *) false ;;
    esac
}

# check NAME LENGTH: a value, no example, of at least LENGTH characters; false when it is not.
check() {
    value=$(value_of "$1")
    if [ -z "$value" ]; then
        fault "$1" "is empty"
    elif is_example "$value"; then
        fault "$1" "is an example, not a secret"
    elif [ "${#value}" -lt "$2" ]; then
        fault "$1" "is shorter than $2 characters"
    else
        return 0
    fi
    return 1
}

# Database passwords are part of URLs, where @ : / # % would change the meaning.
check_in_url() {
    check "$1" 16 || return 0
    case "$value" in
    *[!A-Za-z0-9_.~-]*) fault "$1" "has characters other than letters, digits, - _ . ~" ;;
    esac
}

# Airflow encrypts Connections with it: 32 bytes as URL-safe base64, which is 44 characters. While one
# is rotated there are two: the new one, a comma, and the one before.
check_fernet() {
    check "$1" 44 || return 0
    case "$value" in
    *,*,*) ;;
    *,*)
        is_fernet "${value%%,*}" && is_fernet "${value#*,}" && return 0
        ;;
    *) is_fernet "$value" && return 0 ;;
    esac
    fault "$1" "is no Fernet key (44 characters of URL-safe base64 that end in =)"
}

is_fernet() {
    case "$1" in
    *[!A-Za-z0-9_=-]* | *=?*) ;;
    ???????????????????????????????????????????=) return 0 ;;
    esac
    return 1
}

check_in_url POSTGRES_PASSWORD
check_in_url AIRFLOW_DB_PASSWORD
check_in_url SUPPORTOPS_DB_PASSWORD
check AIRFLOW_JWT_SECRET 32 || true
check AIRFLOW_API_SECRET_KEY 32 || true
check_fernet AIRFLOW_FERNET_KEY
check ADMIN_PASSWORD 12 || true
check ALERT_LINKS_SECRET 32 || true
# EXECUTOR also decides, in docker-compose.yaml, what is built and who gets the receivers' secrets.
case "${EXECUTOR:-}" in
"") ;;
CeleryExecutor)
    check_in_url REDIS_PASSWORD
    check_in_url CELERY_DB_PASSWORD
    ;;
*) fault EXECUTOR "is neither CeleryExecutor nor empty, which means LocalExecutor" ;;
esac

if [ "$faults" -gt 0 ]; then
    echo "check-secrets: $faults found. 'make secrets' writes good ones into .env." >&2
    exit 1
fi
echo "check-secrets: all secrets are set."
