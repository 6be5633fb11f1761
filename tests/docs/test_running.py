"""The commands that the docs show do what they are for: each is run, on a store with rows."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from airflow_home import ROOT
from docs.commands import commands_of, shown
from docs.installation import Installation
from docs.others import RUN_ELSEWHERE
from supportops.db.engine import make_engine
from supportops.sites.push.proof import check_signature
from web.boards import NOON, make_board
from web.browser.seeding import INCIDENT, WEEK
from web.browser.serving import serving

_BOARD = "$BOARD/"


@pytest.fixture(scope="module")
def installation(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    before = Path.cwd()
    folder = tmp_path_factory.mktemp("installation")
    os.chdir(folder)
    yield Installation(folder, sqlite_template)
    os.chdir(before)


def ours() -> list[tuple[str, ...]]:
    """Each form of a command of ours in the blocks: other values of the same options once."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for command in shown():
        words = command.words
        if command.whole and words[0].removeprefix(".venv/bin/") == "supportops":
            options = tuple(word for word in words if word.startswith("--"))
            found.setdefault((*words[1:3], *options, str(len(words))), words[1:])
    return list(found.values())


def elsewhere(words: tuple[str, ...]) -> bool:
    return words[:1] in RUN_ELSEWHERE or words[:2] in RUN_ELSEWHERE


def test_every_command_in_a_block_is_run(installation: Installation) -> None:
    run = [words for words in ours() if not elsewhere(words) and words[0] != "public"]
    assert len(run) > 55
    ends = {" ".join(words): installation.try_out(words) for words in run}
    assert {words: end[2] for words, end in ends.items() if end[0] == 2} == {}
    silent = {words for words, end in ends.items() if not end[1].strip()}
    assert silent <= {words for words in ends if words.startswith("metrics --out")}


def test_what_is_run_elsewhere_is() -> None:
    for file, text in RUN_ELSEWHERE.values():
        assert text in (ROOT / file).read_text(), file
    needless = {path for path in RUN_ELSEWHERE if not any(w[: len(path)] == path for w in ours())}
    assert needless == set()


def test_the_public_endpoint_starts_and_ends(installation: Installation) -> None:
    words = next(words for words in ours() if words[0] == "public")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = tuple(port if word.isdecimal() else word for word in words)
    secrets = {"AIRFLOW_CONN_ALERT_LINKS": "generic://:0123456789abcdef0123456789abcdef@"}
    environment = os.environ | installation.settings(installation.seed) | secrets
    command = [sys.executable, "-m", "supportops.cli.main", *words]
    with subprocess.Popen(command, env=environment) as process:
        try:
            assert _answer(int(port)) == 404  # no such link; it listens and judges
        finally:
            process.terminate()


def _answer(port: int) -> int | None:
    """The status of an unknown link, as soon as anything answers."""
    for _ in range(100):
        with suppress(OSError):
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/no-such-link")
                return connection.getresponse().status
        time.sleep(0.1)
    return None


def test_the_requests_of_the_api_are_answered(installation: Installation) -> None:
    engine = make_engine(f"sqlite+pysqlite:///{installation.seed}")
    with serving(make_board(engine, lambda: NOON), user=None) as server:
        answers = {" ".join(words): _ask(server.url, words) for words in _requests()}
    engine.dispose()
    assert len(answers) >= 7
    assert {words: said for words, said in answers.items() if said[0] != 200} == {}
    board = next(said for words, (_, said) in answers.items() if "/api/board" in words)
    assert "verdict" in board  # as jq takes it
    found = next(said for words, (_, said) in answers.items() if "/api/alerts" in words)
    assert [row["alert"]["key"] for group in found["groups"] for row in group["rows"]] == [INCIDENT]


def _requests() -> Iterator[tuple[str, ...]]:
    """The words of each curl of the page that asks the board."""
    for command in commands_of("api.md", (ROOT / "docs/api.md").read_text()):
        if command.words[0] == "curl" and any(_BOARD in word for word in command.words):
            yield command.words


def _ask(board: str, words: tuple[str, ...]) -> tuple[int, dict[str, Any]]:
    """What curl would get; Airflow's part, to find whose token it is, is done by a header."""
    after = dict(pairwise(words))
    body = re.sub(r"outage:shop:[^\"]*", INCIDENT, after["-d"]).encode() if "-d" in after else None
    headers = {"x-user": "ada"}
    for before, word in pairwise(words):
        if before == "-H":
            name, value = word.split(": ")
            headers[name] = value
    parts = urlsplit(next(word for word in words if _BOARD in word).replace(_BOARD, f"{board}/"))
    query = parts.query.replace("W46", "W45").replace("W47", WEEK[-3:])  # those that are stored
    url = parts._replace(query=quote(query, safe="=&:")).geturl()
    request = urllib.request.Request(url, body, headers, method=after.get("-X", "GET"))
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, {"said": error.read().decode()}


def test_a_push_that_is_signed_as_the_page_shows_counts() -> None:
    page = (ROOT / "docs/push.md").read_text()
    (block,) = re.findall(r"(?:^    .*\n)+", page[page.index("**Signed.**") :], re.MULTILINE)[:1]
    shell = f"curl() {{ printf '%s\\n' \"$@\"; }}; KEY=a-key-of-the-receiver\n{block}"
    done = subprocess.run(["sh", "-euc", shell], capture_output=True, text=True, check=True)
    sent = done.stdout.splitlines()
    headers = dict(sent[at + 1].split(": ") for at, word in enumerate(sent) if word == "-H")
    body = sent[sent.index("--data-binary") + 1].encode()
    signature = headers["X-Supportops-Signature"]
    stamp = headers["X-Supportops-Timestamp"]
    check_signature("a-key-of-the-receiver", stamp, signature, body, datetime.now(UTC))


def test_the_secrets_that_the_docs_have_made_are_long_enough() -> None:
    made = {
        each.words
        for each in shown()
        if each.words[:2] == ("openssl", "rand") or each.words[:2] == ("python3", "-c")
    }
    assert len(made) >= 3
    for words in made:
        program = sys.executable if words[0] == "python3" else words[0]
        done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=True)
        assert len(done.stdout.strip()) >= 32, words
