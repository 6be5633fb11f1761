"""The import contracts hold, and edits of a copy that break one fail the lint."""

from __future__ import annotations

import ast
import contextlib
import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases

from airflow_home import ROOT

PACKAGE = ROOT / "include" / "supportops"
LAYERS = "Layers"
INDEPENDENT = "Capabilities do not know each other"
AIRFLOW = "Only dags/ and plugins/ know Airflow"
STEPS = "Entrances use a flow, never its steps"
WRITING = "Entrances use a flow, never what it writes with"
PURE = "Pure folders compute"
PURE_FILES = "In a capability only the named parts"
PURE_USE = "What computes in a capability"

MARKER = "only_in_the_copy"
MUTATIONS = [
    ("flows/sla/explain_ticket.py", "from supportops.cli.tables import sla", LAYERS),
    ("db/engine.py", "from supportops.cli.output import fail", LAYERS),
    ("sites/site.py", "from supportops.flows.sites import site_check", LAYERS),
    ("flows/alerts/alert_acts.py", "from supportops.web import page", LAYERS),
    ("web/acts/alerts.py", "from supportops.local import demo", LAYERS),
    ("web/acts/alerts.py", "from supportops.flows.sites.checking import shard", STEPS),
    ("rendering/gsm7.py", "def render_later():\n    from supportops.web import app", LAYERS),
    ("utils.py", "", LAYERS),
    ("sites/site.py", "from supportops.alerts import alert", INDEPENDENT),
    ("web/app.py", "from airflow.sdk import Connection", AIRFLOW),
    ("cli/sites/sites.py", "from supportops.flows.sites.checking import shard", STEPS),
    ("local/__main__.py", "from supportops.flows.reports.reporting import pipeline", STEPS),
    ("cli/alerts/alerts.py", "from supportops.alerts.store import list_open", WRITING),
    ("local/demo/tickets.py", "from supportops.db.schema import tickets", WRITING),
    ("sla/clock.py", "import sqlalchemy", PURE),
    ("sla/clock.py", "from supportops.db.engine import reading", PURE),
    ("sla/a_new_file.py", "import socket", PURE),
    ("sla/a_new_folder/a_new_file.py", "from httpx import get", PURE),
    ("reports/measuring/trend.py", "def run():\n    import subprocess", PURE),
    ("reports/measuring/trend.py", "import os.path", PURE),
    ("reports/measuring/trend.py", "from supportops.config.loader import load", PURE),
    ("reports/words/cells.py", "import pydantic", PURE),
    ("sla/due.py", "from time import time", PURE),
    ("sla/due.py", "from supportops.schedule import schedule_zone", PURE),
    ("sites/judging/fold.py", "import sqlalchemy", PURE_FILES),
    ("sites/push/judging.py", "import socket", PURE_FILES),
    ("tickets/imports/guessing.py", "import requests", PURE_FILES),
    ("sites/a_new_file.py", "import httpx", PURE_FILES),
    ("tickets/folding.py", "import subprocess", PURE_FILES),
    ("tickets/triage.py", "import os", PURE_FILES),
    ("alerts/escalation.py", "from supportops.db.engine import reading", PURE_FILES),
    ("alerts/message.py", "from supportops.notify.send import send", PURE_FILES),
    ("alerts/channels/sms.py", "import apprise", PURE_FILES),
    ("reports/period.py", "import socket", PURE_FILES),
    ("sites/judging/fold.py", "from supportops.sites import store", PURE_USE),
    ("sites/domains/judging.py", "from supportops.sites.probe import probe", PURE_USE),
    ("alerts/escalation.py", "from supportops.alerts.outbox import pending", PURE_USE),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's Python files in a folder of their own."""
    folder = tmp_path_factory.mktemp("lint") / "supportops"
    shutil.copytree(PACKAGE, folder, ignore=_all_but_python)
    (folder / "cli" / f"{MARKER}.py").touch()
    return folder


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    return [n for n in names if not n.endswith(".py") and not (Path(folder) / n).is_dir()]


def broken_contracts(copy: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the contracts that the package in `copy` breaks."""
    monkeypatch.delitem(sys.modules, "supportops", raising=False)
    monkeypatch.syspath_prepend(copy.parent)
    configuration.configure()
    options = use_cases.read_user_options(str(ROOT / "pyproject.toml"))
    use_cases._register_contract_types(options)
    with contextlib.redirect_stdout(io.StringIO()):
        report = use_cases.create_report(options, cache_dir=None)
    assert not report.could_not_run
    assert f"supportops.cli.{MARKER}" in report.graph.modules
    checked = report.get_contracts_and_checks()
    return [contract.name for contract, check in checked if not check.kept]


@contextlib.contextmanager
def edited(file: Path, line: str) -> Iterator[None]:
    """`file` with one more line, in a folder that is made where there is none."""
    folder, before = file.parent, file.read_text() if file.exists() else None
    made = not folder.exists()
    if made:
        folder.mkdir()
        (folder / "__init__.py").touch()
    file.write_text(f"{before or ''}\n{line}\n")
    try:
        yield
    finally:
        file.unlink() if before is None else file.write_text(before)
        if made:
            shutil.rmtree(folder)


def test_the_package_keeps_every_contract(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken_contracts(copy, monkeypatch) == []


@pytest.mark.parametrize(("file", "line", "contract"), MUTATIONS)
def test_an_edit_breaks_its_contract(
    copy: Path, monkeypatch: pytest.MonkeyPatch, file: str, line: str, contract: str
) -> None:
    with edited(copy / file, line):
        broken = broken_contracts(copy, monkeypatch)
    assert any(name.startswith(contract) for name in broken), broken


# What the entrances outside of the package may import of it; of flows a file of a group, which
# is no folder of steps.
ENTRANCE_MAY_USE = ("bootstrap", "config", "flows", "schedule", "web")
FLOWS = [[file.parent.name, file.stem] for file in (PACKAGE / "flows").glob("*/*.py")]


def reaches_past_a_flow(source: str) -> list[str]:
    """The modules that a DAG or plugin file imports though only flows may."""
    names = _imported(source)
    return [name for name in names if name.startswith("supportops.") and not _allowed(name)]


def _imported(source: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def _allowed(name: str) -> bool:
    first, *rest = name.split(".")[1:]
    if first == "flows":
        return any(flow == rest[: len(flow)] for flow in FLOWS)
    return first in ENTRANCE_MAY_USE


@pytest.mark.parametrize(
    "file",
    [*sorted((ROOT / "dags").rglob("*.py")), *sorted((ROOT / "plugins").rglob("*.py"))],
    ids=lambda file: file.stem,
)
def test_a_dag_or_plugin_uses_flows_and_never_their_steps(file: Path) -> None:
    assert reaches_past_a_flow(file.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "from supportops.flows.reports.reporting.pipeline import make_reports",
        "from supportops.flows.reports import reporting",
        "from supportops.flows import reports",
        "import supportops.flows.sites.checking.shard",
        "def task():\n    from supportops.alerts.store import list_open",
        "from supportops.db.engine import writing",
    ],
)
def test_a_dag_that_imports_a_step_is_found(line: str) -> None:
    assert reaches_past_a_flow(line) != []


ENTRANCES = [ROOT / "dags", ROOT / "plugins", *(PACKAGE / f for f in ("cli", "local", "web"))]


def test_a_flow_that_no_entrance_uses_is_a_step_of_another() -> None:
    files = [file for folder in ENTRANCES for file in folder.rglob("*.py")]
    used = {name for file in files for name in _imported(file.read_text())}
    names = {".".join(("supportops.flows", *flow)) for flow in FLOWS if flow[1] != "__init__"}
    assert len(names) >= 40
    assert {
        flow for flow in names if not any(f"{name}.".startswith(f"{flow}.") for name in used)
    } == set()


# Files that find something outside of their own top-level folder, and what.
REACHES = {
    "local/demo/config.py": "the shipped configuration",
    "local/install/compose_secrets.py": "the project's folder",
    "local/install/installation.py": "the project's folder",
    "rendering/render.py": "the templates of every capability",
}
OTHER_WAYS = ("importlib.resources", "pkgutil", "__path__", "__spec__")


def reaches_by_path(source: str, depth: int) -> bool:
    """Whether code `depth` folders below the package finds a folder outside of its top folder."""
    if any(way in source for way in OTHER_WAYS):
        return True
    return any(steps > depth for steps in _steps_up(source))


def _steps_up(source: str) -> Iterator[int]:
    """How many folders each expression that begins with `Path(__file__)` goes up."""
    nodes = list(ast.walk(ast.parse(source)))
    parents = {id(child): node for node in nodes for child in ast.iter_child_nodes(node)}
    for node in nodes:
        if not (isinstance(node, ast.Name) and node.id == "__file__"):
            continue
        steps, at = 0, parents.get(id(node))
        while isinstance(at, ast.Call | ast.Attribute | ast.Subscript):
            if isinstance(at, ast.Attribute):
                steps += at.attr in ("parent", "parents", "with_name")
            elif isinstance(at, ast.Subscript):
                steps += int(ast.literal_eval(at.slice))
            at = parents.get(id(at))
        yield steps


def test_no_file_reaches_into_another_folder_by_path() -> None:
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        inner = file.relative_to(PACKAGE)
        if len(inner.parts) > 1 and reaches_by_path(file.read_text(), len(inner.parts) - 1):
            found.append(inner.as_posix())
    assert found == sorted(REACHES)


@pytest.mark.parametrize(
    "code",
    [
        'FILE = Path(__file__).parents[1] / "local" / "demo"',
        "FILE = Path(__file__).resolve().parent.parent",
        'FILE = importlib.resources.files("supportops.local")',
    ],
)
def test_a_flow_that_reaches_into_local_by_path_is_found(code: str) -> None:
    assert reaches_by_path(code, depth=1)


@pytest.mark.parametrize(
    "code", ['STATIC = Path(__file__).parent / "static"', 'X = Path(__file__).with_name("x.sql")']
)
def test_what_lies_beside_a_file_may_be_found_by_path(code: str) -> None:
    assert not reaches_by_path(code, depth=1)
