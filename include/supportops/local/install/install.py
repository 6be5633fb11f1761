"""Makes `.venv` from the locked requirements; run by whatever Python the machine has.

Only the standard library: nothing is installed yet when this runs. pip fetches uv, and uv the
rest, each hash checked. A stamp in `.venv` names the folder and the locks it was made from, so
that a second run has nothing to do; an environment without one was interrupted.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from supportops.files import private
from supportops.local.install.installation import Installation
from supportops.local.install.pip_settings import pip_settings, uv_environment, uv_options
from supportops.local.install.step import Failed, run

UV_LOCK = "requirements-uv.txt"
RUN_LOCK = "requirements.txt"
LOCKS = {
    "run": [RUN_LOCK],
    "dev": [RUN_LOCK, "requirements-celery.txt", "requirements-dev.txt"],
}
FETCH_UV = "pip install --quiet --no-input --only-binary=:all: --require-hashes"
# Of several indexes the one with the pinned version is asked, as pip does: hashes keep it safe.
SYNC = "pip sync --require-hashes --index-strategy=unsafe-best-match"
SCRIPT = """#!/bin/sh
'''exec' '{python}' "$0" "$@"
' '''
import sys

from supportops.cli.main import main

sys.exit(main())
"""


class SetupError(Exception):
    """Why there is no installation: one line for whoever typed `make`."""


def install(here: Installation, *, dev: bool, asked: bool, environment: Mapping[str, str]) -> bool:
    """Brings `.venv` to the state of the locks; False when it already was.

    `asked`: the running interpreter was named by the user, so a `.venv` of another Python
    version is made anew. Raises SetupError.
    """
    locks = LOCKS["dev" if dev else "run"]
    for name in (UV_LOCK, *locks):
        if not (here.root / name).is_file():
            raise SetupError(f"{name} is missing: is this a whole checkout?")
    wanted = stamp(here, locks)
    if wanted <= stamped(here) and usable(here, asked=asked):
        return False
    here.local.mkdir(mode=0o700, exist_ok=True)
    with alone(here):
        if wanted <= stamped(here) and usable(here, asked=asked):
            return False
        try:
            fill_venv(here, locks, asked=asked, environment=environment)
        except Failed as failure:
            raise SetupError(f"{failure} (all that was said: {here.install_log})") from None
        write_entrances(here)
        here.stamp.write_text("\n".join(sorted(wanted)))
    return True


def fill_venv(
    here: Installation, locks: Sequence[str], *, asked: bool, environment: Mapping[str, str]
) -> None:
    """The slow part; no stamp is there until all is done. Raises SetupError and Failed."""
    began = time.monotonic()
    keep = usable(here, asked=asked)
    here.stamp.unlink(missing_ok=True)
    with open(here.install_log, "w", opener=private) as log:
        if not keep:
            demand_venv_modules()
            if here.venv.exists():
                shutil.rmtree(here.venv)
            say(f"Making .venv with Python {sys.version.split()[0]} ({sys.executable}).")
            run([sys.executable, "-I", "-m", "venv", str(here.venv)], environment, log)
        say("Fetching the locked packages.")
        fetch_uv = [str(here.python), "-I", "-m", *FETCH_UV.split(), "-r", UV_LOCK]
        run(fetch_uv, environment, log, folder=here.root)
        settings = pip_settings(here.python, environment)
        sync = [str(here.uv), *SYNC.split(), *uv_options(settings), f"--python={here.python}"]
        run([*sync, *locks], uv_environment(settings, environment), log, folder=here.root)
    say(f"Installed into .venv in {time.monotonic() - began:.0f} s.")


def demand_venv_modules() -> None:
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"this Python has no `{module}`, so it cannot make .venv; on Debian and Ubuntu it "
                f"comes with `apt-get install python3.{sys.version_info[1]}-venv` "
                f"({sys.executable})"
            )


def stamp(here: Installation, locks: Sequence[str]) -> set[str]:
    """What `.venv` holds when it was made here from these `locks`."""
    files = {name: (here.root / name).read_bytes() for name in (UV_LOCK, *locks)}
    hashes = {f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in files.items()}
    return {f"made at {here.root}", *hashes}


def stamped(here: Installation) -> set[str]:
    return set(here.stamp.read_text().splitlines()) if here.stamp.is_file() else set()


def usable(here: Installation, *, asked: bool) -> bool:
    """Whether `.venv` is whole, runs, stands where it was made, and has the right Python."""
    if f"made at {here.root}" not in stamped(here):
        return False
    code = "import sys, importlib.util as u; u.find_spec('pip').name; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [here.python, "-I", "-c", code], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    found = tuple(int(part) for part in answer.stdout.split())
    return found == sys.version_info[:2] if asked else (3, 11) <= found <= (3, 13)


def write_entrances(here: Installation) -> None:
    """Makes the package importable in `.venv`, and `.venv/bin/supportops` its command.

    A path file does what an editable install does, without a build backend to lock and run. The
    script starts as a shell script, because a `#!` line fits neither spaces nor long paths.
    """
    packages = next((here.venv / "lib").glob("python3*/site-packages"))
    (packages / "supportops.pth").write_text(f"{here.root / 'include'}\n")
    script = here.venv / "bin" / "supportops"
    script.write_text(SCRIPT.format(python=str(here.python).replace("'", "'\"'\"'")))
    script.chmod(0o755)


@contextmanager
def alone(here: Installation) -> Iterator[None]:
    """One installation at a time; the next one waits, and finds nothing to do."""
    with open(here.local / "install.lock", "w", opener=private) as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another `make` is installing here just now; waiting for it.")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    """0 installed or nothing to do, 2 with one line when it cannot be, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="make setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    parser.add_argument("--asked", default="", help="the interpreter the user named, if any")
    choice = parser.parse_args()
    here, environment = Installation(), dict(os.environ)  # noqa: TID251 — before any bootstrap
    try:
        install(here, dev=choice.dev, asked=bool(choice.asked), environment=environment)
    except SetupError as error:
        say(f"setup: {error}")
        return 2
    except OSError as error:
        say(f"setup: {error.strerror or error}: {error.filename or here.root}")
        return 2
    except KeyboardInterrupt:
        say("\nsetup: interrupted; the next `make` does it again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
