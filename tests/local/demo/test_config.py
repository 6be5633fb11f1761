"""The demo's configuration: valid as it stands in the repository, and as it is written."""

from __future__ import annotations

import socket
from pathlib import Path

from supportops.config.loader import load
from supportops.local.demo import config as demo_config
from supportops.local.demo.config import SOURCE, choose_ports, secrets, write
from supportops.local.install.installation import Installation


def test_twelve_sites_of_four_customers_on_three_servers() -> None:
    sites = load(SOURCE).fleet.sites

    assert len(sites) == 12
    assert len({site.customer for site in sites}) == 4
    assert {site.host for site in sites} == {"web-1", "web-2", "web-3"}
    assert any(site.pages for site in sites)
    assert all(site.allow_private for site in sites)


def test_one_good_check_ends_an_outage() -> None:
    assert load(SOURCE).fleet.policy.recovery_checks == 1


def test_every_receiver_has_its_address_in_the_environment() -> None:
    named = {target.secret for target in load(SOURCE).alerts.targets().values()}

    assert {f"AIRFLOW_CONN_{name.upper()}" for name in named} <= secrets(choose_ports(8080)).keys()


def test_sites_move_to_free_ports_and_links_to_the_chosen_one(tmp_path: Path) -> None:
    here = Installation(tmp_path, tmp_path / ".local").demo
    here.prepare_demo()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        ports = choose_ports(8123)
        write(here, ports)

        written = load(here.demo_config)
    urls = [site.url for site in written.fleet.sites]
    assert len(set(urls)) == 12
    assert not any(f":{busy}/" in url for url in urls)
    assert written.alerts.board_url == "http://127.0.0.1:8123/plugin/support"


def test_a_taken_port_is_passed_over() -> None:
    first = min(demo_config.named_ports() - {8080})
    free = choose_ports(8080).files[first]
    with socket.create_server(("127.0.0.1", free)):
        assert choose_ports(8080).files[first] != free


def test_no_two_parts_get_the_same_port() -> None:
    ports = choose_ports(18101)

    every = [*ports.files.values(), ports.smtp, ports.http]
    assert len(set(every)) == len(every)
