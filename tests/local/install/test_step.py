"""What is shown of a command's lines, and what is said when it fails."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from supportops.local.install.step import Failed, complaint, run, show


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def python(tmp_path: Path, code: str) -> str:
    """Runs `code` as a step; what its log holds."""
    with (tmp_path / "log").open("w") as log:
        try:
            run([sys.executable, "-c", code], {}, log)
        finally:
            log.flush()
    return (tmp_path / "log").read_text()


def test_steps_are_shown_and_everything_is_logged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "Resolved 2 packages in 3ms\n Downloaded pandas\n + pandas==3.1\n"

    assert python(tmp_path, f"print({said!r}, end='')") == said
    assert capfd.readouterr().err == "Resolved 2 packages in 3ms\nDownloaded pandas\n"


def test_a_terminal_has_one_line_that_is_empty_in_the_end() -> None:
    terminal = Terminal()
    show("Downloading pandas (11.8MiB)", terminal)
    show("", terminal)

    assert terminal.getvalue() == "\r\x1b[2KDownloading pandas (11.8MiB)\r\x1b[2K"


def test_credentials_get_neither_into_the_log_nor_into_the_complaint(tmp_path: Path) -> None:
    code = "raise SystemExit('error: Failed to fetch: https://me:secret@example.org/simple/x/')"

    with pytest.raises(Failed, match=r"^Failed to fetch: https://example.org/simple/x/$"):
        python(tmp_path, code)

    assert "secret" not in (tmp_path / "log").read_text()


def test_a_command_that_fails_without_a_word_is_told_by_its_end(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"^python.* ended: 7$"):
        python(tmp_path, "raise SystemExit(7)")


def test_an_error_is_told_with_the_cause_at_the_bottom() -> None:
    said = [
        "Using Python 3.12.1 environment at: .venv",
        "error: Failed to fetch: https://example.org/simple/idna/",
        "  cause: client error (Connect)",
        "  cause: Connection refused (os error 111)",
        "",
        "hint: look elsewhere",
    ]
    assert complaint(said) == (
        "Failed to fetch: https://example.org/simple/idna/: Connection refused (os error 111)"
    )


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            "'NewConnectionError('<pip._vendor.Connection object at 0x7f>: Failed to establish a"
            " new connection: [Errno -2] Name or service not known')': /simple/uv/",
            "Failed to establish a new connection: [Errno -2] Name or service not known",
        ),
        (
            "\"NewConnectionError('HTTPSConnection(host=x): Failed to establish a new connection:"
            " [Errno 101] Network is unreachable')\": /simple/uv/",
            "Network is unreachable",
        ),
    ],
)
def test_without_network_pip_is_not_taken_at_its_word(broken: str, told: str) -> None:
    said = [
        f"WARNING: Retrying (Retry(total=0)) after connection broken by {broken}",
        "ERROR: Could not find a version that satisfies the requirement uv (from versions: none)",
        "ERROR: No matching distribution found for uv",
    ]
    assert complaint(said).startswith("the package index cannot be reached: ")
    assert complaint(said).endswith(told)


def test_a_connection_that_broke_on_the_way_is_not_the_error() -> None:
    said = [
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'X': /simple/uv/",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    ]
    assert complaint(said) == "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."
