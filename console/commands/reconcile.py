"""`rehome reconcile`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from console import shell


def reconcile(
    ours: Annotated[str, typer.Option(help="Our side: a file (.json, .jsonl, .csv, .parquet) or “database”.")],
    theirs: Annotated[str, typer.Option(help="Their side: a file, “live” (the partner's endpoint) or “database”.")],
    partner: Annotated[str, typer.Option(help="The partner's name, or its file (….toml).")],
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this day; else all that the sources hold.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Judge as of this instant (UTC); else now."),
    ] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Compare two sources of CDRs with one partner. Files need no server, and nothing is stored.

    Exit status 0 if nothing is to be followed up, 1 if something is, 3 if not everything was there or could be read.
    """
    home = shell.home()
    from console import reconciling

    wanted = reconciling.Wanted(
        ours=ours,
        theirs=theirs,
        partner=partner,
        night=None if night is None else night.date(),
        as_of=None if as_of is None else as_of.replace(tzinfo=UTC),
    )
    result = reconciling.reconciled(home, wanted)
    shell.show(result, reconciling.lines, as_json=as_json)
    if not result["is_complete"] or result["rejected"]:
        raise typer.Exit(shell.Exit.INCONCLUSIVE)
    raise typer.Exit(shell.Exit.NO if result["to_follow_up"] else shell.Exit.PASS)
