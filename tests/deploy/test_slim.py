"""What the image's build removes from the installed packages, on real shared objects."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def slim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slim", ROOT / "deploy" / "slim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def library(name: str) -> Path:
    """The shared object of an installed package: one with symbols, of the real wheel."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def test_a_shared_object_without_its_symbols_works_as_before(
    slim: ModuleType, tmp_path: Path
) -> None:
    whole = library("yaml._yaml")
    package = tmp_path / "yaml"
    shutil.copytree(whole.parent, package)
    removed = slim.slim(tmp_path)
    assert removed > 0.3 * whole.stat().st_size
    program = "import yaml; print(yaml.__file__); print(yaml.load('a: [1]', yaml.CSafeLoader))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.splitlines() == [str(package / "__init__.py"), "{'a': [1]}"]
    assert slim.slim(tmp_path) == 0


def test_tests_and_maps_of_numbers_go_and_nothing_else(slim: ModuleType, tmp_path: Path) -> None:
    gone = ("pandas/tests/a.py", "numpy/lib/tests/b.py", "phonenumbers/geodata/data0.py")
    stay = ("pandas/core.py", "numpy/testing/c.py", "phonenumbers/data/region_GB.py", "attest/d.py")
    for name in (*gone, *stay):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * 10)
    assert slim.slim(tmp_path) == 10 * len(gone)
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.py")} == set(stay)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x7fELF",
        b"not a library" * 20,
        b"\x7fELF\x01\x01" + bytes(200),
        b"\x7fELF\x02\x02" + bytes(200),
        b"\x7fELF\x02\x01" + b"\xff" * 200,
        b"\x7fELF\x02\x01" + bytes(200),
    ],
)
def test_what_is_no_shared_object_of_a_known_form_stays_as_it_is(
    slim: ModuleType, content: bytes
) -> None:
    assert slim.without_symbols(content) == content


def test_a_link_is_left_alone(slim: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    outside = tmp_path / "outside.so"
    shutil.copy(library("yaml._yaml"), outside)
    (folder / "inside.so").symlink_to(outside)
    size = outside.stat().st_size
    assert slim.slim(folder) == 0
    assert outside.stat().st_size == size


def test_the_image_is_built_with_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "COPY deploy/slim.py /tmp/" in dockerfile
    assert "python /tmp/slim.py /opt/supportops/lib/python3.12/site-packages" in dockerfile
