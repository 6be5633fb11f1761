"""`customers.yaml`: what it means, and one clear fault for each thing that is wrong."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import SHIPPED
from config.documented_examples import customers_text
from supportops.config.documents import restore
from supportops.config.loader import Checked, check, load
from supportops.customers import Customer, CustomerReport, Notice, PageAccess

PNG = (
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 64, 32) + b"\0" * 30
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><path d="M0 0h2v1z"/></svg>'
ACME: dict[str, Any] = {
    "name": "Acme Ltd",
    "aliases": ["ACME", "acme.example"],
    "contacts": ["manager"],
    "phones": ["020 7946 0000", "+49 30 901820"],
    "language": "de",
    "logo": "logos/acme.svg",
    "colour": "#0A5C36",
    "notices": ["outage"],
    "page": "public",
    "reports": ["monthly"],
}


def folder(path: Path, *customers: Any, region: str | None = "GB") -> Path:
    path.mkdir(exist_ok=True)
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, path)
    written = {"region": region, "customers": [*customers]}
    (path / "customers.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    (path / "logos").mkdir(exist_ok=True)
    (path / "logos/acme.svg").write_bytes(SVG)
    (path / "logos/acme.png").write_bytes(PNG)
    return path


def lines(checked: Checked) -> list[str]:
    return [str(fault) for fault in checked.all_faults]


def test_a_customer_is_known_by_name_alias_and_number(tmp_path: Path) -> None:
    customers = load(folder(tmp_path / "config", ACME)).customers
    for written in ("Acme Ltd", "acme  ltd", "Acme", " ACME.example "):
        assert customers.named(written) == "Acme Ltd"
        assert customers.key(written) == "acme ltd"
    assert customers.named("Acme Limited") == "Acme Limited"
    acme = customers.get("acme")
    assert (acme.language, acme.colour, acme.page) == ("de", "#0a5c36", PageAccess.PUBLIC)
    assert (acme.notices, acme.reports) == ({Notice.OUTAGE}, {CustomerReport.MONTHLY})
    assert acme.phones == ("+442079460000", "+4930901820")
    for number in ("+442079460000", "020 7946 0000", "(020) 7946-0000"):
        assert customers.by_phone(number) == (acme,)
    assert customers.by_phone("+442079460001") == customers.by_phone("nobody") == ()


def test_a_customer_that_no_entry_names_has_the_defaults(tmp_path: Path) -> None:
    customers = load(folder(tmp_path / "config", {"name": "Bare"})).customers
    assert customers.get("Bare") == Customer("Bare")
    assert customers.get("Somebody else") == Customer("Somebody else")
    assert (customers.knows("BARE"), customers.knows("Somebody else")) == (True, False)


def test_a_number_of_two_customers_is_of_both(tmp_path: Path) -> None:
    phones = {"phones": ["+442079460000"]}
    two = folder(tmp_path / "config", {"name": "A", **phones}, {"name": "B", **phones})
    assert [each.name for each in load(two).customers.by_phone("020 7946 0000")] == ["A", "B"]


def test_without_the_file_a_configuration_is_stored_as_ever(tmp_path: Path) -> None:
    path = folder(tmp_path / "config")
    (path / "customers.yaml").unlink()
    found = check(path)
    assert (lines(found), found.findings) == ([], ())
    assert not {"customers", "logos"} & set(found.configuration.document)
    found.configuration.require("customers")
    assert found.configuration.customers.named("acme") == "acme"


def test_a_stored_configuration_has_its_customers_and_their_logos(tmp_path: Path) -> None:
    path = folder(tmp_path / "config", ACME)
    first = load(path)
    assert restore(first.document).customers == first.customers
    logo = first.customers.get("acme").logo
    assert logo is not None
    assert (logo.media_type, first.pictures[logo.digest]) == ("image/svg+xml", SVG)
    (path / "logos/acme.svg").write_bytes(SVG + b"\n")
    assert load(path).digest != first.digest


def test_while_the_file_is_faulty_the_last_good_version_counts(tmp_path: Path) -> None:
    path = folder(tmp_path / "config", ACME)
    good = load(path)
    (path / "logos/acme.svg").unlink()
    checked = check(path, good.document)
    assert len(lines(checked)) == 1
    assert checked.configuration.customers == good.customers
    assert check(path).configuration.customers.named("acme") == "acme"


def with_(**changes: Any) -> dict[str, Any]:
    return ACME | changes


@pytest.mark.parametrize(
    ("customers", "region", "fault"),
    [
        ([ACME, {"name": "B", "aliases": ["acme"]}], "GB",
         r"customers\[1\].aliases\[0\]: found 'acme', .*stands at customers\[0\].aliases\[0\] too"),
        ([{"name": "B", "aliases": ["acme  LTD"]}, ACME], "GB",
         r"customers\[0\].aliases\[0\].*stands at customers\[1\].name too"),
        ([ACME, {"name": "acme ltd"}], "GB", r"customers\[1\].name"),
        ([with_(phones=["12"])], "GB", "'12', expected a telephone number"),
        ([with_(phones=["020 7946 0000"])], None, "set `region` to the country"),
        ([with_(phones=["call me"])], "GB", "a telephone number"),
        ([with_(phones=["+442079460000"])], "UK", "a country of two capitals"),
        ([with_(contacts=["manger"])], "GB", "a receiver of alerts.yaml.*did you mean manager"),
        ([with_(language="xx")], "GB", "one of en, de, fr"),
        ([with_(colour="green")], "GB", "a colour such as"),
        ([with_(logo="logos/none.png")], "GB", "which is not there"),
        ([with_(logo="../acme.png")], "GB", "a PNG or SVG file in the configuration folder"),
        ([with_(logo="/etc/passwd")], "GB", "a PNG or SVG file in the configuration folder"),
        ([with_(logo="sites.yaml")], "GB", "a PNG or SVG file in the configuration folder"),
        ([with_(notices=["outages"])], "GB", "'outage'.*did you mean outage"),
        ([with_(page="open")], "GB", "'none', 'private' or 'public'"),
        ([with_(alias=["x"])], "GB", "no such key; did you mean aliases"),
        ([with_(name=" ")], "GB", "a name of 1 to 200"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_clear_fault(
    tmp_path: Path, customers: Any, region: str | None, fault: str
) -> None:
    found = lines(check(folder(tmp_path / "config", *customers, region=region)))
    assert len(found) == 1, found
    assert re.search(fault, found[0]), found


SVG_WITH = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("acme.png", SVG, "which is no PNG"),
        ("acme.png", PNG[:16] + struct.pack(">II", 90_000, 90_000) + PNG[24:], "90000 by 90000"),
        ("acme.png", PNG + bytes(200_000), "larger than 200 kB"),
        ("acme.svg", PNG, "no well-formed SVG"),
        ("acme.svg", b"<html/>", "which is no SVG"),
        ("acme.svg", b'<!DOCTYPE svg [<!ENTITY a "aaa">]>' + SVG, "a document type"),
        ("acme.svg", b'<?xml-stylesheet href="http://x/"?>' + SVG, "processing instruction"),
        *(
            ("acme.svg", SVG_WITH.format(inside).encode(), "an SVG")
            for inside in (
                "<script>alert(1)</script>",
                '<path onload="alert(1)"/>',
                "<foreignObject/>",
                '<image x:href="http://x.example/a.png"/>',
                '<use x:href="http://x.example/a.svg#a"/>',
                '<use href="javascript:alert(1)"/>',
                '<a x:href="http://x.example"/>',
                '<set attributeName="onload" to="alert(1)"/>',
                '<animate attributeName="href" values="javascript:alert(1)"/>',
                "<style>@import 'http://x.example/a.css';</style>",
                "<style>path{fill:url(http://x.example/a#b)}</style>",
                '<path style="fill:url(//x.example/a#b)"/>',
                '<path style="fill:u\\72l(//x.example/a#b)"/>',
                '<path fill="url( \'http://x.example/a#b\')"/>',
                '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
                '<g xml:base="http://x.example/"/>',
                "<style>path{fill:image-set('http://x.example/a' 1x)}</style>",
                "<style>path{fill:u<!-- -->rl(http://x.example/a)}</style>",
                "<style>path{fill:u<g/>rl(http:x.example/a)}</style>",
                '<path style="background:url(  //x.example/a)"/>',
                '<g id="a"><path/></g><g id="b"><use href="#a"/></g><use href="#b"/>',
                '<g id="a"><use href="#a"/></g>',
                "<g>" * 60 + "</g>" * 60,
            )
        ),
    ],
)  # fmt: skip
def test_a_hostile_picture_is_a_fault(
    tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    path = folder(tmp_path / "config", with_(logo=f"logos/{name}"))
    (path / "logos" / name).write_bytes(content)
    found = lines(check(path))
    assert len(found) == 1, found
    assert fault in found[0]


def test_a_picture_is_of_the_folder_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    path = folder(tmp_path / "config", with_(logo="logos/acme.png"))
    assert lines(check(path)) == []
    for target in (tmp_path / "secret.png", "/dev/zero", "acme.png", path / "logos"):
        (path / "logos/acme.png").unlink()
        (path / "logos/acme.png").symlink_to(target)
        assert len(lines(check(path))) == 1, target


def test_what_drawing_programs_write_passes(tmp_path: Path) -> None:
    inside = (
        "<!-- made by a program --><title>info@acme.example, http://acme.example</title>"
        '<defs><linearGradient id="a"><stop offset="0"/></linearGradient>'
        '</defs><style>.b{fill:url(#a)}</style><use x:href="#a"/><path fill="url(#a)" class="b"/>'
        '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>'
    )
    path = folder(tmp_path / "config", ACME)
    whole = '<?xml version="1.0" encoding="UTF-8"?>' + SVG_WITH.format(inside)
    (path / "logos/acme.svg").write_text(whole)
    assert lines(check(path)) == []


def test_the_example_of_the_documentation_is_one_without_faults(tmp_path: Path) -> None:
    path = folder(tmp_path / "config")
    (path / "customers.yaml").write_text(customers_text())
    assert lines(check(path)) == []
    assert load(path).customers.named("bluebird") == "Bluebird Books"
