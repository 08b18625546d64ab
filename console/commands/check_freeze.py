"""`rehome extract check-freeze`."""

from typing import Annotated

import typer

from console import shell


def check_freeze(
    source: Annotated[str, typer.Argument(help="Whose extracts are compared.")] = "legacy",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Compare the latest extract with the frozen one: exit 1 if master data was created, changed or has vanished."""
    home = shell.home()
    from console import freezing

    found = freezing.check(home, source)
    shell.show(found, freezing.lines, as_json=as_json)
    verdicts = {True: shell.Exit.PASS, False: shell.Exit.NO, None: shell.Exit.INCONCLUSIVE}
    raise typer.Exit(verdicts[found["holds"]])
