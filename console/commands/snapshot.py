"""`rehome snapshot`."""

from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="Stations' configuration before and after.", no_args_is_help=True)


@app.command("take")
def snapshot_take(
    stations: Annotated[list[str], typer.Argument(help="The stations.")],
    label: Annotated[str, typer.Option(help="What it is called, such as before or after.")],
    via: Annotated[Literal["legacy", "target"], typer.Option(help="The back-office they are connected to.")] = "legacy",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Ask stations for their whole configuration and keep it, without secrets. Exit status 1 if one did not answer."""
    home = shell.home()
    from console import snapshotting

    result = snapshotting.taken(home, stations, label=label, via=via)
    shell.show(result, snapshotting.taken_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["silent"] else shell.Exit.PASS)


@app.command("diff")
def snapshot_diff(
    station: Annotated[str, typer.Argument(help="The station.")],
    before: Annotated[str, typer.Option(help="Label of the earlier one; the last but one if not given.")] = "",
    after: Annotated[str, typer.Option(help="Label of the later one; the last if not given.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show what of a station's configuration is not as it was. Exit status 1 if anything is not."""
    home = shell.home()
    from console import snapshotting

    result = snapshotting.compared(home, station, before=before, after=after)
    shell.show(result, snapshotting.compared_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["differences"] else shell.Exit.PASS)
