"""The demo's status pages: where they are written, served and shown."""

from __future__ import annotations

from pathlib import Path

from supportops.bootstrap import status_pages_folder
from supportops.config.loader import load
from supportops.customers import PageAccess
from supportops.local.demo.config import STATUS_PORT, choose_ports, status_pages, write
from supportops.local.install.installation import Installation
from supportops.local.supervisor import components
from supportops.status_pages.address import LEAST_SECRET


def test_the_demo_has_a_public_page_where_its_server_is(tmp_path: Path) -> None:
    here, ports = Installation(local=tmp_path), choose_ports(8080)
    write(here, ports)
    customers = load(here.demo_config).customers
    port = ports.files[STATUS_PORT]
    assert customers.pages.url == f"http://127.0.0.1:{port}/"
    assert customers.get("Bluebird Books").page is PageAccess.PUBLIC
    [server] = [each for each in components.demo(here, 1, 2, port) if each.name == "status pages"]
    assert server.argv[-1] == str(port)


def test_its_processes_know_the_folder_and_the_secret(tmp_path: Path, monkeypatch) -> None:
    here = Installation(local=tmp_path)
    settings = status_pages(here)
    monkeypatch.setenv("SUPPORTOPS_STATUS_PAGES", settings["SUPPORTOPS_STATUS_PAGES"])
    assert status_pages_folder() == here.status_pages
    assert len(settings["AIRFLOW_CONN_STATUS_PAGES"]) >= LEAST_SECRET
