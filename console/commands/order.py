"""`rehome order`."""

from typing import Annotated

import typer

from console import shell


def order(  # noqa: PLR0917 - the shell passes options by name
    station: Annotated[str, typer.Argument(help="The station, by its OCPP identity.")],
    action: Annotated[str, typer.Argument(help="The OCPP action, such as GetConfiguration.")],
    by: Annotated[str, typer.Option(help="Who orders; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; written down.")],
    payload: Annotated[str, typer.Argument(metavar="[JSON]", help="The payload, a JSON object.")] = "{}",
    within: Annotated[float, typer.Option(help="Seconds after which it is not sent any more.")] = 60.0,
    unchecked: Annotated[
        str, typer.Option(help="Why it is to be sent though no version of OCPP knows it; written down.")
    ] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only show what would be sent.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Order a station to do something, through the gateway that holds it, and show its answer. Dry by default.

    Its back-office sees neither. Exit status 0 if it answered, 1 if it refused or never got it, 3 if nobody knows.
    """
    home = shell.home()
    from console import ordering

    said = ordering.Said(
        station=station,
        action=action,
        payload=payload,
        by=by,
        reason=reason,
        within_seconds=within,
        unchecked=unchecked,
    )
    result = ordering.order(home, said, dry_run=not yes)
    shell.show(result, ordering.lines, as_json=as_json)
    statuses = {"answered": shell.Exit.PASS, "unknown": shell.Exit.INCONCLUSIVE, "not sent": shell.Exit.PASS}
    raise typer.Exit(statuses.get(str(result["state"]), shell.Exit.NO))
