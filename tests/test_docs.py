"""The prose keeps its promises: links lead somewhere, files named exist, sizes hold."""

import re
import tomllib

import pytest
from typer.main import get_command

from airflow_home import ROOT
from sites.behaviours import page as what_counts_as_up
from supportops.alerts.alert import Kind
from supportops.cli.main import app
from supportops.flows.operations.doctor import CHECKS
from supportops.sites.check import Reason
from supportops.web.tiles import Status

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_somewhere(page) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


def test_every_link_to_a_heading_has_that_heading() -> None:
    found = 0
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            text = re.sub(
                r"^```.*?^```",
                "",
                (page.parent / (target or page.name)).read_text(),
                flags=re.M | re.S,
            )
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            known = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
            assert anchor in known, f"{page.name}: {target}#{anchor}"
            found += 1
    assert found > 10


def test_the_files_that_the_readme_sends_people_to_exist() -> None:
    text = (ROOT / "README.md").read_text()
    table = text.split("| to change | open")[1].split("Licence:")[0]
    names = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    assert len(names) > 10
    for name in names:
        assert (ROOT / "include" / "supportops" / name).exists(), name


@pytest.mark.parametrize("page", ["architecture.md", "decisions"])
def test_the_modules_that_the_docs_name_exist(page: str) -> None:
    found = ROOT / "docs" / page
    package = ROOT / "include" / "supportops"
    for path in sorted(found.glob("0*.md")) if found.is_dir() else [found]:
        for name in re.findall(r"`([a-z_]+/[\w/]+\.py)`", path.read_text()):
            assert (package / name).exists() or (ROOT / name).exists(), f"{path.name}: {name}"


def test_the_tests_that_the_page_on_security_names_exist() -> None:
    named = set(re.findall(r"`(tests/[\w./]+)`", (ROOT / "docs" / "security.md").read_text()))
    assert len(named) > 20
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


def test_each_journey_takes_at_most_ten_steps_that_all_name_files() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    journeys = re.findall(r"^## \w+ journey.*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert len(journeys) == 2
    for journey in journeys:
        steps = re.findall(r"^\d+\. .*?(?=^\d+\. |\Z)", journey, re.MULTILINE | re.DOTALL)
        assert 1 < len(steps) <= 10
        assert all(".py`" in step for step in steps)


def test_the_make_targets_that_the_prose_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for name in re.findall(r"`make ([a-z]+)`", page.read_text()):
            assert name in targets, f"{page.name}: make {name}"


def test_every_decision_has_context_choice_and_price() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("0*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        for part in ("## Context", "## Choice", "## Price"):
            assert part in page.read_text(), f"{page.name} lacks {part}"


def test_the_index_of_decisions_lists_each_by_its_title() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("0*.md"))
    titles = {page.name: page.read_text().splitlines()[0].split(". ", 1)[1] for page in pages}
    index = (ROOT / "docs/decisions/README.md").read_text()
    assert re.findall(r"^- \[\d+\]\((.*?)\) (.*)$", index, re.MULTILINE) == [*titles.items()]


def test_the_page_on_what_counts_as_up_says_what_the_tests_test() -> None:
    page = what_counts_as_up.PAGE.read_text()
    assert page == what_counts_as_up.written(page), "run `make docs`"
    assert all(f"`{reason}`" in page for reason in Reason)
    assert [row.state for row in what_counts_as_up.STATES] == [
        *("up", "degraded", "fault", "down", "unknown", "maintenance")
    ]
    assert {row.state for row in what_counts_as_up.STATES} == set(Status)


def test_the_lock_holds_every_dependency_with_a_hash() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.txt").read_text()
    for requirement in project["dependencies"]:
        name = re.match(r"[\w-]+", requirement)[0]
        assert re.search(rf"^{name}(\[\w+\])?==\S+ .*\\$", lock, re.MULTILINE), name
    assert "--hash=sha256:" in lock
    assert "://" not in re.sub(r"#.*", "", lock)


RUNBOOK = (ROOT / "docs/runbook.md").read_text()


def test_the_runbook_has_a_section_for_every_alert_and_every_check_of_the_doctor() -> None:
    sections = re.findall(r"^### (.*)$", RUNBOOK, re.MULTILINE)
    assert len(sections) == len(set(sections))
    expected = {kind.name for kind in Kind} | set(CHECKS) | {"test messages"}
    assert set(sections) == expected


def test_the_runbook_says_what_each_alert_of_the_installation_is_about() -> None:
    """One kind stands for several things that can be wrong, with other things to do."""
    named = re.compile(r'^(?:SUBJECT|_SUBJECT|UNJUDGEABLE|SCHEDULE) = "(.*?) ?"$', re.MULTILINE)
    flows = sorted((ROOT / "include/supportops/flows").rglob("*.py"))
    subjects = {name for file in flows for name in named.findall(file.read_text())}
    assert len(subjects) >= 11
    alone = {"configuration", "site check"}  # the kind has no other subject
    for subject in subjects - alone:
        assert re.search(rf'(^\| {subject}\b|"{subject}\b)', RUNBOOK, re.MULTILINE), subject


def test_every_command_of_the_runbook_exists() -> None:
    commands: dict[str, set[str]] = {}
    for name, command in get_command(app).commands.items():
        commands[name] = set(getattr(command, "commands", {}))
    named = re.findall(r"`supportops\s([a-z-]+)(?:\s([a-z-]+))?", RUNBOOK)
    assert len(named) >= 20
    for name, below in named:
        assert name in commands, name
        assert not (commands[name] and below) or below in commands[name], f"{name} {below}"
