"""`rehome sim`."""

from pathlib import Path
from typing import Annotated

import typer

from console import shell

app = typer.Typer(help="SIM cards: the carrier's list against the stations.", no_args_is_help=True)


@app.command("compare")
def sim_compare(  # noqa: PLR0917 - the shell passes options by name
    file: Annotated[Path, typer.Argument(help="The carrier's list, as CSV with a header.")],
    iccid: Annotated[str, typer.Option(help="Its column of card numbers, where that has an unusual name.")] = "",
    imsi: Annotated[str, typer.Option(help="Its column of IMSIs.")] = "",
    apn: Annotated[str, typer.Option(help="Its column of APNs.")] = "",
    vpn: Annotated[str, typer.Option(help="Its column of VPNs.")] = "",
    vpn_state: Annotated[str, typer.Option(help="Its column of VPNs' states.")] = "",
    state: Annotated[str, typer.Option(help="Its column of states.")] = "",
    needs_apn: Annotated[str, typer.Option(help="The APN from which the target is reached.")] = "",
    needs_vpn: Annotated[str, typer.Option(help="The VPN from which the target is reached.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show every card and station on which carrier and stations do not agree. Exit status 1 if there are any."""
    home = shell.home()
    from charging.migration.sims import Needed
    from console import carrying

    named = {"iccid": iccid, "imsi": imsi, "apn": apn, "vpn": vpn, "vpn_state": vpn_state, "state": state}
    columns = {field: name for field, name in named.items() if name}
    result = carrying.compared(home, file, columns=columns, needed=Needed(apn=needs_apn, vpn=needs_vpn))
    shell.show(result, carrying.lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["differences"] else shell.Exit.PASS)
