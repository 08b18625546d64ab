"""`rehome remap`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from charging.identifiers.remapping import Result, State
from console import shell
from console.commands import impact

app = typer.Typer(help="New EVSE ids: what is proposed, who decides, whose an id was when.", no_args_is_help=True)
app.command("impact")(impact.impact)
app.add_typer(impact.stickers, name="stickers")
app.add_typer(impact.registrations, name="registrations")

By = Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")]
Reason = Annotated[str, typer.Option(help="Why; written down.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without it, what would be done is shown.")]
Uid = Annotated[str, typer.Argument(help="The EVSE's uid.")]
Uids = Annotated[list[str], typer.Argument(help="EVSEs by uid.")]
At = Annotated[datetime | None, typer.Option(help="UTC; now if not given.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])]


@app.command("propose")
def propose(*, as_json: shell.AsJson = False) -> None:
    """Propose an id for every EVSE that has none, or one that partners refuse. Changes no id."""
    home = shell.home()
    from console import remap_lines, remapping

    shell.show(remapping.proposed(home), remap_lines.state_lines, as_json=as_json)


@app.command("list")
def remap_list(
    state: Annotated[State | None, typer.Option(help="Only what stands there.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """List proposed, approved, refused and reverted changes."""
    home = shell.home()
    from console import remap_lines, remapping

    shell.show(remapping.listed(home, state), remap_lines.list_lines, as_json=as_json)


@app.command("approve")
def approve(
    uids: Annotated[list[str] | None, typer.Argument(help="EVSEs; none: all that leave nothing to the owner.")] = None,
    by: By = "",
    reason: Reason = "",
    rule: Annotated[str | None, typer.Option(help="All of this rule, also what is left to the owner.")] = None,
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Let EVSEs bear the ids that were proposed. Exit status 1 if one is refused."""
    home = shell.home()
    from console import remapping

    act = remapping.approve(uids or [], rule)
    _show(remapping.settled(home, act, by=by, reason=reason, is_real=yes), as_json=as_json)


@app.command("decide")
def decide(
    uid: Uid,
    evse_id: Annotated[str, typer.Option("--id", help="The id that the owner chose.")],
    by: By = "",
    reason: Reason = "",
    *,
    yes: Yes = False,
    as_json: shell.AsJson = False,
) -> None:
    """Let an EVSE bear the id that its owner chose. Exit status 1 if it is refused."""
    home = shell.home()
    from console import remapping

    act = remapping.decide(uid, evse_id)
    _show(remapping.settled(home, act, by=by, reason=reason, is_real=yes), as_json=as_json)


@app.command("reject")
def reject(uids: Uids, by: By = "", reason: Reason = "", *, yes: Yes = False, as_json: shell.AsJson = False) -> None:
    """Leave EVSEs their ids; the same proposal does not come back."""
    home = shell.home()
    from console import remapping

    act = remapping.reject(uids)
    _show(remapping.settled(home, act, by=by, reason=reason, is_real=yes), as_json=as_json)


@app.command("revert")
def revert(uids: Uids, by: By = "", reason: Reason = "", *, yes: Yes = False, as_json: shell.AsJson = False) -> None:
    """Give EVSEs back the ids that they bore before; those that are given up answer for a while."""
    home = shell.home()
    from console import remapping

    act = remapping.revert(uids)
    _show(remapping.settled(home, act, by=by, reason=reason, is_real=yes), as_json=as_json)


@app.command("retire")
def retire(uids: Uids, by: By = "", reason: Reason = "", *, yes: Yes = False, as_json: shell.AsJson = False) -> None:
    """Free the ids of EVSEs that are REMOVED: from then on others may bear them."""
    home = shell.home()
    from console import remapping

    act = remapping.retire(uids)
    _show(remapping.settled(home, act, by=by, reason=reason, is_real=yes), as_json=as_json)


@app.command("history")
def history(
    uid: Annotated[str | None, typer.Argument(help="An EVSE's uid; all if not given.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show who did what to the ids, when and why."""
    home = shell.home()
    from console import remap_lines, remapping

    shell.show(remapping.history(home, uid), remap_lines.history_lines, as_json=as_json)


@app.command("resolve")
def resolve(
    evse_id: Annotated[str, typer.Argument(help="An EVSE id, old or new.")],
    at: At = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Say which EVSE an id meant at an instant. Exit status 1 if it meant none of ours."""
    home = shell.home()
    from console import remap_lines, remapping

    found = remapping.resolved(home, evse_id, at)
    shell.show(found, remap_lines.resolve_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if found["evse_uid"] else shell.Exit.NO)


@app.command("known-as")
def known_as(uid: Uid, at: At = None, *, as_json: shell.AsJson = False) -> None:
    """Say which id an EVSE bore at an instant, and all that it ever bore."""
    home = shell.home()
    from console import remap_lines, remapping

    shell.show(remapping.known_as(home, uid, at), remap_lines.name_lines, as_json=as_json)


def _show(result: Mapping[str, Any], *, as_json: bool) -> None:
    from console import remap_lines, remapping

    shell.show(result, remap_lines.outcome_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.NO if remapping.status(result) is Result.REFUSED else shell.Exit.PASS)
