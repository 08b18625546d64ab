"""`rehome gate`."""

from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="The questions before each wave.", no_args_is_help=True)


@app.command("list")
def gate_list(
    plan: Annotated[str, typer.Option(help="Plan; the latest if not given.")] = "", *, as_json: shell.AsJson = False
) -> None:
    """List the gates of a plan with their verdicts and decisions."""
    home = shell.home()
    from console import deciding, summary

    shell.show({"gates": deciding.listed(home, plan)}, summary.gates, as_json=as_json)


@app.command("show")
def gate_show(
    wave: Annotated[int, typer.Argument(help="The wave that the gate stands before.")],
    plan: Annotated[str, typer.Option(help="Plan; the latest if not given.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show a gate's evidence. Exit status 0 if its verdict is open, 1 if closed, 3 if inconclusive."""
    home = shell.home()
    from console import deciding, summary

    gate = deciding.one(home, plan, wave)
    shell.show(gate, summary.gate, as_json=as_json)
    verdicts = {"open": shell.Exit.PASS, "closed": shell.Exit.NO}
    raise typer.Exit(verdicts.get(str(gate["verdict"]), shell.Exit.INCONCLUSIVE))


@app.command("decide")
def gate_decide(  # noqa: PLR0917 - the shell passes options by name
    wave: Annotated[int, typer.Argument(help="The wave that the gate stands before.")],
    decision: Annotated[Literal["go", "hold"], typer.Argument(help="What is decided.")],
    by: Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; needed for go unless the verdict is open.")] = "",
    minutes: Annotated[str, typer.Option(help="Reference of the meeting's minutes.")] = "",
    plan: Annotated[str, typer.Option(help="Plan; the latest if not given.")] = "",
    evidence: Annotated[str, typer.Option(help="Evidence that was seen; its hash's first characters do.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Decide at a gate and let the waiting run carry on."""
    home = shell.home()
    from charging.migration.gates import Choice, Decision
    from console import deciding, summary

    word = Decision(choice=Choice(decision), by=by, reason=reason, via="console")
    decided = deciding.decide(home, plan, wave, decision=word, evidence=evidence, minutes=minutes)
    shell.show(decided, summary.gate, as_json=as_json)
