"""A recording plays in a real browser, under the policy of the page."""

from __future__ import annotations

import shutil
from pathlib import Path

from flows.tickets.mailing.mails import voicemail, wav
from supportops.db.engine import make_engine
from web.browser.opening import open_page
from web.browser.serving import serving
from web.desk import Desk
from web.tickets.test_recordings import answerphone, leave

LOADED = """() => new Promise((done) => {
    const audio = document.querySelector("audio");
    audio.onloadedmetadata = () => done(audio.duration);
    audio.onerror = () => done(audio.error.message);
    audio.load();
    audio.play().catch(() => {});
})"""


def test_it_plays_on_its_tickets_page(sqlite_template: Path, tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    desk = answerphone(Desk(engine, tmp_path / "config"), tmp_path)
    number = leave(desk, tmp_path, voicemail(audio=wav(1.5)))
    with serving(desk.client.app, user=None) as server:
        with open_page(f"{server.url}/ticket?source=mailbox&id={number}") as opened:
            assert opened.page.evaluate(LOADED) == 1.5
            assert opened.problems == []
            assert opened.barriers() == []
            assert opened.sideways(390) == []
    engine.dispose()
