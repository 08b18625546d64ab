"""`rehome flavours`."""

from pathlib import Path
from typing import Annotated

import typer

from charging.ocpp.flavours.probes import Probe
from console import shell

app = typer.Typer(help="Flavours: what each type of station does unasked.", no_args_is_help=True)


@app.command("show")
def flavours_show(*, as_json: shell.AsJson = False) -> None:
    """Show what is kept of each type: what was learnt last, and what probes have shown since."""
    home = shell.home()
    from console import flavouring

    shell.show({"rows": flavouring.shown(home)}, flavouring.lines, as_json=as_json)


@app.command("learn")
def flavours_learn(
    since: Annotated[str, typer.Option(help="From then on: an instant with its zone, or 14d ago.")] = "14d",
    until: Annotated[str, typer.Option(help="Until then, exclusive; written likewise; now if not given.")] = "",
    toml: Annotated[
        Path | None,
        typer.Option("--toml", help="Write them as flavours for the gateway to this file; none is overwritten."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who keeps it; self-declared, and written down.")] = "",
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the rows, and raise alarms for what has drifted.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Learn from the recorded frames what each type does unasked: counts, how sure they are, frames as proof.

    Says, too, which types do no longer what is kept of them. Exit status 1 if any does not.
    """
    home = shell.home()
    from console import flavouring

    result = flavouring.learn(home, since=since, until=until, toml=toml, by=by, is_kept=keep)
    shell.show(result, flavouring.learnt_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["drifts"] else shell.Exit.PASS)


@app.command("probe")
def flavours_probe(  # noqa: PLR0917 - the shell passes options by name
    station: Annotated[str, typer.Argument(help="The station, by its OCPP identity; best a unit in the lab.")],
    probe: Annotated[Probe, typer.Argument(help="What is done to it.")],
    by: Annotated[str, typer.Option(help="Who does it; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; written down.")],
    token: Annotated[str, typer.Option(help="Token that a charge is begun with.")] = "",
    connector: Annotated[int, typer.Option(min=1, max=100, help="Connector that it is begun at.")] = 1,
    image: Annotated[str, typer.Option(help="Where the firmware image is.")] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only show what would be done.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Do something to one station and see what it does unasked: cut its link, begin or end a charge, restart, update.

    Dry by default. What it shows is kept, with the frames as proof. Exit status 3 if it did not show it.
    """
    home = shell.home()
    from console import flavouring

    said = flavouring.Said(
        station=station, probe=probe, by=by, reason=reason, token=token, connector=connector, image=image
    )
    result = flavouring.probe(home, said, dry_run=not yes)
    shell.show(result, flavouring.probe_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["outcome"] in {"shown", "not done"} else shell.Exit.INCONCLUSIVE)
