"""`supportops demo`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supportops.cli.main import app
from supportops.local.demo import breakage
from supportops.local.demo.breakage import FailureMode
from supportops.local.demo.config import choose_ports, write
from supportops.local.install.installation import Installation
from supportops.mailbox.audio import audio_type, wav_seconds
from supportops.mailbox.caller import caller_of
from supportops.mailbox.parsing import parse

RUNNER = CliRunner()


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    here = Installation(tmp_path, tmp_path / ".local").demo
    here.prepare_demo()
    write(here, choose_ports(8080))
    return here


def typed(here: Installation, *words: str) -> Result:
    return RUNNER.invoke(app, ["demo", *words, "--local", str(here.local.parent)])


def test_a_site_is_broken_and_mended(here: Installation) -> None:
    answer = typed(here, "break", "bluebird-shop")

    assert answer.exit_code == 0
    assert "bluebird-shop refuses connections from now on." in answer.output
    assert breakage.read(here.broken) == {"bluebird-shop": FailureMode.REFUSED}
    assert "bluebird-shop answers well again." in typed(here, "mend", "bluebird-shop").output
    assert breakage.read(here.broken) == {}


def test_a_server_means_all_of_its_sites(here: Installation) -> None:
    typed(here, "break", "web-2", "--how", "hang")

    broken = breakage.read(here.broken)
    assert set(broken.values()) == {FailureMode.HANG}
    assert sorted(broken) == [
        "kestrel-hire",
        "northgate-booking",
        "northgate-dental",
        "northgate-jobs",
    ]


def test_breaking_another_site_leaves_the_first_broken(here: Installation) -> None:
    typed(here, "break", "bluebird-shop", "--how", "error")
    typed(here, "break", "harbour-trust", "--how", "slow")

    assert breakage.read(here.broken) == {
        "bluebird-shop": FailureMode.ERROR,
        "harbour-trust": FailureMode.SLOW,
    }
    assert typed(here, "mend", "--all").output.count("answers well again") == 2
    assert typed(here, "mend", "--all").output == "None of these was broken.\n"


def test_a_job_and_a_domain_are_broken_and_mended(here: Installation) -> None:
    stopped = typed(here, "break", "shop-backup", "example.net").output
    assert "shop-backup does not run any more from now on." in stopped
    assert "example.net has other records from now on." in stopped
    assert "supportops domains check --again" in stopped
    assert "Next check" not in stopped
    assert "shop-backup does not run any more" in typed(here, "status").output
    assert "example.net is as it was." in typed(here, "mend", "--all").output


def test_an_unknown_site_is_one_line_with_the_known_ones(here: Installation) -> None:
    for act in ("break", "mend"):
        answer = typed(here, act, "blubird-shop")

        assert answer.exit_code == 2
        assert "no demo site 'blubird-shop'; there are: bluebird-books, " in answer.stderr
        assert len(answer.stderr.splitlines()) == 1


def test_a_site_without_pages_has_none_to_break(here: Installation) -> None:
    answer = typed(here, "break", "kestrel-cycles", "--how", "page")

    assert answer.exit_code == 2
    assert "these have: bluebird-shop, northgate-booking" in answer.stderr
    assert typed(here, "break", "bluebird-shop", "--how", "page").exit_code == 0


@pytest.mark.parametrize("words", [[], ["bluebird-shop", "--all"]])
def test_mend_wants_names_or_all_and_not_both(here: Installation, words: list[str]) -> None:
    answer = typed(here, "mend", *words)

    assert answer.exit_code == 2
    assert "name the sites to mend, or --all" in answer.stderr


def test_without_a_demo_it_says_how_to_get_one(tmp_path: Path) -> None:
    for words in (["break", "x"], ["mend", "x"], ["status"]):
        answer = RUNNER.invoke(app, ["demo", *words, "--local", str(tmp_path)])

        assert answer.exit_code == 2
        assert "`make demo` starts one" in answer.stderr


def test_without_a_running_airflow_nothing_can_be_checked_at_once(here: Installation) -> None:
    answer = typed(here, "check")

    assert answer.exit_code == 2
    assert "nothing runs here that could check; `make demo` does" in answer.stderr


def test_the_state_lists_every_site(here: Installation) -> None:
    typed(here, "break", "bluebird-shop", "--how", "text")

    output = typed(here, "status").output

    assert output.count("answers well") == 11
    assert "shows a database error" in output


def test_a_message_on_the_answerphone_is_read_as_one(here: Installation) -> None:
    answer = typed(here, "voicemail")

    assert answer.exit_code == 0
    assert "A message waits on the answerphone" in answer.output
    (file,) = (here.answerphone / "new").iterdir()
    mail = parse(file.read_bytes())
    assert caller_of(mail, "GB").number == "+442079460958"
    (recording,) = mail.attachments
    assert audio_type(recording.content) == "audio/wav"
    assert wav_seconds(recording.content) == pytest.approx(2.4)
