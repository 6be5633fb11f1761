"""Writes `.env` for docker compose: every secret that the deployment needs, made at random.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from supportops.local.install.credentials import fernet_key, word, write_new

ROOT = Path(__file__).resolve().parents[4]
HEAD = """\
# Secrets of this deployment, made by `make secrets`. Keep a copy in a safe place: without
# AIRFLOW_FERNET_KEY the stored Connections cannot be read.
"""


def document() -> str:
    """The text of a new `.env`. Database passwords stand in URLs: letters and digits only."""
    values = {
        "POSTGRES_PASSWORD": word(32),
        "AIRFLOW_DB_PASSWORD": word(32),
        "SUPPORTOPS_DB_PASSWORD": word(32),
        "AIRFLOW_JWT_SECRET": word(64),
        "AIRFLOW_API_SECRET_KEY": word(64),
        "AIRFLOW_FERNET_KEY": fernet_key(),
        "ADMIN_PASSWORD": word(20),
        "ALERT_LINKS_SECRET": word(64),
        # Used with several workers alone: docs/several-workers.md.
        "REDIS_PASSWORD": word(32),
        "CELERY_DB_PASSWORD": word(32),
    }
    return HEAD + "".join(f"{name}={value}\n" for name, value in values.items())


def main(root: Path = ROOT) -> int:
    """0 written; 2 with one line when there is an `.env` already or it cannot be written."""
    try:
        write_new(root / ".env", document())
    except FileExistsError:
        sys.stderr.write("secrets: .env is there already, and is left as it is\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"secrets: {error.strerror}: {error.filename}\n")
        return 2
    sys.stderr.write("Wrote .env (readable by you alone). The login is admin, ADMIN_PASSWORD.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
