"""Runs the tests on another version of Airflow, in an environment of its own below `.local`.

`make test AIRFLOW=3.3.1` runs all tests there, `ARGS=tests/dags` those that run DAGs. The version
takes the place of the one in pyproject.toml, and uv keeps of the locks what goes with it; whatever
it has to change is said. `.venv` and the locks of this checkout stay as they are.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from supportops.local.install.install import SYNC
from supportops.local.install.installation import Installation
from supportops.local.install.lock import COMPILE
from supportops.local.install.pip_settings import pip_settings, uv_environment, uv_options

LOCKS = ("requirements-celery.txt", "requirements-dev.txt")
WANTED = "pyproject.toml --extra celery --group dev --group bench -o lock.txt"
_PIN = re.compile(r'(?<="apache-airflow==)[^"]+(?=")')
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


class VersionError(ValueError):
    """It is no version, or pyproject.toml has no place for one."""


def with_airflow(project: str, version: str) -> str:
    """The text of a pyproject.toml with this version of Airflow. Raises VersionError."""
    if not _VERSION.fullmatch(version):
        raise VersionError(f"{version!r} is no version of Airflow, such as 3.3.1")
    changed, count = _PIN.subn(version, project)
    if count != 1:
        raise VersionError("pyproject.toml does not name one version of Airflow")
    return changed


def moved(before: str, after: str) -> list[str]:
    """What two locks have in different versions, as `name 1.0 -> 1.1`."""
    old, new = dict(_LOCKED.findall(before)), dict(_LOCKED.findall(after))
    both = sorted(old.keys() & new.keys())
    return [f"{name} {old[name]} -> {new[name]}" for name in both if old[name] != new[name]]


def prepare(here: Installation, version: str, inherited: Mapping[str, str]) -> Path:
    """The Python of an environment with this version, made or brought up to date.

    Raises VersionError, and CalledProcessError where uv finds or installs no such set of packages.
    """
    project = with_airflow((here.root / "pyproject.toml").read_text(), version)
    folder = here.local / f"airflow-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(project)
    (folder / "README.md").touch()  # pyproject.toml names one
    locks = "".join((here.root / name).read_text() for name in LOCKS)
    # uv prefers the versions of the file that it is to write.
    (folder / "lock.txt").write_text(locks)
    settings = pip_settings(here.python, inherited)
    # Of another index than the first some files may be missing, and with them their hashes.
    for name in ("extra-index-url", "find-links"):
        settings.pop(name, None)
    environment = uv_environment(settings, inherited)

    def uv(command: str, *more: str) -> None:
        subprocess.run(
            [str(here.uv), *command.split(), *more], cwd=folder, env=environment, check=True
        )

    uv(COMPILE, *WANTED.split())
    for line in moved(locks, (folder / "lock.txt").read_text()):
        sys.stderr.write(f"  {line}\n")
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([here.python, "-I", "-m", "venv", str(folder / "venv")], check=True)
    uv(SYNC, *uv_options(settings), f"--python={python}", "lock.txt")
    return python


def main() -> int:
    """The version, and what pytest gets; pytest's exit code, or 2 without an environment."""
    here, inherited = Installation(), dict(os.environ)  # noqa: TID251 — an entrance
    if len(sys.argv) < 2:
        sys.stderr.write("usage: make test AIRFLOW=3.3.1 ARGS=tests/dags\n")
        return 2
    try:
        python = prepare(here, sys.argv[1], inherited)
    except VersionError as error:
        sys.stderr.write(f"test: {error}\n")
        return 2
    except subprocess.CalledProcessError:
        sys.stderr.write(f"test: there is no environment with Airflow {sys.argv[1]}; see above\n")
        return 2
    command = [str(python), "-m", "pytest", *sys.argv[2:]]
    return subprocess.run(command, cwd=here.root, env=inherited, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
