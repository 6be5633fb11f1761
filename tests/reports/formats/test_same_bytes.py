import json
import os
import subprocess
import sys
from pathlib import Path

from reports.same_bytes import digests

TESTS = Path(__file__).parents[2]


def test_another_process_without_a_home_makes_the_same_files_and_says_nothing(
    tmp_path: Path,
) -> None:
    # Nothing can be written to /proc, and a user's own settings lie where matplotlib looks first.
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfont.family: serif\n")
    elsewhere = {
        "HOME": "/proc/nowhere",
        "MPLCONFIGDIR": "/proc/nowhere",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "include"), str(TESTS)]),
    }
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(TESTS / "reports" / "same_bytes.py")],
        cwd=tmp_path,
        env=elsewhere,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.stderr == ""
    assert json.loads(ran.stdout) == digests()
