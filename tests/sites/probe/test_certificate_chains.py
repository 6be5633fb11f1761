"""Certificates as servers really send them: with intermediates, and with names or without."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from sites.certificates import DAY, NOW, issue, serving
from sites.probing import probe_one
from sites.servers import answer, server
from supportops.sites.certificates import LONGEST_TEXT, MOST_NAMES
from supportops.sites.check import Reason
from supportops.sites.probe.presented import chain_of


@pytest.mark.parametrize(("own", "between", "ends"), [(80, 10, 10), (10, 80, 10)])
def test_the_earliest_end_of_the_chain_is_the_one_that_counts(
    running: ExitStack, tmp_path: Path, own: int, between: int, ends: int
) -> None:
    root = issue("root", 3000)
    middle = issue("middle", between, root)
    leaf = issue("leaf", own, middle, ("localhost",), ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf, middle, root)))
    url = site.url(host="localhost", scheme="https")
    result = probe_one(url, trust=tmp_path / "root.pem")
    assert result.reason is Reason.OK, result.detail
    assert result.certificate_expires == NOW + ends * DAY


def test_an_intermediate_that_has_ended_is_an_expired_certificate(
    running: ExitStack, tmp_path: Path
) -> None:
    root = issue("root", 3000)
    middle = issue("middle", -1, root)
    leaf = issue("leaf", 80, middle, ("localhost",), ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf, middle)))
    result = probe_one(site.url(host="localhost", scheme="https"), trust=tmp_path / "root.pem")
    assert result.reason is Reason.TLS_EXPIRED
    assert result.certificate_expires == NOW - DAY


@pytest.mark.parametrize(
    ("names", "reason"),
    [(("localhost",), Reason.OK), ((), Reason.TLS_NAME), (("other.test",), Reason.TLS_NAME)],
)
def test_a_name_that_is_only_the_common_name_is_none(
    running: ExitStack, tmp_path: Path, names: tuple[str, ...], reason: Reason
) -> None:
    root = issue("root", 3000)
    leaf = issue("localhost", 80, root, names, ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf)))
    result = probe_one(site.url(host="localhost", scheme="https"), trust=tmp_path / "root.pem")
    assert result.reason is reason, result.detail
    assert result.certificate_expires == NOW + 80 * DAY


def test_the_chain_is_told_with_subjects_issuers_names_and_validity(
    running: ExitStack, tmp_path: Path
) -> None:
    root = issue("root", 3000)
    middle = issue("middle", 900, root)
    leaf = issue("shop", 80, middle, ("localhost", "*.localhost"), ca=False)
    (tmp_path / "root.pem").write_bytes(root.pem)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf, middle)))
    url = site.url(host="localhost", scheme="https")
    for trust, reason in ((tmp_path / "root.pem", Reason.OK), (None, Reason.TLS_UNTRUSTED)):
        result = probe_one(url, trust=trust)
        assert result.reason is reason
        assert result.chain is not None
        found = chain_of(result.chain)
        assert found.host == "localhost"
        own, between = found.certificates[:2]
        assert (own.subject, own.issuer) == ("CN = shop", "CN = middle")
        assert own.names == ("localhost", "*.localhost")
        assert (own.begins, own.ends) == (NOW - 30 * DAY, NOW + 80 * DAY)
        assert (between.subject, between.issuer, between.names) == ("CN = middle", "CN = root", ())
        assert not between.self_signed
    assert probe_one(f"http://127.0.0.1:{site.port}/").chain is None


def test_what_a_certificate_says_is_bounded_and_one_printable_line(
    running: ExitStack, tmp_path: Path
) -> None:
    hostile = "Müller, <b>\u202e\x1b[2J\r\nGmbH\\ x"
    names = tuple(f"{'x' * 50}{number}.example" for number in range(300))
    leaf = issue(hostile, 80, names=("localhost", *names), ca=False)
    site = running.enter_context(server(answer(), tls=serving(tmp_path, leaf)))
    found = probe_one(site.url(host="localhost", scheme="https")).chain
    assert found is not None
    (own,) = chain_of(found).certificates
    assert own.self_signed
    assert own.subject == 'CN = "Müller, <b>[2J GmbH\\ x"'
    assert len(own.subject) <= LONGEST_TEXT
    assert (len(own.names), own.more_names) == (MOST_NAMES, 301 - MOST_NAMES)
