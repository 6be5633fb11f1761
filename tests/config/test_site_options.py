"""What a site's entry may ask for, and how a fault in it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders import configure
from supportops.config.configuration import Configuration
from supportops.config.loader import load
from supportops.config.yaml_source import ConfigurationError
from supportops.sites.site import RequestOptions, Site

URL = "https://shop.example/"


def loaded(tmp_path: Path, **entry: Any) -> Configuration:
    return load(configure(tmp_path / "config", [{"name": "shop", "url": URL, **entry}]))


def site(tmp_path: Path, **entry: Any) -> Site:
    (only,) = loaded(tmp_path, **entry).fleet.sites
    return only


def test_what_a_site_asks_for_is_read(tmp_path: Path) -> None:
    found = site(
        tmp_path,
        headers={"X-Check": "supportops"},
        user_agent="Agent",
        login="shop_login",
        redirects=3,
        expect={"matches": [r"open \d+"], "text": "visible", "final_host": "WWW.Bücher.example"},
    )
    assert found.request == RequestOptions((("X-Check", "supportops"),), "Agent", "shop_login", 3)
    assert found.expect.matches == (r"open \d+",)
    assert found.expect.visible_text
    assert found.expect.final_host == "www.xn--bcher-kva.example"


def test_a_site_that_asks_for_nothing_has_the_defaults(tmp_path: Path) -> None:
    assert site(tmp_path).request == RequestOptions()


def test_a_page_takes_the_host_of_its_site_and_not_its_patterns(tmp_path: Path) -> None:
    expect = {"matches": ["x"], "text": "visible", "final_host": "www.shop.example"}
    found = site(tmp_path, expect=expect, pages=[{"path": "/basket"}])
    (page,) = found.pages
    assert (page.expect.final_host, page.expect.visible_text) == ("www.shop.example", True)
    assert page.expect.matches == ()


@pytest.mark.parametrize(
    ("written", "steps"),
    [(14, (14, 7, 3, 1)), (30, (30, 14, 7, 3, 1)), (0, (0,)), ([5, 60, 5], (60, 5))],
)
def test_the_days_before_a_certificates_end_are_one_or_several(
    tmp_path: Path, written: object, steps: tuple[int, ...]
) -> None:
    assert site(tmp_path, expect={"certificate_days": written}).expect.certificate_days == steps


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"headers": {"Host": "x"}}, "no header Host"),
        ({"headers": {"content-length": "1"}}, "no header content-length"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "no header Transfer-Encoding"),
        ({"headers": {"Authorization": "Basic x"}}, "for which there is `login`"),
        ({"headers": {"User-Agent": "x"}}, "for which there is `user_agent`"),
        ({"headers": {"If-None-Match": "x"}}, "something else than the page"),
        ({"headers": {"Proxy-Authorization": "x"}}, "for proxies"),
        ({"headers": {"X-A": "1\r\nHost: evil"}}, "one line"),
        ({"headers": {"X-A": "1\nX-B: 2"}}, "one line"),
        ({"headers": {"X-A": "ü"}}, "ASCII"),
        ({"headers": {"X A": "1"}}, "names of headers"),
        ({"headers": {"X-A: 1\r\nX-B": "1"}}, "names of headers"),
        ({"headers": {"": "1"}}, "names of headers"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "once"),
        ({"headers": {f"X-{n}": "1" for n in range(21)}}, "at most 20"),
        ({"headers": {"X-A": "1" * 3000}}, "at most 2000"),
        ({"headers": ["X-A: 1"]}, ""),
        ({"user_agent": "a\r\nb"}, ""),
        ({"login": "user:password"}, "a name of small letters"),
        ({"redirects": -1}, ""),
        ({"redirects": 21}, ""),
        ({"expect": {"final_host": "https://www.shop.example/"}}, "a host name"),
        ({"expect": {"final_host": "shop.example:8080"}}, "without port"),
        ({"expect": {"final_host": ""}}, "a host name"),
        ({"expect": {"matches": ["("]}}, "unclosed group"),
        ({"expect": {"matches": ["(?=x)"]}}, "look-around"),
        ({"expect": {"matches": [r"(a)\1"]}}, "backreferences"),
        ({"expect": {"matches": ["a{9999}"]}}, "no larger than 200"),
        ({"expect": {"matches": ["((a{9}){9}){9}"]}}, "no larger than 200"),
        ({"expect": {"matches": [""]}}, "1 to 200"),
        ({"expect": {"text": "rendered"}}, ""),
        ({"expect": {"certificate_days": -1}}, "a number of days"),
        ({"expect": {"certificate_days": []}}, "a number of days"),
        ({"expect": {"certificate_days": [30, "7"]}}, "a number of days"),
        ({"expect": {"certificate_days": [400]}}, "a number of days"),
        ({"expect": {"certificate_days": True}}, "a number of days"),
        ({"expect": {"certificate_days": list(range(1, 13))}}, "a number of days"),
    ],
)
def test_what_cannot_be_asked_for_is_a_fault_with_its_place(
    tmp_path: Path, entry: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        loaded(tmp_path, **entry)
    (fault,) = wrong.value.faults
    assert expected in fault.expected
    assert "sites.yaml" in str(fault)
    assert "sites[0]." in str(fault)
