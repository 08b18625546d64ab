"""The `rehome` command line. Every command imports its part when it is called, so that help answers at once."""

import errno
import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from charging.errors import Refused, RehomeError
from console import shell
from console.commands import (
    alarms,
    cdr,
    charges,
    diagnostics,
    extract,
    firmware,
    flavours,
    forget,
    frames,
    gate,
    gateway,
    identify,
    invoice,
    load,
    order,
    partner,
    price,
    prove,
    quarantine,
    receiver,
    recipe,
    reconcile,
    remap,
    route,
    sim,
    snapshot,
    station,
    visit,
)

app = typer.Typer(
    name="rehome",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command()(alarms.alarms)
app.add_typer(extract.app, name="extract")
app.add_typer(cdr.app, name="cdr")
app.command()(charges.charges)
app.command("forget")(forget.forget)
app.command()(frames.frames)
app.add_typer(flavours.app, name="flavours")
app.add_typer(gate.app, name="gate")
app.command()(gateway.gateway)
app.add_typer(invoice.app, name="invoice")
app.command()(invoice.money)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(partner.app, name="partner")
app.add_typer(recipe.app, name="recipe")
app.add_typer(visit.app, name="visit")
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(sim.app, name="sim")
app.add_typer(firmware.app, name="firmware")
app.add_typer(diagnostics.app, name="diagnostics")
app.command()(receiver.receiver)
app.command()(reconcile.reconcile)
app.command()(identify.identify)
app.add_typer(remap.app, name="remap")
app.command()(load.load)
app.command()(order.order)
app.command()(price.price)
app.command()(prove.prove)
app.add_typer(route.app, name="route")
app.command()(station.station)

WRITABLE = "see that you may read and write it"
MENDS = {
    errno.ENOSPC: "make room, then run it again",
    errno.EDQUOT: "make room, then run it again",
    errno.EACCES: WRITABLE,
    errno.EPERM: WRITABLE,
    errno.EROFS: WRITABLE,
}
"""What to do about what the system refuses."""


def _tell_version(is_asked: bool) -> None:  # noqa: FBT001 - Typer hands the option's value in like this
    if is_asked:
        typer.echo(f"rehome {version('rehome')}")
        raise typer.Exit


@app.callback()
def _rehome(
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell the version, and end.")
    ] = False,
) -> None:
    """Move a charging network to another back-office, and prove each night that every charge is billed once."""


def run() -> None:
    """Run the command line; whatever a user can cause ends in one sentence, never in a traceback."""
    try:
        app()
    except Refused as error:
        _fail(error, shell.Exit.REFUSED)
    except RehomeError as error:
        _fail(error, shell.Exit.ERROR)
    except OSError as error:
        mend = MENDS.get(error.errno or 0, "see what is there")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what could not be printed is not tried again at the end
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}; {mend}", shell.Exit.ERROR)


@app.command()
def rehearse(
    stations: Annotated[int, typer.Option(min=8, max=20_000, help="Size of the simulated network.")] = 120,
    seed: Annotated[int, typer.Option(help="The same seed gives the same network.")] = 1,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Wait at each gate for a decision in the UI or here.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Put the last rehearsal away and begin a new one.")] = False,
    end: Annotated[bool, typer.Option("--end", help="Put the last rehearsal away, with its data and reports.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Rehearse a whole migration and a whole night against a simulated network, on real wires."""
    home = shell.home(is_told=False)
    from console import progress, rehearsing, summary

    if end:
        ended = {"home": str(home), "has_ended": rehearsing.end(home)}
        shell.show(ended, summary.ended, as_json=as_json)
        return
    wanted = rehearsing.Wanted(stations=stations, seed=seed, is_asking=ask)
    with progress.choose(as_json=as_json) as telling:
        result = rehearsing.rehearse(home, wanted, is_fresh=fresh, telling=telling)
    shell.show(result, summary.lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["is_complete"] else shell.Exit.NO)


@app.command()
def up(*, as_json: shell.AsJson = False) -> None:
    """Start PostgreSQL, the Prefect server and the runner; they go on in the background."""
    home = shell.home()
    from console import progress, stack, starting, summary

    with progress.choose(as_json=as_json) as telling:
        starting.up(home, telling)
    shell.show({"parts": stack.states(home)}, summary.parts, as_json=as_json)


@app.command()
def status(*, as_json: shell.AsJson = False) -> None:
    """Show what runs and where it is reached. Exit status 0 if the stack is up, 1 if not."""
    from console import stack, summary

    home = shell.home(is_made=False)
    states = stack.states(home)
    shell.show({"parts": states, "stations": stack.stations(home)}, summary.status, as_json=as_json)
    raise typer.Exit(
        shell.Exit.PASS if all(state.is_running for state in states if state.part != "world") else shell.Exit.NO
    )


@app.command()
def down(*, as_json: shell.AsJson = False) -> None:
    """Stop everything that `up` or a rehearsal started. Nothing that was stored is lost."""
    from console import stack, summary

    shell.show({"stopped": stack.down(shell.home(is_made=False, is_told=False))}, summary.stopped, as_json=as_json)


def _fail(problem: object, status: shell.Exit) -> NoReturn:
    print(f"rehome: {problem}", file=sys.stderr)  # noqa: T201
    sys.exit(status)
