"""Killed with SIGKILL at each step of the store, nothing is lost and nothing is sent twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from flows.customers.noticing.agency import Agency
from supportops.db.engine import reading, store_url
from supportops.db.schema import messages, notice_comments

TESTS = Path(__file__).parents[3]
INCLUDE = TESTS.parent / "include"


BEGIN_AND_COMMIT = ("begin", "commit")


def killed(act: str, address: str, file: Path, moments: tuple[str, ...] = BEGIN_AND_COMMIT) -> int:
    """How many processes died of it."""
    order = {
        "store": store_url(address).render_as_string(hide_password=False),
        "file": str(file),
        "act": act,
        "moments": moments,
    }
    done = subprocess.run(
        [
            sys.executable,
            str(TESTS / "flows/customers/noticing/killed_rounds.py"),
            json.dumps(order),
        ],
        env={"PYTHONPATH": f"{INCLUDE}:{TESTS}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("act", ["round", "approve"])
def test_each_notice_is_sent_once_whatever_is_killed(
    act: str, store: Engine, store_address: str, tmp_path: Path
) -> None:
    died = killed(act, store_address, tmp_path / "file")
    agency = Agency(store)
    assert died > 3
    threads = agency.threads()
    assert len(threads) == died + 2
    for thread in threads:
        states = [f"{n.kind.value} {n.state.value}" for n in thread.notices]
        assert states == ["first sent", "end sent"]
        assert thread.closed_at is not None
    with reading(store) as connection:
        sent = select(messages.c.alert).where(messages.c.alert.startswith("notice:"))
        mails = Counter(connection.execute(sent).scalars())
    keys = [f"notice:{n.id}" for thread in threads for n in thread.notices]
    assert mails == Counter(keys), "one mail for each notice, in one transaction with it"


def test_each_comment_is_posted_once_whatever_is_killed(
    store: Engine, store_address: str, tmp_path: Path
) -> None:
    died = killed("comment", store_address, tmp_path / "file", ("commit",))
    assert died > 1
    posted = (tmp_path / "file").read_text().splitlines()
    with reading(store) as connection:
        rows = connection.execute(select(notice_comments.c.state)).scalars().all()
    assert rows == ["posted"] * (died + 1)
    assert len(posted) == len(set(posted)) == died + 1
