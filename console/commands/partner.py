"""`rehome partner`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from console import shell

app = typer.Typer(help="Roaming partners: each is added by its file alone.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the partner: its file's, without .toml.")]

Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only show what would be done.")]


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
    told: dict[str, Sequence[Any]] = {"partners": found, "left_alone": partnering.left_alone(home)}
    shell.show(told, partnering.list_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if all(one["is_usable"] for one in found) else shell.Exit.NO)


@app.command("keys")
def partner_keys(*, as_json: shell.AsJson = False) -> None:
    """Tell every key of a partner file: what it means, what may stand there, and what holds without it."""
    from console import partnering

    shell.show(partnering.keys(), partnering.key_lines, as_json=as_json)


@app.command("probe")
def partner_probe(
    name: Name,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days of its lists to look at.")] = 30,
    write: Annotated[bool, typer.Option("--write", help="Write what was found into the partner file.")] = False,  # noqa: FBT002
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Find out what a partner really does: token, versions, modules, clock, pages, filters, order.

    Nothing at the partner is changed. Without --write, its file is not, either: the difference is shown.
    """
    home = shell.home()
    from console import probing

    shell.show(probing.run(home, name, days=days, is_written=write), probing.lines, as_json=as_json)


@app.command("register")
def partner_register(name: Name, yes: Yes = False, *, as_json: shell.AsJson = False) -> None:  # noqa: FBT002
    """Register with a partner by the token A that it gave us: show what would be done; do it with --yes."""
    _act(name, "register", is_meant=yes, as_json=as_json)


@app.command("rotate")
def partner_rotate(name: Name, yes: Yes = False, *, as_json: shell.AsJson = False) -> None:  # noqa: FBT002
    """Renew both tokens, or take a partnership over from the platform that the token was made for (PUT)."""
    _act(name, "rotate", is_meant=yes, as_json=as_json)


@app.command("switch")
def partner_switch(
    name: Name,
    to: Annotated[str, typer.Option(help="Versions address of the platform that the partner shall talk to.")],
    token: Annotated[str, typer.Option(help="Reference to the token of that platform: env:NAME or file:PATH.")],
    yes: Yes = False,  # noqa: FBT002
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Send a partner to another platform of ours: it is told that address and token, and its new token is kept here."""
    _act(name, "switch", is_meant=yes, as_json=as_json, to=to, token=token)


@app.command("unregister")
def partner_unregister(name: Name, yes: Yes = False, *, as_json: shell.AsJson = False) -> None:  # noqa: FBT002
    """Take our credentials back: no token opens anything any more, on either side."""
    _act(name, "unregister", is_meant=yes, as_json=as_json)


@app.command("invite")
def partner_invite(name: Name, yes: Yes = False, *, as_json: shell.AsJson = False) -> None:  # noqa: FBT002
    """Make a token A, by which a partner registers with our receiver."""
    home = shell.home()
    from console import registering

    shell.show(registering.invite(home, name, is_meant=yes), registering.invite_lines, as_json=as_json)


@app.command("show")
def partner_show(name: Name, *, as_json: shell.AsJson = False) -> None:
    """Show how things stand with a partner over OCPI, and what was done when and by whom."""
    home = shell.home()
    from console import registering

    shell.show(registering.standing(home, name), registering.standing_lines, as_json=as_json)


def _act(name: str, action: str, *, is_meant: bool, as_json: bool, to: str = "", token: str = "") -> None:
    home = shell.home()
    from charging.roaming.registration import Action
    from console import registering

    result = registering.act(home, name, Action(action), is_meant=is_meant, to=to, token=token)
    shell.show(result, registering.act_lines, as_json=as_json)
