"""Real environments and a real pip, on a package made here so that no network is needed."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from supportops.local.install.install import Place, SetupError, alone, install, stamp
from supportops.local.install.pip_run import Progress, milestone

ROOT = Path(__file__).parents[3]
FIND_PYTHON = ROOT / "include" / "supportops" / "local" / "find_python.sh"


def wheel(folder: Path, name: str) -> Path:
    """A package `name` 1.0 with one module that says hello."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "GREETING = 'hello'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{digest(text)},{len(text)}\n" for path, text in files.items())
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(inside, text)
    return path


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def lock(root: Path, file: str, package: Path, sha: str = "") -> None:
    name = package.name.split("-")[0]
    sha = sha or hashlib.sha256(package.read_bytes()).hexdigest()
    text = f"--no-index\n--find-links {package.parent}\n{name}==1.0 \\\n    --hash=sha256:{sha}\n"
    (root / file).write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A checkout in a folder whose name needs quoting, with a command line of its own."""
    root = tmp_path / "a check'out"
    package = root / "include" / "supportops"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    code = "import greeter, sys\ndef main() -> int:\n    print(greeter.GREETING, sys.argv[1])\n"
    (package / "cli.py").write_text(code + "    return 3\n")
    lock(root, "requirements.txt", wheel(tmp_path, "greeter"))
    lock(root, "requirements-dev.txt", wheel(tmp_path, "checker"))
    return Place(root)


def imports(place: Place, module: str) -> bool:
    run = subprocess.run([place.python, "-I", "-c", f"import {module}"], capture_output=True)
    return run.returncode == 0


def test_the_first_run_installs_and_the_second_has_nothing_to_do(place: Place) -> None:
    assert install(place, dev=False, asked=False)

    assert imports(place, "greeter")
    assert not imports(place, "checker")
    assert not install(place, dev=False, asked=False)

    assert install(place, dev=True, asked=False)
    assert imports(place, "checker")
    assert not install(place, dev=False, asked=False)


def test_the_command_works_from_any_folder_whatever_the_checkout_is_called(place: Place) -> None:
    install(place, dev=False, asked=False)

    command = [place.venv / "bin" / "supportops", "you there"]
    answer = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True)

    assert answer.stdout == "hello you there\n"
    assert answer.returncode == 3


def test_a_changed_lock_is_installed(place: Place, tmp_path: Path) -> None:
    install(place, dev=False, asked=False)
    lock(place.root, "requirements.txt", wheel(tmp_path, "another"))

    assert install(place, dev=False, asked=False)
    assert imports(place, "another")


def test_a_checkout_that_moved_gets_an_environment_of_its_new_place(place: Place) -> None:
    install(place, dev=False, asked=False)
    moved = Place(place.root.rename(place.root.with_name("elsewhere")))

    assert install(moved, dev=False, asked=False)
    assert stamp.fresh(moved.venv, moved.root, [moved.root / "requirements.txt"])
    answer = subprocess.run([moved.venv / "bin/supportops", "x"], capture_output=True, env={})
    assert answer.returncode == 3


def test_a_half_made_environment_is_made_anew(place: Place) -> None:
    (place.venv / "bin").mkdir(parents=True)
    (place.venv / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    (place.venv / "bin" / "python").chmod(0o755)

    assert install(place, dev=False, asked=False)
    assert imports(place, "greeter")


def test_a_package_with_another_hash_is_refused_in_one_line(place: Place, tmp_path: Path) -> None:
    lock(place.root, "requirements.txt", wheel(tmp_path, "greeter"), sha="0" * 64)

    with pytest.raises(SetupError) as refusal:
        install(place, dev=False, asked=False)

    said = str(refusal.value)
    assert "HASHES" in said
    assert str(place.log) in said
    assert "\n" not in said
    assert "greeter" in place.log.read_text()
    assert not stamp.read(place.venv)


def test_a_missing_package_is_one_line_that_names_it(place: Place) -> None:
    (place.root / "requirements.txt").write_text("--no-index\nnowhere==1.0 --hash=sha256:00\n")

    with pytest.raises(SetupError, match=r"nowhere==1\.0.*install\.log"):
        install(place, dev=False, asked=False)


def test_without_its_locks_a_checkout_is_not_whole(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"requirements\.txt is missing"):
        install(Place(tmp_path), dev=False, asked=False)


def test_two_at_once_are_refused(place: Place) -> None:
    place.log.parent.mkdir()

    with alone(place):
        with pytest.raises(SetupError, match="another `make` is installing here"):
            install(place, dev=False, asked=False)


def test_a_python_without_venv_is_told_the_package_to_install(place: Place) -> None:
    code = (
        "import sys; sys.modules['ensurepip'] = None\n"
        "from pathlib import Path\nfrom supportops.local.install.install import Place, install\n"
        f"install(Place(Path({str(place.root)!r})), dev=False, asked=False)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "include")}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)

    said = run.stderr.decode().splitlines()[-1]
    assert "this Python has no `ensurepip`" in said
    assert f"apt-get install python3.{sys.version_info[1]}-venv" in said
    assert not place.venv.exists()


def test_progress_counts_what_this_machine_gets() -> None:
    progress = Progress({"numpy": {"2.4", "2.5"}, "colorama": {"0.4"}, "rich": {"15"}})

    progress.hear("Ignoring colorama: markers 'sys_platform == \"win32\"' don't match")
    progress.hear("Ignoring numpy: markers 'python_full_version >= \"3.12\"' don't match")
    progress.hear("Collecting numpy==2.4 (from -r requirements.txt (line 1))")
    assert progress.line(0) == "fetching packages  1/2  numpy"

    progress.hear("Requirement already satisfied: rich==15 in ./lib (15.0)")
    progress.hear("Installing collected packages: numpy")
    assert progress.line(5) == "unpacking packages  1/1"


def test_progress_keeps_the_first_complaint() -> None:
    progress = Progress({})
    progress.hear("ERROR: Could not find a version that satisfies the requirement x==1")
    progress.hear("ERROR: No matching distribution found for x==1")

    assert progress.complaint.startswith("Could not find a version")


def test_a_log_gets_a_line_each_25_packages() -> None:
    assert milestone("fetching packages  24/144  x") == milestone("fetching packages  1/144  y")
    assert milestone("fetching packages  25/144  x") != milestone("fetching packages  24/144  y")


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
