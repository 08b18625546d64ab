"""`rehome visit`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="Work orders: what a person does at a station or in a portal.", no_args_is_help=True)
Plan = Annotated[str, typer.Option(help="The plan; the latest if not given.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only show what would be written.")]


@app.command("list")
def visit_list(
    plan: Plan = "",
    is_all: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False,  # noqa: FBT002
    *,
    as_json: shell.AsJson = False,
) -> None:
    """List the work orders that are not done, by site. Exit status 1 if there are any."""
    home = shell.home()
    from console import visiting

    result = visiting.listed(home, plan, is_all=is_all)
    shell.show(result, visiting.list_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if any(one["state"] != "done" for one in result["orders"]) else shell.Exit.PASS)


@app.command("export")
def visit_export(
    file: Annotated[Path, typer.Argument(help="Where to write the list: a name that ends with .xlsx or .csv.")],
    plan: Plan = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Write the work orders that are not done as a list for the field team, with columns to answer in."""
    home = shell.home()
    from console import visiting

    shell.show(visiting.written(home, plan, file), visiting.written_lines, as_json=as_json)


@app.command("import")
def visit_import(
    file: Annotated[Path, typer.Argument(help="The answered list, as .xlsx or .csv.")],
    plan: Plan = "",
    yes: Yes = False,  # noqa: FBT002
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Take an answered list in: all of it, or nothing where a line is wrong. Dry by default.

    What is said to be done is done once the station has been heard since, where its order leads: at the target, or at
    the legacy for one that comes back. Exit status 1 if a line is wrong.
    """
    home = shell.home()
    from console import visiting

    result = visiting.taken_in(home, plan, file, is_meant=yes)
    shell.show(result, visiting.taken_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["problems"] else shell.Exit.PASS)


@app.command("return")
def visit_return(  # noqa: PLR0917 - the shell passes options by name
    by: Annotated[str, typer.Option(help="Who wants them back; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; written into every station's history.")],
    stations: Annotated[list[str] | None, typer.Argument(help="Stations that a person moved to the target.")] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every station that a person moved.")] = False,  # noqa: FBT002
    plan: Plan = "",
    yes: Yes = False,  # noqa: FBT002
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Open an order to bring a station back to the legacy by hand, as it was moved by hand. Dry by default.

    Each order says what to set, from what is known of how it was. It is done once the legacy has heard the station.
    """
    home = shell.home()
    from console import visiting

    result = visiting.returned(home, plan, stations or [], is_all=is_all, by=by, reason=reason, is_meant=yes)
    shell.show(result, visiting.returned_lines, as_json=as_json)


@app.command("close")
def visit_close(  # noqa: PLR0917 - the shell passes options by name
    station: Annotated[str, typer.Argument(help="The station of the order.")],
    by: Annotated[str, typer.Option(help="Who was there; self-declared, and written down.")],
    outcome: Annotated[Literal["done", "not-done"], typer.Option(help="What came of it.")] = "done",
    note: Annotated[str, typer.Option(help="Needed where it was not done.")] = "",
    contact: Annotated[str, typer.Option(help="Whom to ask on site the next time.")] = "",
    plan: Plan = "",
    yes: Yes = False,  # noqa: FBT002
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Report on one work order; it is done once the station is heard where the order leads. Dry by default.

    Exit status 1 if it is not done after this.
    """
    home = shell.home()
    from charging.migration.visits import Outcome, Report
    from console import visiting

    report = Report(
        station_id=station, outcome=Outcome(outcome.replace("-", " ")), by=by, note=note, contact=contact or None
    )
    result = visiting.closed(home, plan, report, is_meant=yes)
    shell.show(result, visiting.taken_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["rulings"][0]["state"] == "done" else shell.Exit.NO)
