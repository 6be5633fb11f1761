"""What figures depend on: the machine, and the versions of what they measure."""

from __future__ import annotations

import os
import platform
import re
import ssl
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
import pycurl

_PACKAGES = ("apache-airflow", "numpy", "pandas", "sqlalchemy", "psycopg", "pycurl", "typst")
_PROGRAMS = (
    ("postgres", "--version"),
    ("openssl", "version"),
    ("prometheus-blackbox-exporter", "--version"),
)


def machine() -> dict[str, object]:
    """Of now. What is not there has no version."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "memory_megabytes": psutil.virtual_memory().total // 1_000_000,
        "python": platform.python_version(),
        "python_openssl": ssl.OPENSSL_VERSION,
        "libcurl": pycurl.version,
        "versions": {name: version(name) for name in _PACKAGES},
        "programs": {name: found for name, *asked in _PROGRAMS if (found := _says(name, *asked))},
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _says(*command: str) -> str:
    """The first line of its answer; PostgreSQL of Debian is not on the path of commands."""
    folders = [str(each) for each in Path("/usr/lib/postgresql").glob("*/bin")]
    environment = {**os.environ, "PATH": os.pathsep.join([os.environ["PATH"], *sorted(folders)])}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, env=environment, check=False
        )
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().split("\n")[0]
