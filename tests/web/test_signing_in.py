"""Where a browser is sent that opens an address of the board without being signed in."""

from __future__ import annotations

from typing import Never
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from supportops.config.snapshots import LastConfiguration
from supportops.web.app import make_app
from supportops.web.pages.registry import FILES, PAGES
from web.boards import NOON

LOGIN = "/api/v2/auth/login"
OPENS = {"sec-fetch-mode": "navigate", "accept": "text/html"}


def airflow(prefix: str = "") -> TestClient:
    """A board for which nobody is signed in, mounted as Airflow does."""

    def nobody() -> None:
        raise HTTPException(401, "Not authenticated")

    def no_store() -> Never:
        raise AssertionError("it was opened for nobody")

    board = make_app(no_store, LastConfiguration(), lambda: NOON, viewer=nobody, login=LOGIN)
    outside = FastAPI(root_path=prefix)
    outside.mount("/support", board)
    return TestClient(outside, base_url="https://airflow.example", follow_redirects=False)


@pytest.mark.parametrize("path", [*(page.path for page in PAGES), *(file.path for file in FILES)])
def test_every_page_leads_to_the_login_and_back(path: str) -> None:
    asked = f"/support{path}?key=a%2Fb%26c%20%C3%A9&next=https%3A%2F%2Fevil.example"
    answer = airflow().get(asked, headers=OPENS)
    assert answer.status_code == 302
    to = urlsplit(answer.headers["location"])
    assert (to.netloc, to.path) == ("", LOGIN)
    assert parse_qs(to.query) == {"next": [asked]}
    assert answer.headers["cache-control"] == "no-store"


def test_the_part_below_which_airflow_is_published_stays() -> None:
    asked = "/airflow/support/alerts?page=2"
    to = urlsplit(airflow("/airflow").get(asked, headers=OPENS).headers["location"])
    assert to.path == f"/airflow{LOGIN}"
    assert parse_qs(to.query) == {"next": [asked]}


def test_a_browser_that_does_not_say_what_for_is_known_by_what_it_accepts() -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert airflow().get("/support/alerts", headers=browser).status_code == 302
    assert airflow().get("/support/alerts").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "same-origin", "accept": "text/html"},
        {"sec-fetch-mode": "no-cors"},
        OPENS | {"authorization": "Bearer of-yesterday"},
    ],
)
def test_what_no_person_waits_for_is_refused(headers: dict[str, str]) -> None:
    assert airflow().get("/support/alerts", headers=headers).status_code == 401


def test_an_act_is_refused_and_never_sent_on() -> None:
    answer = airflow().post("/support/act/acknowledge", json={"key": "x"}, headers=OPENS)
    assert answer.status_code == 401
