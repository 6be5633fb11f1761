"""The agency's logo and colour: on status pages, the page of service levels, and in notices."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from flows.customers.noticing.agency import Agency as Noticing
from flows.customers.noticing.agency import configuration as of_notices
from flows.customers.publishing.agency import CUSTOMERS, SITES, Agency
from supportops.config.documents import restore
from supportops.config.loader import check
from supportops.customers import Logo
from supportops.flows.alerts import alert_dispatch
from supportops.flows.reports.reporting.selection import audience_of_customer
from supportops.flows.sla import service_levels_page

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
    b'<rect width="9" height="9"/></svg>'
)
AGENCY = {"name": "Example Agency", "logo": "logos/agency.svg", "colour": "#123456"}
on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
pytestmark = on_sqlite


def logos(folder: Path, **files: bytes) -> None:
    (folder / "logos").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "logos" / name.replace("_", ".")).write_bytes(content)


@pytest.fixture
def agency(store: Engine, tmp_path: Path) -> Agency:
    found = Agency(store, tmp_path)
    logos(found.config, agency_svg=SVG, kestrel_png=PNG)
    bikes = {**CUSTOMERS[1], "logo": "logos/kestrel.png", "colour": "#abcdef"}
    found.configure(SITES, [CUSTOMERS[0], bikes], agency=AGENCY)
    levels = found.config / "service_levels.yaml"
    levels.write_text(levels.read_text() + "\ncontact: {email: support@agency.example}\n")
    found.activate()
    found.check()
    found.write()
    return found


def test_pages_carry_it_where_a_customer_has_no_look_of_their_own(agency: Agency) -> None:
    assert (agency.folder / "logo.svg").read_bytes() == SVG
    assert 'src="logo.svg"' in agency.page()
    assert 'fill="#123456"' in agency.page()
    harbour = agency.folder / agency.addresses()["Harbour Trust"]
    assert (harbour / "logo.svg").read_bytes() == SVG
    assert 'fill="#123456"' in agency.page("Harbour Trust")
    kestrel = agency.folder / agency.addresses()["Kestrel Cycles"]
    assert (kestrel / "logo.png").read_bytes() == PNG
    assert not (kestrel / "logo.svg").exists()
    assert 'fill="#abcdef"' in agency.page("Kestrel Cycles")
    assert 'src="logo.svg"' in (agency.folder / "service-levels.html").read_text()
    assert "#123456" in (agency.folder / "service-levels.css").read_text()


def test_it_goes_when_it_is_not_configured_any_more(agency: Agency) -> None:
    agency.configure(SITES)
    agency.activate()
    agency.later()
    agency.write()
    assert not [name for name in agency.files() if "logo" in name]


def test_a_page_that_loads_nothing_has_it_inside(agency: Agency) -> None:
    page = service_levels_page.html(check(agency.config).configuration, agency.now)
    assert f"data:image/svg+xml;base64,{base64.b64encode(SVG).decode()}" in page
    assert "Example Agency" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_a_customers_month_has_it_unless_the_customer_has_one(agency: Agency) -> None:
    configuration = check(agency.config).configuration
    customers, plan = configuration.customers, configuration.reports
    books, bikes = (
        audience_of_customer(customers.get(name), plan, customers.agency).brand
        for name in ("Bluebird Books", "Kestrel Cycles")
    )
    assert books is not None
    assert bikes is not None
    assert configuration.pictures[books.logo or ""] == SVG
    assert configuration.pictures[bikes.logo or ""] == PNG
    assert (books.name, books.colour) == ("Example Agency", "#0a5c36")
    assert bikes.colour == "#abcdef"


def hostile(folder: Path, what: str) -> str:
    place = folder / "logos"
    match what:
        case "script":
            (place / "x.svg").write_bytes(SVG.replace(b"<rect", b"<script>alert(1)</script><rect"))
        case "huge":
            (place / "x.png").write_bytes(PNG[:16] + b"\x00\x01\x00\x00" * 2 + PNG[24:])
            return "logos/x.png"
        case "large":
            (place / "x.svg").write_bytes(SVG + b" " * 200_001)
        case "out of it":
            return "../secret.svg"
        case "link":
            (folder.parent / "secret.svg").write_bytes(SVG)
            (place / "x.svg").symlink_to(folder.parent / "secret.svg")
        case "device":
            (place / "x.svg").symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(place / "x.svg")
        case "folder":
            (place / "x.svg").mkdir()
    return "logos/x.svg"


@pytest.mark.parametrize(
    "what", ["script", "huge", "large", "out of it", "link", "device", "pipe", "folder", "none"]
)
def test_what_is_no_harmless_picture_is_one_fault(agency: Agency, what: str) -> None:
    named = hostile(agency.config, what)
    document = {"customers": CUSTOMERS, "agency": {"logo": named}}
    (agency.config / "customers.yaml").write_text(json.dumps(document))
    (fault,) = check(agency.config).all_faults
    assert (fault.file, fault.path) == ("customers.yaml", "agency.logo")
    shutil.rmtree(agency.config / "logos")


def noticing(store: Engine, folder: Path, content: bytes) -> Noticing:
    folder.mkdir()
    logos(folder, agency_svg=content)
    (folder / "customers.yaml").write_text(yaml.safe_dump({"agency": AGENCY}))
    digests = {"logos/agency.svg": Logo("", hashlib.sha256(SVG).hexdigest()).digest}
    document = dict(of_notices({"approval": "none", "signature": None}).document)
    document["customers"] = {**document["customers"], "agency": AGENCY}
    found = Noticing(store)
    found.activate(restore(document | {"logos": digests}))
    found.down("acme-shop")
    found.round()
    found.clock.turn(minutes=1)
    alert_dispatch.run(store, found.desk.secrets.get, found.clock, send=found.send, folder=folder)
    return found


def mail_of(found: Noticing) -> Any:
    (mail,) = found.messages("acme_email")
    return mail


def test_a_notice_shows_it_as_a_picture_inside_the_mail(store: Engine, tmp_path: Path) -> None:
    mail = mail_of(noticing(store, tmp_path / "config", SVG))
    (image,) = mail.images
    assert image.content.startswith(b"\x89PNG")
    assert f'src="cid:{image.name}"' in mail.html
    assert "#123456" in mail.html
    assert mail.text.rstrip().endswith("Example Agency")


def test_a_picture_that_is_another_by_now_keeps_no_notice_back(
    store: Engine, tmp_path: Path
) -> None:
    mail = mail_of(noticing(store, tmp_path / "config", SVG + b"<!-- -->"))
    assert mail.images == ()
    assert "cid:" not in mail.html
    assert "acme-shop cannot be reached" in mail.html
