"""Values that users, shells and files have been seen to hand over, or could."""

from __future__ import annotations

import os
import socket
from pathlib import Path

# Clears the screen, sets a title by OSC, a link by OSC 8, an 8-bit CSI, turns the direction.
SEQUENCES = "\x1b[2J\x1b]0;t\x07\x1b]8;;http://evil.example/\x07x\x1b]8;;\x07\x9b31m\u202egnp\x7f\b"
HALF = "caf\udce9"
TEXTS = (
    "",
    " ",
    "-",
    SEQUENCES,
    HALF,
    "\ud800",
    "a\0b",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "[red]bold[/red]",
    "{}%s${x}",
    "\u2028line\u2029",
    "9" * 5000,
    "x" * 100_000,
    "日本語 \U0001f469\u200d\U0001f680",
)
INSTANTS = (
    "0001-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "9999-12-31T23:59:59.999999-12:00",
    "1969-12-31T23:59",
    "2026-02-29",
    "2026-11-25T10:00+99:99",
    "nan",
    SEQUENCES,
    HALF,
)
LABELS = (
    "0001-W01",
    "9999-W53",
    "2025-W53",
    "2026-W00",
    "2026-W53",
    "2026-W99",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
)
NUMBERS = ("nan", "inf", "-inf", "-1", "0", "1e999", "0x10", "9" * 400, "", HALF)


def paths(folder: Path) -> tuple[str, ...]:
    """Things that a path may lead to, made in `folder`. None can be used as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "nowhere").symlink_to(folder / "nothing" / "there")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
    (folder / "empty").touch()
    (folder / "binary").write_bytes(bytes(range(256)) * 40)
    (folder / "binary.gz").write_bytes(b"\x1f\x8b" + bytes(range(256)))
    (folder / "file").write_text("a")
    named = [folder / name for name in ("itself", "nowhere", "pipe", "socket", "empty", "binary")]
    named += [folder / "binary.gz", folder, folder / "file" / "below", folder / ("x" * 300)]
    devices = ("/dev/zero", "/dev/full", "/dev/null", "/dev/tty", "/proc/self/mem", "/", "")
    return (*map(str, named), *devices, str(folder / SEQUENCES.replace("/", "")), HALF, "a\0b")
