"""`rehome extract`."""

from pathlib import Path
from typing import Annotated

import typer

from console import shell

app = typer.Typer(help="Take data out of a legacy, cleanse it, prove the counts.", no_args_is_help=True)


@app.command("csv")
def extract_csv(
    file: Annotated[Path, typer.Argument(help="The export.")],
    time_zone: Annotated[str | None, typer.Option(help="IANA zone of its times, where they carry none.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, where its columns are not known.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Extract, cleanse and check a CSV export; nothing but our own database is written."""
    from console import exports

    source = exports.csv(file, time_zone=time_zone, mapping=mapping)
    home = shell.home()
    from console import extracting, progress, summary

    with progress.choose(as_json=as_json) as telling:
        result = extracting.extract_csv(home, source, time_zone=time_zone, telling=telling)
    shell.show(result, summary.extraction, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["adds_up"] else shell.Exit.NO)
