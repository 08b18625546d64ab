"""`rehome station`."""

from typing import Annotated

import typer

from console import shell


def station(
    station_id: Annotated[str, typer.Argument(metavar="ID", help="The station, by its OCPP identity.")],
    since: Annotated[str, typer.Option(help="From then on: an instant with its zone, or 30m, 2h, 7d ago.")] = "24h",
    until: Annotated[str, typer.Option(help="Until then, exclusive; written likewise.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Of the latest so many frames.")] = 20_000,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Tell what happened to a station, as the gateway recorded it: links, boots, charges, faults, orders and moves.

    As JSON each moment names the frames that it stands for, as evidence for the station's maker.
    """
    home = shell.home()
    from console import overhearing

    told = overhearing.story(home, station_id, since=since, until=until, limit=limit)
    shell.show(told, overhearing.story_lines, as_json=as_json)
