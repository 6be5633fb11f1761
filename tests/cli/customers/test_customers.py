"""`supportops customers`: who they are, and whose a telephone number is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.test_customers_file import ACME, folder
from supportops.cli.main import app


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = folder(tmp_path / "config", ACME, {"name": "Odd\x1b[2J", "phones": ["020 7946 0001"]})
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(path))
    return path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["customers", *arguments])


def test_the_list_has_every_customer_that_a_file_names() -> None:
    lines = call("list").output.splitlines()
    assert lines == [
        "Acme Ltd: also ACME, acme.example; +442079460000, +4930901820; to manager; de; 0 sites",
        "Example Ltd: no contact; en-GB; 1 site",
        "Odd\\x1b[2J: +442079460001; no contact; en-GB; 0 sites",
    ]
    found = json.loads(call("list", "--json").output)
    assert found[0]["logo"] == "logos/acme.svg"
    assert found[1]["sites"] == ["Example"]


def test_a_number_is_known_however_it_is_written() -> None:
    for written in ("020 7946 0000", "+44 (0)20 7946 0000", "0044 20 79460000"):
        result = call("who", written)
        assert (result.exit_code, result.output) == (0, "+442079460000: Acme Ltd\n"), written
    nobody = call("who", "+442079460009")
    assert (nobody.exit_code, nobody.output) == (
        1,
        "+442079460009: nobody in customers.yaml\n",
    )
    assert call("who", "no number").exit_code == 2


def test_a_faulty_file_is_said_so(config: Path) -> None:
    (config / "customers.yaml").write_text("customers: [{}]")
    result = call("list")
    assert result.exit_code == 2
    assert "customers.yaml:1" in result.stderr
