"""`rehome invoice`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="Invoices between partners and us, held against the CDRs that they list.", no_args_is_help=True)


@app.command("import")
def invoice_import(
    file: Annotated[Path, typer.Argument(help="JSON, OCPI 2.3.0 invoice reconciliation records, or CSV.")],
    partner: Annotated[str, typer.Option(help="With which partner.")],
    issuer: Annotated[Literal["ours", "theirs"], typer.Option(help="Who sent it.")] = "theirs",
    net: Annotated[str, typer.Option(help="Its amount without VAT, where the file states none.")] = "",
    currency: Annotated[str, typer.Option(help="Its currency, where the file states none.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Take in an invoice with the list of what it bills. Taken in again, it is replaced."""
    home = shell.home()
    from console import invoicing

    result = invoicing.take_in(
        home,
        file,
        partner=partner,
        issuer=issuer,
        net=invoicing.amount(net, "--net") if net else None,
        currency=currency.upper() or None,
    )
    shell.show(result, invoicing.import_lines, as_json=as_json)


@app.command("tie-out")
def invoice_tie_out(
    partner: Annotated[str | None, typer.Option(help="Only with this partner.")] = None,
    invoice: Annotated[str | None, typer.Option(help="Only this invoice.")] = None,
    tolerance: Annotated[str, typer.Option(help="A remainder up to this amount is not named.")] = "0",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Sum the CDRs that each invoice lists, and name every difference. Exit status 1 if one does not tie out."""
    home = shell.home()
    from console import invoicing

    result = invoicing.tied_out(
        home, partner=partner, invoice_id=invoice, tolerance=invoicing.amount(tolerance, "--tolerance")
    )
    shell.show(result, invoicing.tie_out_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["is_tied"] else shell.Exit.NO)


def money(
    partner: Annotated[str | None, typer.Option(help="Only with this partner.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show the money at risk per partner, wave, age and whose turn it is. Exit status 1 if there is any."""
    home = shell.home()
    from console import casework

    result = casework.money(home, partner)
    shell.show(result, casework.money_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["at_risk"] else shell.Exit.PASS)
