"""Each command that the docs show exists, with its options, services, targets and modules.

Those of supportops in blocks are parsed to the last value here and run in test_running.py. What
belongs to other programs is marked as untried on its page, or named in test_running.py.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import yaml
from typer.main import get_command

from airflow_home import ROOT
from docs.commands import LANGUAGES, Shown, commands_of, languages, said, short_forms, shown
from docs.others import RUN_OTHERS
from supportops.cli.main import app

TREE = get_command(app)
SHOWN = shown()
# Programs of others, whose options are theirs.
OTHERS = {
    *("airflow", "backup.sh", "cd", "cp", "curl", "echo", "git", "helm", "jq", "kubectl", "mv"),
    *("openssl", "pg_dump", "pg_restore", "umask"),
}
OWN = {"cd", "backup.sh"}  # of the shell, and of the reader
COMPOSE_OPTIONS = {
    *("-d", "--build", "--rm", "-T", "-v", "--entrypoint", "--scale", "--remove-orphans"),
    *("--profile", "-u", "--user", "-f", "--tail", "--no-deps", "-e", "--pull"),
}
COMPOSE_COMMANDS = {
    *("up", "down", "ps", "logs", "exec", "run", "cp", "stop", "start", "restart", "build"),
    *("config", "pull"),
}
WITH_A_VALUE = {"-v", "--entrypoint", "--scale", "--profile", "-u", "--user", "--tail", "-e", "-f"}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
PROFILES = {name for each in COMPOSE["services"].values() for name in each.get("profiles", ())}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def fault(command: Shown) -> str | None:
    """What is wrong with a command, in words."""
    first, *rest = command.words
    first = first.removeprefix(".venv/bin/")
    if first == "supportops":
        return fault_of_ours(tuple(rest), whole=command.whole)
    if first == "make":
        wrong = [word for word in rest if "=" not in word and word not in TARGETS]
        return f"no target {wrong[0]}" if wrong else None
    if first == "docker":
        found = fault_of_compose(rest, whole=command.whole)
        return found or (None if not command.whole or command.untried else "not marked as untried")
    if first in ("python", "python3"):
        return fault_of_module(rest)
    if first not in OTHERS:
        return f"who is {first}?"
    return (
        None
        if not command.whole or first in OWN or tried_or_marked(command)
        else "run by no test, not marked"
    )


def tried_or_marked(command: Shown) -> bool:
    """Whether a test runs this command of another program, or its page says that none does."""
    return command.untried or (command.page, command.words[0]) in RUN_OTHERS


def fault_of_ours(words: tuple[str, ...], *, whole: bool) -> str | None:
    command: Any = TREE
    path: list[str] = []
    left = list(words)
    while left and (inner := getattr(command, "commands", None)):
        if left[0] in ("...", "NAME") or left[0].startswith("-"):
            break
        if left[0] not in inner:
            return f"no command {' '.join([*path, left[0]])}"
        command = inner[left[0]]
        path.append(left.pop(0))
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for word in left:
        name = word.split("=")[0]
        if re.match(r"--?[a-z]", word) and name not in known | {"--help", "-h"}:
            return f"no option {word} of {' '.join(path)}"
    if not whole or "..." in left:
        return None
    return fault_of_values(list(words))


def fault_of_values(words: list[str]) -> str | None:
    """Parses as the program does, down to the last command, and runs nothing."""
    try:
        context = TREE.make_context("supportops", words)
        while rest := [*context._protected_args, *context.args]:
            _, command, rest = context.command.resolve_command(context, rest)
            if command is None:
                return "no such command"
            context = command.make_context(command.name, rest, parent=context)
            if not hasattr(command, "commands"):
                break
    except SystemExit as end:
        return f"exit code {end.code}"
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def fault_of_compose(words: list[str], *, whole: bool) -> str | None:
    if words[:1] != ["compose"]:
        return "not docker compose"
    plain: list[str] = []
    entrypoint = ""
    left = iter(words[1:])
    for word in left:
        if not word.startswith("-"):
            plain.append(word)
            if len(plain) == 2 and plain[0] in ("exec", "run"):
                break  # what follows the service is its own
        elif word not in COMPOSE_OPTIONS:
            return f"no option {word} that is known here"
        elif word in WITH_A_VALUE:
            value = next(left, "")
            if word == "--profile" and value not in PROFILES:
                return f"no profile {value}"
            if word == "--scale" and value.split("=")[0] not in COMPOSE["services"]:
                return f"no service {value}"
            if word == "--entrypoint":
                entrypoint = value
    if plain and plain[0] not in COMPOSE_COMMANDS:
        return f"no command {plain[0]} that is known here"
    services = [word.split(":")[0] for word in plain[1:2] if ":" in word or plain[0] != "cp"]
    services = [each for each in services if each not in ("NAME", "...", ".")]
    if wrong := [each for each in services if each not in COMPOSE["services"]]:
        return f"no service {wrong[0]}"
    inner = list(left)
    if inner[:1] == ["supportops"] or entrypoint == "supportops":
        ours = inner if entrypoint else inner[1:]
        return fault_of_ours(tuple(ours), whole=whole)
    if services == ["store"]:  # its entrypoint is `supportops db`
        return fault_of_ours(("db", *inner), whole=whole)
    return None


def fault_of_module(words: list[str]) -> str | None:
    if words[:1] == ["-c"]:
        return None
    if words[:1] != ["-m"] or len(words) < 2:
        return "no module"
    if words[1] == "pytest":
        path = ROOT / words[2]
        return None if path.exists() else f"no {words[2]}"
    found = _source_of(words[1])
    if found is None:
        return f"no module {words[1]}"
    for word in words[2:]:
        name = word.split("=")[0]
        if name[:2] == "--" and f'"{name}"' not in found and f'("{name[2:]}",' not in found:
            return f"no option {word} of {words[1]}"
    return None


@functools.cache
def _source_of(module: str) -> str | None:
    for root in (ROOT, ROOT / "include", ROOT / "tests"):
        path = root.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__main__.py"):
            if file.is_file():
                return file.read_text()
    return None


def test_every_command_of_the_docs_exists_with_its_options() -> None:
    assert len(SHOWN) > 250
    wrong = {str(each): found for each in SHOWN if (found := fault(each)) is not None}
    assert wrong == {}


def test_what_our_own_messages_and_files_name_exists() -> None:
    found = list(dict.fromkeys(said(TREE.commands)))
    assert len(found) > 60
    assert {str(each): why for each in found if (why := fault(each)) is not None} == {}


def test_a_command_named_without_its_program_exists() -> None:
    names = {name: getattr(each, "commands", {}) for name, each in TREE.commands.items()}
    found = list(short_forms(names))
    assert len(found) > 20
    assert {str(each): why for each in found if (why := fault(each)) is not None} == {}


def test_no_block_hides_its_commands_in_another_language() -> None:
    assert {each for each in languages() if each[1] not in LANGUAGES} == set()


def test_a_command_that_is_neither_run_nor_marked_is_found() -> None:
    block = "```sh\ndocker compose up -d\nkubectl get pods\n```\n"
    for text, expected in (
        (f"# Page\n\n## Up\n{block}", 2),
        (f"# Page\n\n## Down\nThis is untried.\n\n## Up\n{block}", 2),
        (f"# Page\n\n## Up\nThis is untried.\n{block}", 0),
        (f"# Page\n\nThese are not run by\na test.\n\n## Up\n{block}", 0),
    ):
        found = [each for each in commands_of("page.md", text) if fault(each)]
        assert len(found) == expected, text


def test_what_is_wrong_is_found() -> None:
    page = (
        "This is untried.\n"
        "```sh\nsupportops alerts lst\nsupportops alerts list --jason | jq .\nmake nothing  # x\n"
        "docker compose exec nobody supportops doctor\n15 4 * * *  cd /srv && supportops nothing\n"
        "docker compose run --rm --entrypoint supportops airflow-init db restor x\n"
        "docker compose --profile nothing up -d\n.venv/bin/python -m bench.nothing\n"
        "supportops log-call\nsupportops availability --from yesterday\n```\n"
        "In a sentence: `supportops db backup|verfy`, `python -m bench.board --nothing`.\n"
    )
    found = [each for each in commands_of("page.md", page) if fault(each)]
    assert [" ".join(each.words[-2:]) for each in found] == [
        *("alerts lst", "list --jason", "make nothing", "supportops doctor", "supportops nothing"),
        *("restor x", "up -d", "-m bench.nothing", "supportops log-call", "--from yesterday"),
        *("db verfy", "bench.board --nothing"),
    ]
