"""The certificates of a site are recorded when they change, and not with each check."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from builders import NOON
from flows.websites import Checks
from sites.certificates import DAY, Issued, issue, serving
from sites.servers import answer, server
from supportops.db.engine import reading, writing
from supportops.sites.certificates import Chain, ServedCertificate, from_json, to_json
from supportops.sites.log.chains import (
    MOST_OF_A_SITE,
    SeenChain,
    chains_of,
    current_digests,
    record,
)


def chain(issuer: str) -> Chain:
    own = ServedCertificate("CN=shop", issuer, ("shop.example",), 2, NOON - DAY, NOON + DAY)
    return Chain("shop.example", (own, ServedCertificate("", "")))


def record_one(store: Engine, issuer: str, minutes: float, site: str = "shop") -> None:
    with writing(store) as connection:
        since = NOON + timedelta(minutes=minutes)
        record(connection, {site: SeenChain(issuer, chain(issuer), since)})


def issuers(store: Engine, site: str = "shop") -> list[str]:
    with reading(store) as connection:
        return [each.chain.certificates[0].issuer for each in chains_of(connection, site, 99)]


def test_a_chain_is_the_same_after_it_was_stored() -> None:
    assert from_json(to_json(chain("CN=a"))) == chain("CN=a")


def test_the_last_one_is_current_also_where_it_was_seen_before(store: Engine) -> None:
    for minutes, issuer in enumerate(("CN=a", "CN=b", "CN=a")):
        record_one(store, issuer, minutes)
    record_one(store, "CN=c", 9, site="blog")
    assert issuers(store) == ["CN=a", "CN=b"]
    with reading(store) as connection:
        assert current_digests(connection, ["shop", "blog", "wiki"]) == {
            "shop": "CN=a",
            "blog": "CN=c",
        }


def test_a_site_with_another_certificate_each_time_fills_no_store(store: Engine) -> None:
    record_one(store, "CN=x", -5, site="blog")
    for number in range(MOST_OF_A_SITE + 7):
        record_one(store, f"CN={number}", number)
    assert issuers(store)[0] == f"CN={MOST_OF_A_SITE + 6}"
    assert len(issuers(store)) == MOST_OF_A_SITE
    assert issuers(store, "blog") == ["CN=x"]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_check_records_the_chain_once_and_again_when_it_is_another(
    store: Engine, tmp_path: Path
) -> None:
    written: list[str] = []

    @event.listens_for(store, "before_cursor_execute")
    def _note(_c: object, _u: object, statement: str, *_: object) -> None:
        if "certificate_chains" in statement and not statement.startswith("SELECT"):
            written.append(statement)

    desk, first, second = Checks(store, tmp_path / "config"), issued("one"), issued("two")
    context = serving(tmp_path, first)
    with server(answer(), tls=context) as site:
        url = site.url(host="localhost", scheme="https")
        desk.write([{"name": "shop", "url": url, "pages": [{"path": "/more"}]}])
        desk.run()
        assert issuers(store) == ["CN = one"]
        once = len(written)
        desk.run(after=5)
        assert len(written) == once
        serving(tmp_path, second)
        context.load_cert_chain(tmp_path / "served.pem")
        desk.run(after=5)
    assert issuers(store) == ["CN = two", "CN = one"]
    with reading(store) as connection:
        newest, oldest = chains_of(connection, "shop", 9)
    assert newest.since > oldest.since


def issued(name: str) -> Issued:
    return issue(name, 80, names=("localhost",))
