"""Real environments, a real pip and a real uv, on packages made here."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from packages import lock, uv_wheel, wheel
from supportops.local.install.install import SetupError, alone, install, stamp, usable
from supportops.local.install.installation import Installation

ROOT = Path(__file__).parents[3]
FIND_PYTHON = ROOT / "include" / "supportops" / "local" / "install" / "find_python.sh"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A checkout in a folder whose name needs quoting, with a command line of its own."""
    root = tmp_path / "a check'out"
    package = root / "include" / "supportops" / "cli"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    code = "import greeter, sys\ndef main() -> int:\n    print(greeter.GREETING, sys.argv[1])\n"
    (package / "main.py").write_text(code + "    return 3\n")
    lock(root / "requirements-uv.txt", uv_wheel(tmp_path))
    lock(root / "requirements.txt", wheel(tmp_path, "greeter"))
    lock(root / "requirements-celery.txt", wheel(tmp_path, "spreader"))
    lock(root / "requirements-dev.txt", wheel(tmp_path, "checker"))
    return Installation(root, root / ".local")


def installs(here: Installation, *, dev: bool = False, asked: bool = False) -> bool:
    cache = {"UV_CACHE_DIR": str(here.root.parent / "cache")}
    return install(here, dev=dev, asked=asked, environment=os.environ | cache)


def imports(here: Installation, module: str) -> bool:
    run = subprocess.run([here.python, "-I", "-c", f"import {module}"], capture_output=True)
    return run.returncode == 0


def made_before(here: Installation, *, python: str, at: Path) -> None:
    """An environment as an earlier run left it, made `at` a folder; `python` is a shell script."""
    here.python.parent.mkdir(parents=True)
    here.python.write_text(f"#!/bin/sh\n{python}\n")
    here.python.chmod(0o755)
    lines = stamp(here, ["requirements.txt"]) - {f"made at {here.root}"}
    here.stamp.write_text("\n".join([*lines, f"made at {at}"]))


def test_the_first_run_installs_and_the_second_has_nothing_to_do(here: Installation) -> None:
    assert installs(here)

    assert imports(here, "greeter")
    assert not imports(here, "checker")
    assert not installs(here)

    assert installs(here, dev=True)
    assert imports(here, "greeter")
    assert imports(here, "checker")
    assert not installs(here)

    # From any folder, whatever the checkout is called.
    command = [here.venv / "bin" / "supportops", "you there"]
    answer = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True)
    assert answer.stdout == "hello you there\n"
    assert answer.returncode == 3


def test_a_changed_lock_is_installed_and_a_failure_is_not_taken_for_it(
    here: Installation, tmp_path: Path
) -> None:
    installs(here)
    another = wheel(tmp_path, "another")
    lock(here.root / "requirements.txt", another, sha="0" * 64)
    with pytest.raises(SetupError):
        installs(here)
    lock(here.root / "requirements.txt", another)

    assert installs(here)
    assert imports(here, "another")
    assert not imports(here, "greeter")


def test_an_environment_that_is_whole_is_left_alone(here: Installation) -> None:
    made_before(here, python="echo 3 12", at=here.root)

    assert not installs(here)


@pytest.mark.parametrize("python", ["exit 1", "echo 3 10", "exec /nowhere/python3"])
def test_an_environment_whose_python_does_not_fit_is_of_no_use(
    here: Installation, python: str
) -> None:
    made_before(here, python=python, at=here.root)

    assert not usable(here, asked=False)


def test_an_environment_of_another_python_is_of_use_unless_one_was_asked_for(
    here: Installation,
) -> None:
    other = 12 if sys.version_info[1] == 11 else 11
    made_before(here, python=f"echo 3 {other}", at=here.root)

    assert usable(here, asked=False)
    assert not usable(here, asked=True)


def test_an_environment_made_elsewhere_is_of_no_use(here: Installation) -> None:
    made_before(here, python="echo 3 12", at=here.root.with_name("elsewhere"))

    assert not usable(here, asked=False)


def test_an_interrupted_installation_is_made_anew(here: Installation) -> None:
    made_before(here, python="echo 3 12", at=here.root)
    here.stamp.unlink()

    assert installs(here)
    assert imports(here, "greeter")


@pytest.mark.parametrize(
    ("file", "name"), [("requirements.txt", "greeter"), ("requirements-uv.txt", "uv")]
)
def test_a_package_with_another_hash_is_refused_in_one_line(
    here: Installation, tmp_path: Path, file: str, name: str
) -> None:
    lock(here.root / file, tmp_path / f"{name}-1.0-py3-none-any.whl", sha="0" * 64)

    with pytest.raises(SetupError) as refusal:
        installs(here)

    said = str(refusal.value)
    assert "hash" in said.lower()
    assert str(here.install_log) in said
    assert "\n" not in said
    assert name in here.install_log.read_text()
    assert not imports(here, "greeter")


def test_a_missing_package_is_one_line_that_names_it(here: Installation) -> None:
    (here.root / "requirements.txt").write_text(
        f"--no-index\nnowhere==1.0 --hash=sha256:{'0' * 64}\n"
    )

    with pytest.raises(SetupError, match=r"nowhere.*install\.log"):
        installs(here)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-uv.txt"])
def test_without_its_locks_a_checkout_is_not_whole(here: Installation, name: str) -> None:
    (here.root / name).unlink()

    with pytest.raises(SetupError, match=rf"{name} is missing"):
        installs(here)


def test_the_second_of_two_at_once_waits_and_has_nothing_to_do(
    here: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    changed: list[bool] = []
    second = threading.Thread(target=lambda: changed.append(installs(here)))

    here.local.mkdir()
    with alone(here):
        second.start()
        second.join(0.5)
        assert second.is_alive()
        made_before(here, python="echo 3 12", at=here.root)
    second.join(30)

    assert changed == [False]
    assert "waiting for it" in capfd.readouterr().err


def test_a_python_without_venv_is_told_the_package_to_install(here: Installation) -> None:
    code = (
        "import sys; sys.modules['ensurepip'] = None\n"
        "from pathlib import Path\n"
        "from supportops.local.install.install import Installation, install\n"
        f"here = Installation(Path({str(here.root)!r}), Path({str(here.local)!r}))\n"
        "install(here, dev=False, asked=False, environment={})"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "include")}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)

    said = run.stderr.decode().splitlines()[-1]
    assert "this Python has no `ensurepip`" in said
    assert f"apt-get install python3.{sys.version_info[1]}-venv" in said
    assert not here.venv.exists()


def python_that_says(folder: Path, name: str, version: str, works: bool) -> None:
    """A program on PATH that answers as an interpreter (or a broken shim) would."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}"\n')
    with path.open("a") as file:
        file.write(f'[ "$1" = -c ] && exit {0 if works else 1}\nexit 0\n')
    path.chmod(0o755)


def find_python(folder: Path, asked: str = "") -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(FIND_PYTHON), asked]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True)


def test_a_shim_that_fails_is_passed_over(tmp_path: Path) -> None:
    python_that_says(tmp_path, "python3.13", "", works=False)
    python_that_says(tmp_path, "python3.12", "3.12.1", works=True)
    python_that_says(tmp_path, "python3", "3.13.0", works=True)

    assert find_python(tmp_path).stdout == "python3.12\n"


def test_an_old_python_is_one_clear_line(tmp_path: Path) -> None:
    python_that_says(tmp_path, "python3", "3.9.18", works=False)

    answer = find_python(tmp_path)

    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "needs Python 3.11, 3.12 or 3.13 (python3 is Python 3.9.18)" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_no_python_at_all_is_one_clear_line(tmp_path: Path) -> None:
    answer = find_python(tmp_path)

    assert answer.returncode == 2
    assert "none of these runs here" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_the_python_that_was_asked_for_is_the_one(tmp_path: Path) -> None:
    folder = tmp_path / "my pythons"
    folder.mkdir()
    python_that_says(folder, "python3.12", "3.12.1", works=True)
    python_that_says(tmp_path, "python3.13", "3.13.0", works=True)

    asked = str(folder / "python3.12")
    assert find_python(tmp_path, asked).stdout == f"{asked}\n"
    assert find_python(tmp_path, str(folder / "nothing")).returncode == 2
