"""`rehome price`."""

from typing import Annotated

import typer

from console import shell


def price(  # noqa: PLR0917 - the shell passes options by name
    cdr: Annotated[
        str,
        typer.Option(metavar="FILE", help="One OCPI CDR, a list of them, or an answer that holds them; - is stdin."),
    ],
    tariff: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The agreed tariff or tariffs; else those that the CDR encloses count."),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="The location's, such as Europe/Lisbon; only CDRs of 2.1.1 carry it."),
    ] = None,
    rounding: Annotated[
        str, typer.Option(metavar="AT[:MODE]", help="total, period or line; half_up, half_even or down.")
    ] = "total:half_up",
    vat: Annotated[
        str | None, typer.Option(metavar="PERCENT", help="Agreed VAT, for tariffs of 2.1.1, which cannot say it.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="The CDR's version of OCPI; told by its fields if not given.")
    ] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Explain line by line what a session should have cost, and hold it against what its CDR states.

    Exit status 0 if every CDR states its price, 1 if one differs, 3 if nobody can say of one. Needs no server.
    """
    from console import price_lines, pricing

    wanted = pricing.wanted(timezone=timezone, rounding=rounding, vat=vat, version=version)
    result = pricing.price(cdr, tariff, wanted)
    shell.show(result, price_lines.lines, as_json=as_json)
    raise typer.Exit(pricing.status(result))
