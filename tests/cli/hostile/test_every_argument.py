"""Every argument of every command, with what no command expects: one line and exit code 2.

The commands are walked, so a new one is tried without a change here.
"""

from __future__ import annotations

import re
import signal
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from airflow_home import ROOT
from cli.hostile.values import INSTANTS, LABELS, NUMBERS, TEXTS, paths
from supportops.cli.main import app

SECONDS = 10
PERIODS = ("--week", "--day", "--to")


# Making the tree takes as long as several commands.
TREE = get_command(app)


def every_command() -> list[tuple[str, ...]]:
    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield path
        for name, each in (inner or {}).items():
            yield from walk(each, (*path, name))

    return list(walk(TREE, ()))


def command_at(path: tuple[str, ...]) -> Any:
    command: Any = TREE
    for name in path:
        command = command.commands[name]
    return command


@contextmanager
def time_limit(shown: object) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise AssertionError(f"no end after {SECONDS} s: {shown!r:.300}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def obeyed(text: str) -> set[str]:
    """The characters in `text` that a terminal would obey or that could not be seen."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    signs = {sign for sign in text if unicodedata.category(sign) in kinds}
    return signs - set("\n\u200c\u200d")


def answer(arguments: list[str], **variables: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in this process."""
    with time_limit(arguments):
        result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"} | variables)
    shown = [each[:200] for each in arguments]
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"a traceback for {shown}") from result.exception
    assert result.exit_code in (0, 1, 2), shown
    assert not obeyed(result.stdout), shown
    assert not obeyed(result.stderr), shown
    assert "Traceback" not in result.stderr, shown
    if result.exit_code == 2:
        assert result.stderr.startswith("supportops: "), (shown, result.stderr)
    return result.exit_code, result.stdout, result.stderr


def kind_of(parameter: Any) -> str:
    """Such as "list[str] | None"."""
    return str(parameter.type_descriptor.annotation)


def usual(parameter: Any, folder: Path) -> str:
    """A value that the parameter takes."""
    kind = kind_of(parameter)
    if "datetime" in kind:
        return "2026-11-02" if "--to" in parameter.opts else "2026-11-01"
    if "Path" in kind or parameter.name == "file":
        return str(folder / "usual.csv")
    return "http://127.0.0.1:9/" if parameter.name == "urls" else "shop"


def hostile(parameter: Any, folder: Path) -> tuple[str, ...]:
    kind = kind_of(parameter)
    if "datetime" in kind:
        return INSTANTS
    if "Path" in kind:
        return paths(folder)
    if "int" in kind or "float" in kind:
        return NUMBERS
    return (*TEXTS, *LABELS) if set(PERIODS) & set(parameter.opts) else TEXTS


def spelled(parameter: Any, value: str) -> list[str]:
    return [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]


def attempts(path: tuple[str, ...], folder: Path) -> Iterator[list[str]]:
    """The command with each value of each parameter, the others as they should be."""
    parameters = [p for p in command_at(path).params if not getattr(p, "is_flag", False)]
    for number, parameter in enumerate(parameters):
        others = [
            word
            for other in parameters
            if other is not parameter and other.required
            for word in spelled(other, usual(other, folder))
        ]
        for value in hostile(parameter, folder / f"paths{number}"):
            options, arguments = list(others), []
            if parameter.param_type_name == "argument":
                arguments = ["--", value]
            else:
                options += spelled(parameter, value)
            yield [*path, *options, *arguments]
    yield [*path, "--no-such-option\x1b[2J"]
    yield [*path, *(["too many"] * 9)]


@pytest.fixture
def installation(sqlite_template: Path, tmp_path: Path) -> dict[str, str]:
    store = tmp_path / "store.db"
    store.write_bytes(sqlite_template.read_bytes())
    (tmp_path / "usual.csv").write_text("ticket,created\n")
    return {
        "SUPPORTOPS_DATABASE_URL": f"sqlite+pysqlite:///{store}",
        "SUPPORTOPS_CONFIG": str(ROOT / "include/config"),
        "SUPPORTOPS_LOCAL": str(tmp_path / "local"),
    }


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_every_argument_of(
    path: tuple[str, ...],
    installation: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in attempts(path, tmp_path):
        code, _, errors = answer(arguments, **installation)
        if any(re.search("[\0\ud800-\udfff]", each) for each in arguments):
            assert code == 2
            assert len(errors.splitlines()) == 1


def test_an_argument_without_a_command() -> None:
    for text in TEXTS:
        code, _, errors = answer([text])
        assert code == 2
        assert len(errors.splitlines()) == 1
