"""`rehome recipe`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="Recipes: how each type of station is moved.", no_args_is_help=True)


@app.command("list")
def recipe_list(*, as_json: shell.AsJson = False) -> None:
    """List the recipes: those that ship, and those of the settings' own folder."""
    home = shell.home()
    from console import recipe_book

    shell.show({"recipes": recipe_book.listed(home)}, recipe_book.list_lines, as_json=as_json)


@app.command("show")
def recipe_show(
    name: Annotated[str, typer.Argument(help="Name of the recipe.")],
    station: Annotated[str, typer.Option(help="Fill it in for this station's identity.")] = "STATION",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show one recipe, filled in with the target's address: what is written, or what a person does."""
    home = shell.home()
    from console import recipe_book

    shell.show(recipe_book.shown(home, name, station_id=station), recipe_book.show_lines, as_json=as_json)


@app.command("check")
def recipe_check(
    file: Annotated[Path, typer.Argument(help="A recipe file.")],
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Say what is wrong with a recipe file, and which known stations it would move. Exit status 1 if it cannot be used.

    Nothing is stored: put it into the folder that the setting `recipes` names.
    """
    home = shell.home()
    from console import recipe_book

    found = recipe_book.checked(home, file)
    shell.show(found, recipe_book.check_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if found["problem"] else shell.Exit.PASS)


@app.command("discover")
def recipe_discover(
    station: Annotated[str, typer.Argument(help="The station that is asked; best a unit in the lab.")],
    via: Annotated[
        Literal["legacy", "target"], typer.Option(help="The back-office that it is connected to.")
    ] = "legacy",
    out: Annotated[Path | None, typer.Option(help="Write the proposal to this file; none is overwritten.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Ask a station what it has, say which of it holds the back-office's address, and propose a recipe for it.

    Only reads. The proposal names this one station and is carried out by nobody. Exit status 3 if there is none.
    """
    home = shell.home()
    from console import discovering

    found = discovering.discover(home, station, via=via, out=out)
    shell.show(found, discovering.lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if found["proposal"] else shell.Exit.INCONCLUSIVE)


@app.command("tool-schema")
def recipe_tool_schema() -> None:
    """Print the JSON schemas of what a maker's tool reads on its standard input and writes on its standard output."""
    from charging.ocpp.channels.tool import schemas

    shell.show(schemas(), lambda _: (), as_json=True)
