"""`rehome forget`."""

from typing import Annotated

import typer

from console import shell


def forget(  # noqa: PLR0917 - the shell passes options by name
    by: Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; written down. Do not name the person.")],
    customer: Annotated[str, typer.Option(help="Customer id.")] = "",
    contract: Annotated[str, typer.Option(help="Contract id, however it is written.")] = "",
    token: Annotated[str, typer.Option(help="Token uid, however it is written.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this, only what would happen is shown.")] = False,
    as_json: shell.AsJson = False,
) -> None:
    """Remove a person's data on request; counts, energy and money stay what they were. Dry by default."""
    home = shell.home()
    from console import forgetting

    named = {"customer": customer, "contract": contract, "token": token, "email": email}
    result = forgetting.forget(home, named, by=by, reason=reason, dry_run=not yes)
    shell.show(result, forgetting.lines, as_json=as_json)
