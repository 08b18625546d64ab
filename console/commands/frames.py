"""`rehome frames`."""

from typing import Annotated

import typer

from console import shell


def frames(  # noqa: PLR0917 - the shell passes options by name
    station: Annotated[str, typer.Option(help="Of one station.")] = "",
    since: Annotated[str, typer.Option(help="From then on: an instant with its zone, or 30m, 2h, 7d ago.")] = "24h",
    until: Annotated[str, typer.Option(help="Until then, exclusive; written likewise.")] = "",
    back_office: Annotated[str, typer.Option(help="Of one back-office.")] = "",
    action: Annotated[str, typer.Option(help="Of one OCPP action, and the answers to it.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="The latest so many.")] = 1_000,
    *,
    ruled: Annotated[bool, typer.Option("--ruled", help="Only those that a rule made, rewrote or held back.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Show frames as they passed the gateway, without secrets, in order."""
    home = shell.home()
    from console import overhearing

    wanted = overhearing.wanted(
        station=station, since=since, until=until, back_office=back_office, action=action, only_ruled=ruled
    )
    shell.show({"frames": overhearing.frames(home, wanted, limit=limit)}, overhearing.frame_lines, as_json=as_json)
