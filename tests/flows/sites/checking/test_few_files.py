"""A whole site check by a process that may open few files: no healthy site is down."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from builders import configure
from sites.servers import answer, server

_COMMAND = "from supportops.cli.main import main; main()"


@pytest.mark.parametrize("limit", [48, 24])
def test_eighty_healthy_sites_are_up_and_nobody_is_notified(tmp_path: Path, limit: int) -> None:
    def command(*arguments: str, files: int | None = None) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _COMMAND, *arguments],
            env={
                "PATH": os.defpath,
                "PYTHONPATH": ":".join(path for path in sys.path if path),
                "SUPPORTOPS_DATABASE_URL": f"sqlite:///{tmp_path}/store.db",
                "SUPPORTOPS_CONFIG": str(tmp_path / "config"),
            },
            preexec_fn=files
            and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with ExitStack() as running:
        site = running.enter_context(server(answer()))
        entries = [{"name": f"site {n}", "url": site.url(f"/{n}")} for n in range(80)]
        configure(tmp_path / "config", entries)
        command("db", "upgrade")
        summary = json.loads(command("site-check", "--json", files=limit))
    assert (summary["pages"], summary["failing"], summary["changes"]) == (80, 0, [])
    assert json.loads(command("alerts", "list", "--json")) == []
