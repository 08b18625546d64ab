"""`rehome route`."""

from typing import Annotated

import typer

from console import shell

app = typer.Typer(help="Where the gateway leads each station, and what it must show.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")]
Reason = Annotated[str, typer.Option(help="Why; written down.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only show what would be done.")]
Station = Annotated[str, typer.Argument(help="The station, by its OCPP identity.")]


@app.command("show")
def route_show(
    stations: Annotated[list[str] | None, typer.Argument(help="Stations; all of them if none is named.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show where stations are led, what each must show, and which gateway holds it now."""
    home = shell.home()
    from console import routing

    shell.show(routing.shown(home, stations or []), routing.show_lines, as_json=as_json)


@app.command("history")
def route_history(
    name: Annotated[str, typer.Argument(help="A station or a back-office; all of them if none is named.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show who changed what, when and why, the latest first."""
    home = shell.home()
    from console import routing

    shell.show({"changes": routing.history(home, name)}, routing.history_lines, as_json=as_json)


@app.command("set")
def route_set(
    to: Annotated[str, typer.Option(help="The back-office that they are led to from now on.")],
    by: By,
    reason: Reason,
    stations: Annotated[list[str] | None, typer.Argument(help="Stations, by their OCPP identity.")] = None,
    whole: Annotated[
        str, typer.Option("--from", help="Every station of this back-office, instead of naming them.")
    ] = "",
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Lead stations to a back-office, and make new ones known. Dry by default.

    A station that is connected moves once it has no open transaction and no open call; nothing is cut.
    """
    home = shell.home()
    from console import routing

    result = routing.route(home, stations or [], to, whole=whole, by=by, reason=reason, dry_run=not yes)
    shell.show(result, routing.set_lines, as_json=as_json)


@app.command("remove")
def route_remove(station: Station, by: By, reason: Reason, *, yes: Yes = False, as_json: shell.AsJson = False) -> None:
    """Know a station no more: its link is closed, and its next one refused. Dry by default."""
    home = shell.home()
    from console import routing

    result = routing.remove(home, station, by=by, reason=reason, dry_run=not yes)
    shell.show(result, routing.set_lines, as_json=as_json)


@app.command("office")
def route_office(  # noqa: PLR0917 - the shell passes options by name
    name: Annotated[str, typer.Argument(help="Name of the back-office, as routes say it.")],
    address: Annotated[str, typer.Option(help="Its address, with {identity}: wss://host/ocpp/{identity}.")],
    by: By,
    reason: Reason,
    password: Annotated[str, typer.Option(help="Reference to its password (env:NAME, file:PATH).")] = "",
    header: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header of the handshake.")] = None,
    ca: Annotated[str, typer.Option(help="File of certificates, PEM, that it is known by.")] = "",
    *,
    alike: Annotated[bool, typer.Option("--alike", help="Even types of stations out for it, by flavours.")] = False,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Say how a back-office is reached. Dry by default."""
    home = shell.home()
    from console import routing

    said = routing.office(name, address, password=password, headers=header or [], ca=ca, hears_alike=alike)
    result = routing.add_office(home, said, by=by, reason=reason, dry_run=not yes)
    shell.show(result, routing.set_lines, as_json=as_json)


@app.command("secret")
def route_secret(
    station: Station,
    by: By,
    reason: Reason,
    secret: Annotated[str, typer.Option(help="Reference to its secret (env:NAME, file:PATH); kept as a hash.")] = "",
    *,
    certificate: Annotated[bool, typer.Option("--certificate", help="It must come with a certificate.")] = False,
    nothing: Annotated[bool, typer.Option("--nothing", help="It need show nothing, on the private APN alone.")] = False,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Say what a station must show: a secret, a certificate, or on a private APN nothing. Dry by default."""
    home = shell.home()
    from console import routing

    must_show = routing.must_show(secret=secret, certificate=certificate, nothing=nothing)
    result = routing.require(home, station, must_show, by=by, reason=reason, dry_run=not yes)
    shell.show(result, routing.set_lines, as_json=as_json)
