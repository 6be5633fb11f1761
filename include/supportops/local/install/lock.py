"""Compiles the locks from pyproject.toml with uv: what runs, with Celery, for tests, and uv itself.

One lock serves Python 3.11 to 3.13; every file has its hashes. What several
machines and what tests need is compiled within the versions of `requirements.txt`, so that all
install together.
"""

from __future__ import annotations

import os
import subprocess
import sys

from supportops.local.install.installation import Installation
from supportops.local.install.pip_settings import pip_settings, uv_environment

COMPILE = (
    "pip compile --quiet --universal --generate-hashes --no-header --python-version=3.11"
    " --no-emit-index-url"
)
LOCKS = (
    "pyproject.toml -o requirements.txt",
    "pyproject.toml --extra celery -c requirements.txt -o requirements-celery.txt",
    "--group dev --group bench -c requirements-celery.txt -o requirements-dev.txt",
    "--group uv -o requirements-uv.txt",
)


def main() -> int:
    """Arguments go to uv: `--upgrade` takes the newest versions instead of keeping the locked."""
    here, inherited = Installation(), dict(os.environ)  # noqa: TID251 — an entrance
    settings = pip_settings(here.python, inherited)
    # One index alone: another may have only some of a version's files, so the lock lacks hashes.
    for name in ("extra-index-url", "find-links"):
        settings.pop(name, None)
    environment = uv_environment(settings, inherited)
    for lock in LOCKS:
        command = [str(here.uv), *COMPILE.split(), *lock.split(), *sys.argv[1:]]
        if subprocess.run(command, cwd=here.root, env=environment, check=False).returncode:
            return 1
    sys.stderr.write("Compiled requirements.txt, -celery.txt, -dev.txt and -uv.txt.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
