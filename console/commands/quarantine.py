"""`rehome quarantine`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(help="What was set aside, whose turn it is, and what they answer.", no_args_is_help=True)

Stands = Literal["waiting", "released", "corrected", "discarded"]
Owner = Annotated[str | None, typer.Option(help="Only what this party must answer, such as “station maker”.")]
Partner = Annotated[str | None, typer.Option(help="Only what this roaming partner must answer, such as NL-TNM.")]
Entity = Annotated[str | None, typer.Option(help="Only rows of this entity, such as session.")]
Rule = Annotated[str | None, typer.Option(help="Only what this rule set aside, such as tx.zero.")]
Source = Annotated[str | None, typer.Option(help="Only rows of this source.")]
OlderThan = Annotated[int | None, typer.Option(min=0, metavar="DAYS", help="Only what came in longer ago.")]
Key = Annotated[str | None, typer.Argument(help="One case, as the list names it (Q-…).")]
By = Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")]
Reason = Annotated[str, typer.Option(help="Why; written down.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without this, only what would happen is shown.")]


@app.command("list")
def quarantine_list(  # noqa: PLR0917 - the shell passes options by name
    owner: Owner = None,
    partner: Partner = None,
    entity: Entity = None,
    rule: Rule = None,
    source: Source = None,
    older_than: OlderThan = None,
    decision: Annotated[Stands | None, typer.Option(help="Only cases that stand so; else all that wait.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """List what waits, counted by party and rule, with ages. Exit status 1 if anything waits."""
    home = shell.home()
    from charging.cleansing.answers import Choice
    from console import quarantining

    meant = quarantining.meant(
        owner=owner,
        partner=partner,
        entity=entity,
        rule=rule,
        source=source,
        older_than=older_than,
        decision=Choice(decision or "waiting"),
    )
    result = quarantining.listed(home, meant)
    shell.show(result, quarantining.list_lines, as_json=as_json)
    waits = any(group["decision"] == Choice.WAITING for group in result["counts"])
    raise typer.Exit(shell.Exit.NO if waits else shell.Exit.PASS)


@app.command("show")
def quarantine_show(
    key: Annotated[str, typer.Argument(help="The case, as the list names it (Q-…).")], *, as_json: shell.AsJson = False
) -> None:
    """Show one case: its row, why it was set aside, and every decision on it."""
    home = shell.home()
    from console import quarantining

    shell.show(quarantining.shown(home, key), quarantining.case_lines, as_json=as_json)


@app.command("release")
def quarantine_release(  # noqa: PLR0917 - the shell passes options by name
    by: By,
    reason: Reason,
    key: Key = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A value that the owner gave.")
    ] = None,
    owner: Owner = None,
    partner: Partner = None,
    entity: Entity = None,
    rule: Rule = None,
    source: Source = None,
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Let rows rejoin: as they are, or with values that their owner gave. Dry by default."""
    home = shell.home()
    from charging.cleansing.answers import Choice
    from console import quarantining

    meant = quarantining.meant(key=key, owner=owner, partner=partner, entity=entity, rule=rule, source=source)
    word = quarantining.Word(choice=Choice.RELEASED, by=by, because=reason, given=tuple(given or ()))
    result = quarantining.decide(home, meant, word, dry_run=not yes)
    shell.show(result, quarantining.decision_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["refused"] else shell.Exit.PASS)


@app.command("discard")
def quarantine_discard(  # noqa: PLR0917 - the shell passes options by name
    by: By,
    reason: Reason,
    key: Key = None,
    owner: Owner = None,
    partner: Partner = None,
    entity: Entity = None,
    rule: Rule = None,
    source: Source = None,
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Leave rows out for good; they stay in quarantine, decided and counted. Dry by default."""
    home = shell.home()
    from charging.cleansing.answers import Choice
    from console import quarantining

    meant = quarantining.meant(key=key, owner=owner, partner=partner, entity=entity, rule=rule, source=source)
    word = quarantining.Word(choice=Choice.DISCARDED, by=by, because=reason)
    result = quarantining.decide(home, meant, word, dry_run=not yes)
    shell.show(result, quarantining.decision_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["refused"] else shell.Exit.PASS)


@app.command("take-back")
def quarantine_take_back(
    key: Annotated[str, typer.Argument(help="The case, as it was decided (Q-…).")],
    by: By,
    reason: Reason,
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Put a row back to wait that was released, corrected or discarded wrongly. Dry by default."""
    home = shell.home()
    from charging.cleansing.answers import Choice
    from console import quarantining

    word = quarantining.Word(choice=Choice.WAITING, by=by, because=reason)
    result = quarantining.decide(home, quarantining.meant(key=key), word, dry_run=not yes)
    shell.show(result, quarantining.decision_lines, as_json=as_json)


@app.command("export")
def quarantine_export(  # noqa: PLR0917 - the shell passes options by name
    file: Annotated[Path, typer.Argument(help="Where to write it; .xlsx or .csv.")],
    owner: Owner = None,
    partner: Partner = None,
    entity: Entity = None,
    rule: Rule = None,
    source: Source = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Write what waits as a list that the party fills in and sends back."""
    home = shell.home()
    from charging.cleansing.answers import Choice
    from console import quarantining

    meant = quarantining.meant(
        owner=owner, partner=partner, entity=entity, rule=rule, source=source, decision=Choice.WAITING
    )
    shell.show(quarantining.export(home, meant, file), quarantining.export_lines, as_json=as_json)


@app.command("import")
def quarantine_import(
    file: Annotated[Path, typer.Argument(help="The answered list; .xlsx or .csv.")],
    *,
    yes: Yes = False,
    only_good: Annotated[
        bool, typer.Option("--only-good", help="Take the lines that can be taken, though others cannot.")
    ] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Take an answered list: every line is checked first, and all are taken or none. Dry by default."""
    home = shell.home()
    from console import quarantining

    result = quarantining.take_in(home, file, dry_run=not yes, only_good=only_good)
    shell.show(result, quarantining.import_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if result["problems"] else shell.Exit.PASS)
