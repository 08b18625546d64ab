"""`rehome remap impact`, `stickers` and `registrations`: what new ids mean outside."""

from enum import StrEnum
from typing import Annotated

import typer

from charging.identifiers.remapping import Result
from console import shell

stickers = typer.Typer(help="Stickers to put on, a job for each EVSE.", no_args_is_help=True)
registrations = typer.Typer(help="Hubs, access points, registers and partners to tell.", no_args_is_help=True)
By = Annotated[str, typer.Option(help="Who did it; self-declared, and written down.")]


class Registered(StrEnum):
    """How far somebody has been told of the new ids."""

    TOLD = "told"
    CONFIRMED = "confirmed"


def impact(*, as_json: shell.AsJson = False) -> None:
    """Publish what the new ids mean: stickers as artwork, visits, whom to tell, what it costs, and the alternative."""
    home = shell.home()
    from console import impacting

    shell.show(impacting.published(home), impacting.impact_lines, as_json=as_json)


@stickers.command("list")
def sticker_list(*, as_json: shell.AsJson = False) -> None:
    """List the stickers of proposed and approved changes, done or not."""
    home = shell.home()
    from console import impacting

    shell.show(impacting.stickers(home), impacting.sticker_lines, as_json=as_json)


@stickers.command("done")
def sticker_done(
    uids: Annotated[list[str], typer.Argument(help="EVSEs by uid.")], by: By = "", *, as_json: shell.AsJson = False
) -> None:
    """Tick off stickers that are on. Exit status 1 if the change of one has not been approved."""
    home = shell.home()
    from console import impacting

    result = impacting.done(home, uids, by=by)
    shell.show(result, impacting.done_lines, as_json=as_json)
    refused = any(each["result"] is Result.REFUSED for each in result["outcomes"])
    raise typer.Exit(shell.Exit.NO if refused else shell.Exit.PASS)


@registrations.command("list")
def registration_list(*, as_json: shell.AsJson = False) -> None:
    """List who is told of new ids, and how far that is."""
    home = shell.home()
    from console import impacting

    shell.show(impacting.registrations(home), impacting.recipient_lines, as_json=as_json)


@registrations.command("set")
def registration_set(
    recipient: Annotated[str, typer.Argument(help="Whom, as the list names them.")],
    state: Annotated[Registered, typer.Argument(help="How far it is.")],
    by: By = "",
    reason: Annotated[str, typer.Option(help="A reference: the ticket, the mail, the file.")] = "",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Note that somebody has been told of the approved changes, or has confirmed them."""
    home = shell.home()
    from console import impacting

    result = impacting.told(home, recipient, state=state, by=by, reason=reason)
    shell.show(result, impacting.recipient_lines, as_json=as_json)
