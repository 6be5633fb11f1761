"""`access.yaml`: what it means, and one clear fault or finding for each thing that is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import SHIPPED
from config.documented_examples import access_data
from supportops.config.documents import restore
from supportops.config.loader import Checked, check, load


def folder(path: Path, written: Any) -> Path:
    path.mkdir(exist_ok=True)
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, path)
    customers = {"customers": [{"name": "Acme", "aliases": ["Acme Ltd"]}]}
    (path / "customers.yaml").write_text(yaml.safe_dump(customers))
    text = written if isinstance(written, str) else yaml.safe_dump(written)
    (path / "access.yaml").write_text(text)
    return path


def login(name: Any = "portal", customers: Any = ("Acme",)) -> dict[str, Any]:
    chosen = list(customers) if isinstance(customers, tuple) else customers
    return {"logins": [{"name": name, "customers": chosen}]}


def faults(checked: Checked) -> str:
    return "\n".join(map(str, checked.all_faults))


def findings(checked: Checked) -> list[str]:
    return [str(each) for each in checked.findings if "access.yaml" in str(each)]


def test_what_the_documentation_shows_is_what_it_says(tmp_path: Path) -> None:
    access = load(folder(tmp_path, access_data())).access
    assert access.customers_of("ACME-portal", may_act=False) == {"Acme"}
    assert access.customers_of("acme-portal", may_act=True) == {"Acme"}
    assert access.customers_of("director", may_act=False) is None
    assert access.customers_of("anybody", may_act=False) is None


def test_unlisted_none_closes_the_board_to_whoever_is_not_listed_and_may_only_read(
    tmp_path: Path,
) -> None:
    access = load(folder(tmp_path, {"unlisted": "none"})).access
    assert access.customers_of("anybody", may_act=False) == frozenset()
    assert access.customers_of("anybody", may_act=True) is None


def test_a_stored_configuration_binds_the_same_logins(tmp_path: Path) -> None:
    configuration = load(folder(tmp_path, login()))
    assert restore(configuration.document).access == configuration.access
    (tmp_path / "access.yaml").unlink()
    without = load(tmp_path)
    assert "access" not in without.document
    assert without.access.customers_of("portal", may_act=False) is None


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"logins": [*login()["logins"], *login("PORTAL")["logins"]]}, "stands at logins[0].name"),
        (login(customers=()), "logins[0].customers"),
        (login(customers="Acme"), "logins[0].customers"),
        (login(customers=None), "logins[0].customers"),
        (login(name=""), "logins[0].name"),
        ({"logins": [{"name": "portal"}]}, "logins[0].customers"),
        ({"unlisted": "some"}, "unlisted"),
        ({"login": []}, "did you mean logins?"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, written: Any, words: str) -> None:
    found = faults(check(folder(tmp_path, written)))
    assert words in found
    assert "Traceback" not in found


def test_a_customer_that_no_file_names_is_a_finding_with_the_name_that_was_meant(
    tmp_path: Path,
) -> None:
    (found,) = findings(check(folder(tmp_path, login(customers=("ACME", "Acme Ltdd")))))
    assert "Acme Ltdd" in found
    assert "did you mean Acme Ltd?" in found
    assert findings(check(folder(tmp_path, login(customers=("acme  LTD",))))) == []
    (tmp_path / "customers.yaml").unlink()
    assert findings(check(folder(tmp_path, login(customers=("Nobody Such",)))))


def test_a_file_without_any_usable_version_opens_nothing(tmp_path: Path) -> None:
    first = check(folder(tmp_path, "logins: [")).configuration.access
    assert first.customers_of("portal", may_act=False) == frozenset()
    last_good = load(folder(tmp_path, login())).document
    after = check(folder(tmp_path, "logins: ["), last_good).configuration
    assert after.access.customers_of("portal", may_act=False) == {"Acme"}


def test_a_folder_that_is_empty_for_a_while_unbinds_no_login(tmp_path: Path) -> None:
    """As during a checkout, or where the folder is not mounted."""
    path = folder(tmp_path, login() | {"unlisted": "none"})
    before = check(path).configuration
    empty = tmp_path / "empty"
    empty.mkdir()
    now = check(empty, before.document)
    assert "access.yaml: found no such file" in faults(now)
    assert "customers.yaml: found no such file" in faults(now)
    assert now.configuration.access == before.access
    assert now.configuration.customers == before.customers


def test_a_file_that_is_removed_binds_nobody_any_more(tmp_path: Path) -> None:
    path = folder(tmp_path, login())
    before = check(path).configuration
    (path / "access.yaml").unlink()
    now = check(path, before.document)
    assert faults(now) == ""
    assert now.configuration.access.customers_of("portal", may_act=False) is None


def test_a_link_to_what_is_not_there_is_no_removed_file(tmp_path: Path) -> None:
    path = folder(tmp_path, login())
    before = check(path).configuration
    (path / "access.yaml").unlink()
    (path / "access.yaml").symlink_to(tmp_path / "nowhere")
    now = check(path, before.document)
    assert "access.yaml: found a link to what is not there" in faults(now)
    assert now.configuration.access == before.access


def test_a_first_file_with_faults_opens_nothing_to_whoever_may_only_read(tmp_path: Path) -> None:
    path = folder(tmp_path, login())
    (path / "access.yaml").unlink()
    before = check(path).configuration
    (path / "access.yaml").write_text("logins: [")
    for earlier in (None, before.document):
        now = check(path, earlier)
        assert "until it is right, a login that may only read sees nothing" in faults(now)
        for configuration in (now.configuration, restore(now.configuration.document)):
            access = configuration.access
            assert access.customers_of("portal", may_act=False) == frozenset()
            assert access.customers_of("portal", may_act=True) is None
