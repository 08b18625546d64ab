"""`rehome identify`."""

from typing import Annotated

import typer

from charging.identifiers.reading import Asked


def identify(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Identifiers; - or none: one a line on standard input.")
    ] = None,
    kind: Annotated[
        Asked, typer.Option(help="What they are meant to be; evse includes pool and station ids.")
    ] = Asked.AUTO,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Explain EVSE ids, contract ids and token uids. Exit status 0 if all are ids, 1 if some are none."""
    from console import identifying

    raise typer.Exit(identifying.identify(ids or [], kind=kind, as_json=as_json))
