"""The commands about triage, as a shell meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supportops.cli.main import app


@pytest.fixture(autouse=True)
def _store(store_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.delenv("SUPPORTOPS_CONFIG", raising=False)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


HEAD = "subject,text,tier\n"


def labelled(tmp_path: Path, *rows: str) -> str:
    file = tmp_path / "texts.csv"
    file.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return str(file)


def test_rules_are_tried_on_labelled_texts(tmp_path: Path) -> None:
    file = labelled(
        tmp_path,
        "Help,our site is down,mission_critical",
        "Help,how do I log in?,user_support",
        "Help,my keyboard melts,bug_fix",
    )
    plain = call("triage", "test", file)
    assert plain.exit_code == 0
    assert "2 of 3 right (66.7%), 0 doubtful" in plain.output
    assert "my keyboard melts" in plain.output
    found = json.loads(call("triage", "test", file, "--json").output)
    assert found["confusion"]["bug_fix"] == {
        "bug_fix": 0,
        "mission_critical": 0,
        "user_support": 1,
    }
    (miss,) = found["misses"]
    assert (miss["line"], miss["expected"], miss["found"]) == (4, "bug_fix", "user_support")
    assert (found["texts"], found["right"], found["share"]) == (3, 2, 0.6667)


@pytest.mark.parametrize(("at_least", "code"), [("66", 0), ("66.6", 0), ("67", 1), ("101", 2)])
def test_a_share_may_be_required(tmp_path: Path, at_least: str, code: int) -> None:
    file = labelled(
        tmp_path, "a,site is down,mission_critical", "b,hello,user_support", "c,hello,bug_fix"
    )
    assert call("triage", "test", file, "--at-least", at_least).exit_code == code


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column subject, text, tier"),
        (b"subject;text;tier\na;b;c\n", "no column"),
        (b"subject,text,tier\n", "no row"),
        (b"subject,text,tier\na,b,\n", "line 2: no tier"),
        ("subject,text,tier\na,\xfc,x\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "texts.csv"
    file.write_bytes(content)
    result = call("triage", "test", str(file))
    assert result.exit_code == 2
    assert reason in result.output


def test_a_channel_and_headers_are_explained() -> None:
    found = call("triage", "explain", "site is down", "--header", "Auto-Submitted=auto-replied")
    assert found.output.startswith("user_support: an automatic reply")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["explain"], "nothing to explain"),
        (["explain", "x", "--ticket", "1"], "give nothing else"),
        (["explain", "--ticket", "404"], "no ticket '404'"),
        (["explain", "x", "--header", "a"], "NAME=VALUE"),
        (["decide", "404", "bug_fix", "--by", "anna"], "no ticket '404'"),
        (["decide", "404", "bug_fixx", "--by", "anna"], "did you mean bug_fix?"),
        (["decide", "404", "bug_fix", "--by", " "], "--by is empty"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], reason: str) -> None:
    result = call("triage", *arguments)
    assert result.exit_code == 2
    assert reason in result.output


QUESTION = """ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags
T1,1,2026-07-01T10:00Z,created,customer,,Hello,Is our site down?,ann,,,,
T2,1,2026-07-01T11:00Z,created,customer,,Hello,Our site is down.,ann,,,,
"""


def test_a_doubtful_ticket_is_listed_explained_and_decided(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(QUESTION)
    assert call("tickets", "import", str(file)).exit_code == 0
    (listed,) = json.loads(call("triage", "doubtful", "--json").output)
    assert (listed["ticket"], listed["tier"], listed["may_be"]) == (
        "T1",
        "mission_critical",
        ["user_support"],
    )
    assert "import/T1" in call("triage", "doubtful").output
    explained = call("triage", "explain", "--ticket", "T1")
    assert explained.output.startswith("mission_critical: a site or server is down")
    assert "doubtful: it may be user_support" in explained.output
    assert "the ticket's tier is mission_critical, by a site or server is down" in explained.output
    words = call("tickets", "show", "T1").output.split()
    assert " ".join(words).endswith("doubtful, it may be user_support")

    decided = call("triage", "decide", "T1", "user_support", "--by", "anna")
    assert decided.output == "import/T1 is user_support, decided by anna\n"
    assert "no open ticket is doubtful" in call("triage", "doubtful").output
    shown = json.loads(call("tickets", "show", "T1", "--json").output)
    assert shown["ticket"]["tier"] == "user_support"
    again = json.loads(call("triage", "explain", "--ticket", "import/T1", "--json").output)
    assert (again["tier"], again["doubtful"]) == ("mission_critical", True)
    assert (again["stored_tier"], again["stored_by"]) == ("user_support", "decided by anna")
    # A decision can be corrected, a tier that was never in doubt is not decided here.
    assert call("triage", "decide", "T1", "bug_fix", "--by", "bo").exit_code == 0
    assert json.loads(call("tickets", "show", "T1", "--json").output)["ticket"]["tier"] == "bug_fix"
    sure = call("triage", "decide", "T2", "bug_fix", "--by", "bo")
    assert sure.exit_code == 2
    assert "import/T2 is not doubtful" in sure.output
