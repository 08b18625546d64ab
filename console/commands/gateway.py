"""`rehome gateway`."""

from typing import Annotated

import typer

from console import shell


def gateway(
    name: Annotated[str, typer.Option(help="Name of this gateway among those of the fleet.")] = "",
    plain_text_apn: Annotated[
        str,
        typer.Option(metavar="ADDRESS:PORT", help="Listen without TLS here, too: for a private APN, on purpose."),
    ] = "",
) -> None:
    """Hold stations' links and lead each to the back-office that its route names, until told to stop (Ctrl-C).

    It listens on this machine alone, over TLS, unless [gateway] in rehome.toml says otherwise.
    """
    home = shell.home()
    from console import gatewaying

    gatewaying.run(home, name=name, plain_text_apn=plain_text_apn)
