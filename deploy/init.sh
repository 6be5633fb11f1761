#!/bin/bash
# The one-shot before every start: writes the administrator's login and migrates both databases.
# Safe to run again; a changed ADMIN_PASSWORD takes effect with it.
set -euo pipefail

# Other users' passwords, which Airflow generated into the same file, are kept. Written aside and
# renamed, so that a reader never sees half a file.
(umask 077 && python -) <<'PYTHON'
import json
import os
from pathlib import Path

file = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
kept = file.read_text(encoding="utf-8").strip() if file.exists() else ""
passwords = json.loads(kept or "{}") | {"admin": os.environ["ADMIN_PASSWORD"]}
aside = file.with_suffix(".new")
aside.write_text(json.dumps(passwords) + "\n", encoding="utf-8")
aside.replace(file)
PYTHON

airflow db migrate
supportops db upgrade
