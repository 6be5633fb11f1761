"""Makes `.venv` from the locked requirements; run by whatever Python the machine has.

Only the standard library: nothing is installed yet when this runs. A stamp in `.venv` names the
locks and the Python it was made from, so that a second run has nothing to do.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from supportops.local.install import stamp
from supportops.local.install.pip_run import PipFailed, pip_install

ROOT = Path(__file__).resolve().parents[4]
WHEN_CHOSEN = {"dev": ("requirements.txt", "requirements-dev.txt"), "run": ("requirements.txt",)}
SCRIPT = """#!/bin/sh
'''exec' '{python}' "$0" "$@"
' '''
import sys

from supportops.cli.main import main

sys.exit(main())
"""


class SetupError(Exception):
    """Why there is no installation: one line for whoever typed `make`."""


@dataclass(frozen=True)
class Place:
    """Where the installation goes; `root` holds the lock files and gets `.venv` and `.local`."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def log(self) -> Path:
        return self.root / ".local" / "install.log"


def install(place: Place, *, dev: bool, asked: bool) -> bool:
    """Brings `.venv` to the state of the locks; False when it already was.

    `asked`: the running interpreter was named by the user, so a `.venv` of another Python
    version is made anew. Raises SetupError.
    """
    locks = [place.root / name for name in WHEN_CHOSEN["dev" if dev else "run"]]
    for lock in locks:
        if not lock.is_file():
            raise SetupError(f"{lock.name} is missing: is this a whole checkout?")
    if keeps(place, asked=asked) and stamp.fresh(place.venv, place.root, locks):
        return False
    place.log.parent.mkdir(mode=0o700, exist_ok=True)
    with alone(place):
        make_venv(place, asked=asked)
        fetch(place, locks)
        write_entrances(place)
        stamp.write(place.venv, place.root, locks)
    return True


def fetch(place: Place, locks: Sequence[Path]) -> None:
    """The slow part: pip, with every hash checked."""
    began = time.monotonic()
    try:
        count = pip_install(place.python, locks, place.log, show=sys.stderr)
    except PipFailed as failure:
        raise SetupError(f"{failure} (everything pip said: {place.log})") from None
    said(f"Installed {count} packages into .venv in {time.monotonic() - began:.0f} s.")


def make_venv(place: Place, *, asked: bool) -> None:
    """An empty environment, unless the one that is there can be kept."""
    if keeps(place, asked=asked):
        return
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(no_venv_module(module))
    if place.venv.exists():
        shutil.rmtree(place.venv)
    said(f"Making .venv with Python {sys.version.split()[0]} ({sys.executable}).")
    made = subprocess.run(
        [sys.executable, "-I", "-m", "venv", str(place.venv)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        place.log.write_text(made.stdout + made.stderr)
        raise SetupError(f"{sys.executable} could not make .venv (what it said: {place.log})")


def no_venv_module(module: str) -> str:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        f"this Python has no `{module}`, so it cannot make .venv; on Debian and Ubuntu it comes "
        f"with `apt-get install python{version}-venv` ({sys.executable})"
    )


def keeps(place: Place, *, asked: bool) -> bool:
    """Whether the `.venv` there runs, stands where it was made, and has the right Python."""
    if stamp.moved(place.venv, place.root) or not place.python.exists():
        return False
    code = "import sys, importlib.util as u; u.find_spec('pip').name; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [str(place.python), "-I", "-c", code], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    if answer.returncode:
        return False
    found = tuple(int(part) for part in answer.stdout.split())
    return found == sys.version_info[:2] if asked else (3, 11) <= found <= (3, 13)


def write_entrances(place: Place) -> None:
    """Makes the package importable in `.venv`, and `.venv/bin/supportops` its command.

    A path file does what an editable install does, without a build backend to lock and run. The
    script starts as a shell script, because a `#!` line fits neither spaces nor long paths.
    """
    packages = next((place.venv / "lib").glob("python3*/site-packages"))
    (packages / "supportops.pth").write_text(f"{place.root / 'include'}\n")
    script = place.venv / "bin" / "supportops"
    script.write_text(SCRIPT.format(python=str(place.python).replace("'", "'\"'\"'")))
    script.chmod(0o755)


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """One installation at a time: two pips in one environment break it."""
    with (place.log.parent / "install.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError("another `make` is installing here just now; wait for it") from None
        yield


def said(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """0 installed or nothing to do, 2 with one line when it cannot be, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="make setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    parser.add_argument("--asked", default="", help="the interpreter the user named, if any")
    choice = parser.parse_args(arguments)
    try:
        changed = install(Place(ROOT), dev=choice.dev, asked=bool(choice.asked))
    except SetupError as error:
        said(f"setup: {error}")
        return 2
    except OSError as error:
        said(f"setup: {error.strerror or error}: {error.filename or ROOT}")
        return 2
    except KeyboardInterrupt:
        said("\nsetup: interrupted; the next `make` goes on from here")
        return 130
    if changed:
        said("Ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
