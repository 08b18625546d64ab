"""`rehome cdr`."""

from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="CDRs that somebody must act on, followed until they are settled.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The case, as the list names it (R-…); its beginning does.")]
Keys = Annotated[list[str] | None, typer.Argument(help="Cases; all of the partner's if none is named.")]
PartnerName = Annotated[str, typer.Option("--partner", help="The partner's name, as its file has it.")]
By = Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")]
Reason = Annotated[str, typer.Option(help="Why; written down.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without this, only what would happen is shown.")]
States = Literal["waiting", "found", "proposed", "sent", "disputed", "answered", "settled", "written_off", "withdrawn"]


@app.command("list")
def cdr_list(  # noqa: PLR0917 - the shell passes options by name
    partner: Annotated[str | None, typer.Option(help="Only with this partner.")] = None,
    state: Annotated[States | None, typer.Option(help="Only in this state; else all that are open.")] = None,
    turn: Annotated[Literal["us", "partner", "committee"] | None, typer.Option(help="Only whose turn it is.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Only of this verdict, such as ours_right.")] = None,
    wave: Annotated[int | None, typer.Option(help="Only at stations of this wave.")] = None,
    older_than: Annotated[
        int | None, typer.Option(min=0, metavar="DAYS", help="Only of sessions ended before.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the most money first.")] = 50,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """List open cases with amount, age, and whose turn it is. Exit status 1 if any is ours to act on."""
    home = shell.home()
    from console import casework

    meant = casework.meant(partner=partner, state=state, turn=turn, verdict=verdict, wave=wave, older_than=older_than)
    result = casework.listed(home, meant, limit=limit)
    shell.show(result, casework.list_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["ours"] else shell.Exit.PASS)


@app.command("show")
def cdr_show(key: Key, *, as_json: shell.AsJson = False) -> None:
    """Show one case: the verdict, both CDRs, what is proposed, and everything that happened."""
    home = shell.home()
    from console import casework

    shell.show(casework.shown(home, key), casework.case_lines, as_json=as_json)


@app.command("propose")
def cdr_propose(partner: PartnerName, by: By, keys: Keys = None, *, as_json: shell.AsJson = False) -> None:
    """Write what would be sent about cases that were found; nothing is sent. The night does the same."""
    home = shell.home()
    from console import casework

    shell.show(casework.propose(home, partner, keys or [], by=by), casework.proposed_lines, as_json=as_json)


@app.command("release")
def cdr_release(  # noqa: PLR0917 - the shell passes options by name
    partner: PartnerName,
    kind: Annotated[Literal["dispute", "credit", "resend", "question"], typer.Option(help="What is released.")],
    keys: Keys = None,
    by: By = "",
    reason: Reason = "",
    form: Annotated[Literal["json", "jsonl", "csv"], typer.Option("--form", help="Form of the file.")] = "json",
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Write proposals into a file for the partner, and note who let them go. Dry by default; you send the file."""
    home = shell.home()
    from console import casework

    result = casework.release(home, partner, kind, keys or [], by=by, reason=reason, form=form, dry_run=not yes)
    shell.show(result, casework.release_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["refused"] else shell.Exit.PASS)


@app.command("dispute")
def cdr_dispute(key: Key, by: By, reason: Reason, *, yes: Yes = False, as_json: shell.AsJson = False) -> None:
    """Release the dispute of one case: the file holds the recomputation. Dry by default."""
    home = shell.home()
    from console import casework

    result = casework.dispute(home, key, by=by, reason=reason, dry_run=not yes)
    shell.show(result, casework.release_lines, as_json=as_json)


@app.command("answer")
def cdr_answer(key: Key, by: By, reason: Reason, *, as_json: shell.AsJson = False) -> None:
    """Note what the partner answered."""
    _step(key, "answered", by, reason, as_json=as_json)


@app.command("settle")
def cdr_settle(key: Key, by: By, reason: Reason, *, as_json: shell.AsJson = False) -> None:
    """Close a case that is settled. A night that finds something else opens it again."""
    _step(key, "settled", by, reason, as_json=as_json)


@app.command("write-off")
def cdr_write_off(key: Key, by: By, reason: Reason, *, as_json: shell.AsJson = False) -> None:
    """Close a case whose money nobody will pay."""
    _step(key, "written_off", by, reason, as_json=as_json)


@app.command("withdraw")
def cdr_withdraw(key: Key, by: By, reason: Reason, *, as_json: shell.AsJson = False) -> None:
    """Close a case in which we claim nothing."""
    _step(key, "withdrawn", by, reason, as_json=as_json)


@app.command("reopen")
def cdr_reopen(key: Key, by: By, reason: Reason, *, as_json: shell.AsJson = False) -> None:
    """Take up a closed case again."""
    _step(key, "reopened", by, reason, as_json=as_json)


def _step(key: str, event: str, by: str, reason: str, *, as_json: bool) -> None:
    home = shell.home()
    from console import casework

    shell.show(casework.step(home, key, event, by=by, reason=reason), casework.case_lines, as_json=as_json)
