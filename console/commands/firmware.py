"""`rehome firmware`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from console import shell

app = typer.Typer(
    help="Firmware campaigns: who fetches an image when, and who has booted with it.", no_args_is_help=True
)
Vendor = Annotated[str, typer.Option(help="The maker, as a pattern such as “Supplier F*”.")]
Models = Annotated[list[str], typer.Option("--model", help="A model, as a pattern; may be given several times.")]
To = Annotated[str, typer.Option(help="The version as a station that has it says it in its BootNotification.")]


@app.command("plan")
def firmware_plan(  # noqa: PLR0917 - the shell passes options by name
    vendor: Vendor,
    model: Models,
    to: To,
    size: Annotated[int, typer.Option(min=1, help="The image's size in bytes.")],
    air: Annotated[int, typer.Option(min=1, help="What a station on the air gets, in kbit/s.")] = 40,
    wire: Annotated[int, typer.Option(min=1, help="What a station on a wire gets, in kbit/s.")] = 5_000,
    cell: Annotated[int, typer.Option(min=1, help="What stations of one location have together, in kbit/s.")] = 200,
    carrier: Annotated[
        list[str] | None, typer.Option(metavar="IMSI5=KBIT", help="What a carrier's stations have together, in kbit/s.")
    ] = None,
    server: Annotated[int, typer.Option(min=1, help="What the server with the image gives, in kbit/s.")] = 50_000,
    pilots: Annotated[int, typer.Option(min=0, help="So many of each present version go first.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Write all turns to this CSV file.")] = None,
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Give each station its turn to fetch an image, so that no cell and no carrier is stampeded. Orders nothing."""
    home = shell.home()
    from charging.migration.firmware.choosing import Image, Rates
    from charging.migration.firmware.transfer import Limits, carrier_limits
    from console import flashing

    image = Image(vendor=vendor, models=tuple(model), version=to, size_bytes=size)
    limits = Limits(cell=cell, carriers=carrier_limits(carrier or []), server=server)
    result = flashing.planned(home, image, rates=Rates(air=air, wire=wire), limits=limits, pilots=pilots, out=out)
    shell.show(result, flashing.plan_lines, as_json=as_json)


@app.command("status")
def firmware_status(
    vendor: Vendor,
    model: Models,
    to: To,
    since: Annotated[datetime, typer.Option(help="When the image was ordered, in UTC.")],
    via: Annotated[Literal["legacy", "target"], typer.Option(help="The back-office they are connected to.")] = "legacy",
    *,
    as_json: shell.AsJson = False,
) -> None:
    """Show who has booted with the version. “Installed” does not count. Exit status 1 while anyone has not."""
    home = shell.home()
    from charging.migration.firmware.choosing import Image
    from console import flashing

    image = Image(vendor=vendor, models=tuple(model), version=to, size_bytes=1)
    result = flashing.followed(home, image, via=via, ordered_at=since.replace(tzinfo=UTC))
    shell.show(result, flashing.follow_lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["is_done"] else shell.Exit.NO)
