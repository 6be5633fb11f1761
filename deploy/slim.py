"""Removes from an installed environment what no running program reads; the image is built with it.

    python slim.py /opt/supportops/lib/python3.12/site-packages

Three things: the tests that packages ship, the maps from telephone numbers to places and carriers
(supportops only reads and writes numbers), and what follows the last loaded byte of a shared
object, which is symbols and debugging information. The loader goes by the program headers alone
(ELF-64, "Program Header"), so a file that ends after them loads as before.
"""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

UNUSED = (
    "matplotlib/tests",
    "numpy/**/tests",
    "pandas/tests",
    "phonenumbers/carrierdata",
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
)
_ELF_64 = b"\x7fELF\x02\x01"  # 64 bits, little-endian: x86-64 and arm64


def loaded_length(content: bytes) -> int | None:
    """How many bytes of a shared object are ever loaded; None where it is of no known form."""
    if content[:6] != _ELF_64 or len(content) < 64:
        return None
    (table,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    if not count or size < 56 or table + size * count > len(content):
        return None
    end = table + size * count
    for number in range(count):
        header = table + size * number
        (offset,) = struct.unpack_from("<Q", content, header + 8)
        (length,) = struct.unpack_from("<Q", content, header + 32)
        end = max(end, offset + length)
    return end if end <= len(content) else None


def without_symbols(content: bytes) -> bytes:
    """A shared object up to its last loaded byte; itself where it is of no known form.

    Its header no longer names a table of sections, which would lie behind the end.
    """
    end = loaded_length(content)
    if end is None or end == len(content):
        return content
    kept = bytearray(content[:end])
    struct.pack_into("<Q", kept, 40, 0)
    struct.pack_into("<HH", kept, 60, 0, 0)
    return bytes(kept)


def slim(packages: Path) -> int:
    """Slims the folder of an environment's packages; returns how many bytes were removed."""
    removed = 0
    for pattern in UNUSED:
        for folder in [*packages.glob(pattern)]:
            removed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
    for path in sorted(packages.rglob("*.so*")):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        shorter = without_symbols(content)
        if len(shorter) < len(content):
            path.write_bytes(shorter)
            removed += len(content) - len(shorter)
    return removed


if __name__ == "__main__":
    print(f"slim: {slim(Path(sys.argv[1])) / 1e6:.0f} MB removed")  # noqa: T201
