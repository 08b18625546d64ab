"""`rehome alarms`."""

from typing import Annotated

import typer

from console import shell


def alarms(
    station: Annotated[str, typer.Option(help="Of one station.")] = "",
    kind: Annotated[str, typer.Option(help="Of one kind, such as old_address.")] = "",
    since: Annotated[str, typer.Option(help="From then on: an instant with its zone, or 30m, 2h, 7d ago.")] = "24h",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="The latest so many.")] = 100,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """List what the gateways want a person to know, and how many there are of each kind.

    Exit status 1 if there are any: `rehome alarms --kind old_address --since 7d` tells who still calls the old address.
    """
    home = shell.home()
    from console import overhearing

    found = overhearing.alarms(home, station=station, kind=kind, since=since, limit=limit)
    shell.show(found, overhearing.alarm_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if found["alarms"] else shell.Exit.PASS)
