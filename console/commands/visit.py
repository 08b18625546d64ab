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

    What is said to be done is done once the target has heard the station since. Exit status 1 if a line is wrong.
    """
    home = shell.home()
    from console import visiting

    result = visiting.taken_in(home, plan, file, is_meant=yes)
    shell.show(result, visiting.taken_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["problems"] else shell.Exit.PASS)


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
    """Report on one work order; it is done once the target has heard the station since. Dry by default.

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
