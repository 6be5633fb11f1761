"""One Airflow for the whole test run: its home, set before anything imports airflow.

Import this module before airflow; `migrated()` then makes the metadata database, once.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DAGS = ROOT / "dags"
HOME = Path(tempfile.mkdtemp(prefix="supportops-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": (
        "viewer-person:viewer,user-person:user,op-person:op,admin-person:admin,-person:,"
        "bound-person:,acme-portal:"
    ),
    "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-for-tests-only-" + "0123456789" * 4,
    "AIRFLOW__API__SECRET_KEY": "another-secret-for-tests-only-0123456789",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    "PYTHONPATH": str(ROOT / "include"),
}


@cache
def migrated() -> Path:
    """Airflow's home with a migrated metadata database."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return HOME


def dag_bag() -> Any:
    """The DAG files, read as Airflow reads them: with their folder on `sys.path`."""
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(DAGS, bundle_path=DAGS, bundle_name="dags-folder")
