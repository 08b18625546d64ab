"""`rehome diagnostics`."""

from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="Stations' own logs, where something went wrong.", no_args_is_help=True)


@app.command("fetch")
def diagnostics_fetch(
    stations: Annotated[list[str], typer.Argument(help="The stations.")],
    by: Annotated[str, typer.Option(help="Who asks; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; written down.")],
    to: Annotated[
        str, typer.Option(help="Reference to the URL of the folder that they upload to; the settings' if not given.")
    ] = "",
    via: Annotated[
        Literal["legacy", "target", "gateway"], typer.Option(help="Through what they are reached.")
    ] = "legacy",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only show who would be asked.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Ask stations to upload their own logs (OCPP GetDiagnostics, GetLog). Dry by default.

    Exit status 1 if one refused or was not reached.
    """
    home = shell.home()
    from console import diagnosing

    result = diagnosing.fetched(home, stations, to=to, via=via, by=by, reason=reason, dry_run=not yes)
    shell.show(result, diagnosing.fetch_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if diagnosing.is_well(result) else shell.Exit.NO)


@app.command("list")
def diagnostics_list(
    stations: Annotated[list[str] | None, typer.Argument(help="Of these stations; of all if none is named.")] = None,
    since: Annotated[str, typer.Option(help="Asked from then on: an instant with its zone, or 2h, 7d ago.")] = "7d",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Look for news of logs that were asked for, and list them. Exit status 1 if one is not there or on its way."""
    home = shell.home()
    from console import diagnosing

    result = diagnosing.listed(home, stations or [], since=since)
    shell.show(result, diagnosing.list_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if diagnosing.is_well(result) else shell.Exit.NO)
