"""Compiles `requirements.txt` and `requirements-dev.txt` from pyproject.toml with uv.

One lock serves Python 3.11 to 3.13; every file has its hashes. What tests and benchmarks need
is compiled within the versions of `requirements.txt`, so that both install together.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
COMMON = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header")
PYTHON = ("--python-version", "3.11")
RUN = ("pyproject.toml", "-o", "requirements.txt")
DEV = ("--group", "dev", "--group", "bench", "-c", "requirements.txt", "-o", "requirements-dev.txt")


def uv(arguments: Sequence[str], root: Path) -> int:
    command = [sys.executable, "-m", "uv", *COMMON, *PYTHON, "--no-emit-index-url", *arguments]
    return subprocess.run(command, cwd=root, check=False).returncode


def main(root: Path = ROOT, more: Sequence[str] = ()) -> int:
    """`more` goes to uv: `--upgrade` takes the newest versions instead of keeping the locked."""
    get = [sys.executable, "-I", "-m", "pip", "install", "--quiet", "uv"]
    if subprocess.run(get, check=False).returncode:
        sys.stderr.write("lock: uv could not be installed into .venv\n")
        return 2
    for arguments in (RUN, DEV):
        if uv([*arguments, *more], root):
            return 1
    sys.stderr.write("Compiled requirements.txt and requirements-dev.txt.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(more=sys.argv[1:]))
