"""Writes `.env` for docker compose: every secret that the deployment needs, made at random.

`--rotate NAME` puts a new one in the place of one, `--drop NAME` ends the one before.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from supportops.local.install.credentials import fernet_key, replace, word, write_new
from supportops.local.install.rotation import ROTATIONS, RotationError, dropped, rotated

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


def main(root: Path = ROOT, arguments: Sequence[str] = ()) -> int:
    """0 written; 2 with one line where nothing was: there is an `.env` already or none to rotate
    in, or it cannot be written."""
    parser = argparse.ArgumentParser(prog="make secrets", description=__doc__)
    parser.add_argument("--rotate", metavar="NAME")
    parser.add_argument("--drop", metavar="NAME")
    asked = parser.parse_args(arguments)
    path = root / ".env"
    try:
        if asked.rotate or asked.drop:
            return _changed(path, asked.rotate, asked.drop)
        write_new(path, document())
    except FileExistsError:
        sys.stderr.write("secrets: .env is there already, and is left as it is\n")
        return 2
    except RotationError as error:
        sys.stderr.write(f"secrets: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"secrets: {error.strerror}: {error.filename}\n")
        return 2
    sys.stderr.write("Wrote .env (readable by you alone). The login is admin, ADMIN_PASSWORD.\n")
    return 0


def _changed(path: Path, rotate: str | None, drop: str | None) -> int:
    text = path.read_text(encoding="utf-8")
    if rotate:
        replace(path, rotated(text, rotate))
        how = ROTATIONS[rotate]
        sys.stderr.write(f"Rotated {rotate}. Now: {how.then}. It ends: {how.breaks}.\n")
    elif drop:
        replace(path, dropped(text, drop))
        sys.stderr.write(f"Dropped the {drop} before. Now: docker compose up -d.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
