"""The demo sites over real sockets, in each way to be broken."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from supportops.local.demo import breakage
from supportops.local.demo.breakage import FailureMode
from supportops.local.supervisor.port import free_from, is_free

INCLUDE = Path(__file__).parents[3] / "include"
REPOSITORY_CONFIG = INCLUDE / "config"
Url = Callable[[str], str]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return tmp_path / "broken.json"


@pytest.fixture
def shop(tmp_path: Path, broken: Path) -> Iterator[str]:
    """The address of a demo shop with one further page, served by a process of its own."""
    port = free_from(28100)
    config = tmp_path / "config"
    config.mkdir()
    for name in ("alerts.yaml", "service_levels.yaml"):
        (config / name).write_text((REPOSITORY_CONFIG / name).read_text())
    (config / "sites.yaml").write_text(
        f"sites: [{{name: shop, customer: A & B, url: 'http://127.0.0.1:{port}/', "
        "allow_private: true, expect: {contains: ['Add to <basket>']}, "
        "pages: [{path: /checkout, expect: {contains: [Pay now]}}]}]"
    )
    farm = subprocess.Popen(
        [sys.executable, "-m", "supportops.local.demo.farm", str(config), str(broken)],
        env={"PYTHONPATH": str(INCLUDE)},
    )
    url = f"http://127.0.0.1:{port}"
    until(lambda: answers(url))
    yield url
    farm.terminate()
    farm.wait()


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def status(url: str) -> int:
    return requests.get(url, timeout=5).status_code


def test_a_healthy_site_shows_its_texts_escaped_and_its_pages(shop: str) -> None:
    front = requests.get(shop, timeout=5)

    assert "Add to &lt;basket&gt;" in front.text
    assert '<a href="/checkout">' in front.text
    assert "Pay now" in requests.get(f"{shop}/checkout", timeout=5).text
    assert status(f"{shop}/elsewhere") == 404


def test_a_refusing_site_refuses_and_comes_back(shop: str, broken: Path) -> None:
    breakage.write(broken, {"shop": FailureMode.REFUSED})
    until(lambda: not answers(shop))
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(shop, timeout=5)
    # Its port stays its own: nobody else may take it meanwhile.
    assert not is_free(urlsplit(shop).port or 0, unused=True)

    breakage.write(broken, {})
    until(lambda: answers(shop))


def test_a_site_in_error_answers_503(shop: str, broken: Path) -> None:
    breakage.write(broken, {"shop": FailureMode.ERROR})

    until(lambda: status(shop) == 503)


def test_a_site_without_its_text_answers_200_with_another(shop: str, broken: Path) -> None:
    breakage.write(broken, {"shop": FailureMode.TEXT})

    until(lambda: "database connection" in requests.get(shop, timeout=5).text)
    assert status(shop) == 200
    assert "basket" not in requests.get(shop, timeout=5).text


def test_a_broken_page_fails_while_the_site_is_up(shop: str, broken: Path) -> None:
    breakage.write(broken, {"shop": FailureMode.PAGE})

    until(lambda: status(f"{shop}/checkout") == 500)
    assert status(shop) == 200


def test_a_hanging_site_takes_the_request_and_says_nothing(shop: str, broken: Path) -> None:
    breakage.write(broken, {"shop": FailureMode.HANG})
    until(lambda: not quick(shop))

    with pytest.raises(requests.ReadTimeout):
        requests.get(shop, timeout=(5, 1))


def test_a_slow_site_answers_all_the_same(shop: str, broken: Path) -> None:
    breakage.write(broken, {"shop": FailureMode.SLOW})
    until(lambda: not quick(shop))

    assert requests.get(shop, timeout=30).status_code == 200


def quick(url: str) -> bool:
    try:
        return requests.get(url, timeout=(5, 1)).ok
    except requests.ReadTimeout:
        return False


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"shop": "exploded"}', "null"])
def test_a_damaged_state_means_that_nothing_is_broken(broken: Path, damage: str) -> None:
    broken.write_text(damage)

    assert breakage.read(broken) == {}
