"""`supportops customers`: the customers, their names, and who has a telephone number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from supportops.bootstrap import config_folder
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, print_json
from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.config.configuration import Configuration
    from supportops.customers import Customer

app = typer.Typer(name="customers", help="Customers and their names.", no_args_is_help=True)


@app.command("list")
def listed(as_json: Json = False) -> None:
    """List every customer that a file names, with aliases, numbers, contacts and sites."""
    from supportops.config.findings.raised import customers_named

    configuration = _configuration()
    names = sorted(customers_named(configuration), key=str.casefold)
    found = [configuration.customers.get(name) for name in names]
    if as_json:
        print_json([_json(each, configuration) for each in found])
        return
    for each in found:
        echo(printable_line(_line(each, configuration)))


@app.command("who")
def who(
    number: Annotated[str, typer.Argument(help="A telephone number, as it was shown or dialled.")],
    as_json: Json = False,
) -> None:
    """Show whose a telephone number is. Exit 1 where it is nobody's."""
    from supportops.customers import phone_number

    customers = _configuration().customers
    called = phone_number(number, customers.region)
    if called is None:
        where = f" in {customers.region}" if customers.region else "; begin with + and the country"
        fail(f"{number!r} can be no telephone number{where}")
    found = customers.by_phone(called)
    if as_json:
        print_json({"number": called, "customers": [each.name for each in found]})
    else:
        names = ", ".join(each.name for each in found)
        echo(printable_line(f"{called}: {names or 'nobody in customers.yaml'}"))
    raise typer.Exit(FINE if found else FINDINGS)


def _configuration() -> Configuration:
    from supportops.config.configuration import File
    from supportops.config.loader import check

    configuration = check(config_folder()).configuration
    configuration.require(File.CUSTOMERS)
    return configuration


def _sites(customer: Customer, configuration: Configuration) -> list[str]:
    sites = configuration.displayed().fleet.sites
    return [s.name for s in sites if configuration.customers.same(s.customer, customer.name)]


def _line(customer: Customer, configuration: Configuration) -> str:
    sites = len(_sites(customer, configuration))
    parts = [
        f"also {', '.join(customer.aliases)}" if customer.aliases else "",
        ", ".join(customer.phones),
        f"to {', '.join(customer.contacts)}" if customer.contacts else "no contact",
        customer.language,
        f"{sites} site{'' if sites == 1 else 's'}",
    ]
    return f"{customer.name}: {'; '.join(part for part in parts if part)}"


def _json(customer: Customer, configuration: Configuration) -> dict[str, Any]:
    return {
        "name": customer.name,
        "aliases": customer.aliases,
        "contacts": customer.contacts,
        "phones": customer.phones,
        "language": customer.language,
        "logo": customer.logo.file if customer.logo else None,
        "colour": customer.colour,
        "notices": sorted(customer.notices),
        "page": customer.page,
        "reports": sorted(customer.reports),
        "sites": _sites(customer, configuration),
    }
