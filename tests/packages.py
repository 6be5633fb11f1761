"""Small packages and locks made here, so that a real pip and a real uv install without network."""

from __future__ import annotations

import base64
import hashlib
import shlex
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

UV = Path(sys.executable).with_name("uv")


def wheel(
    folder: Path, name: str, version: str = "1.0", scripts: Mapping[str, str] | None = None
) -> Path:
    """A package with one module that says hello, and `scripts`."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "GREETING = 'hello'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    for script, text in (scripts or {}).items():
        files[f"{name}-{version}.data/scripts/{script}"] = text
    record = "".join(f"{path},{digest(text)},{len(text)}\n" for path, text in files.items())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            entry = zipfile.ZipInfo(inside)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)
    return path


def uv_wheel(folder: Path) -> Path:
    """A package `uv` whose command is the uv that these tests run beside."""
    return wheel(folder, "uv", scripts={"uv": f'#!/bin/sh\nexec {shlex.quote(str(UV))} "$@"\n'})


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def lock(file: Path, package: Path, sha: str = "", options: Iterable[str] | None = None) -> None:
    """`file` locks `package`, found in its own folder unless `options` say otherwise."""
    name, version = package.name.split("-")[:2]
    sha = sha or hashlib.sha256(package.read_bytes()).hexdigest()
    where = ["--no-index", f"--find-links {package.parent}"] if options is None else options
    file.write_text("\n".join([*where, f"{name}=={version} --hash=sha256:{sha}\n"]))
