"""A command in a process of its own: forked, where it is not the start itself that is tested."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from airflow_home import ROOT

SERVER = Path(__file__).with_name("fork_server.py")


@functools.cache
def _server() -> subprocess.Popen[str]:
    """One for each process that runs tests; what it imports takes as long as several commands."""
    environment = {"PYTHONPATH": str(ROOT / "include"), "PATH": os.environ["PATH"]}
    pipe = subprocess.PIPE
    server = subprocess.Popen(
        [sys.executable, str(SERVER)], env=environment, stdin=pipe, stdout=pipe, text=True
    )
    atexit.register(server.communicate)
    return server


def run_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`supportops` with these arguments, and only these settings of ours in its environment."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SUPPORT"))}
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        files = {name: str(Path(folder) / name) for name in ("output", "errors")}
        request = {
            "arguments": arguments,
            "environment": own | {"COLUMNS": "200"} | variables,
            "folder": str(Path.cwd()),
        }
        server.stdin.write(json.dumps(request | files) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        output, errors = (Path(path).read_text(encoding="utf-8") for path in files.values())
    return subprocess.CompletedProcess(arguments, os.waitstatus_to_exitcode(status), output, errors)
