"""`rehome partner`."""

from typing import Annotated

import typer

from console import shell

app = typer.Typer(help="Roaming partners: each is added by its file alone.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the partner: its file's, without .toml.")]


@app.command("new")
def partner_new(name: Name, *, as_json: shell.AsJson = False) -> None:
    """Write a commented partner file, with every key in it, and the form of a tariff file beside it."""
    home = shell.home()
    from console import partnering

    shell.show(partnering.new(home, name), partnering.new_lines, as_json=as_json)


@app.command("check")
def partner_check(
    name: Annotated[str, typer.Argument(help="Name of the partner; all if not given.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Say what is wrong with partner files, what each key comes to, and where that is said.

    Exit status 1 if something is wrong.
    """
    home = shell.home()
    from console import partnering

    found = partnering.check(home, name)
    shell.show({"partners": found}, partnering.check_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if any(one.problems for one in found) else shell.Exit.PASS)


@app.command("list")
def partner_list(*, as_json: shell.AsJson = False) -> None:
    """List the partners that have a file. Exit status 1 if a file cannot be used."""
    home = shell.home()
    from console import partnering

    found = partnering.listed(home)
    shell.show({"partners": found}, partnering.list_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if all(one["is_usable"] for one in found) else shell.Exit.NO)


@app.command("keys")
def partner_keys(*, as_json: shell.AsJson = False) -> None:
    """Tell every key of a partner file: what it means, what may stand there, and what holds without it."""
    from console import partnering

    shell.show(partnering.keys(), partnering.key_lines, as_json=as_json)
