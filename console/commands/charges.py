"""`rehome charges`."""

from typing import Annotated

import typer

from console import shell


def charges(
    station: Annotated[str, typer.Option(help="Of one station.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """List charges that began at one back-office and ended when their station was led to another.

    Each is put together from its start and the stop that the gateway kept; what cannot be put together is listed with
    the reason. Exit status 1 if a kept stop is left over: a person decides.
    """
    home = shell.home()
    from console import straddling

    told = straddling.charges(home, station_id=station or None)
    shell.show(told, straddling.lines, as_json=as_json)
    if told["left_over"]:
        raise typer.Exit(1)
