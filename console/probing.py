"""Probing a partner from the command line: what it really does, and what that means for its file."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from charging.clock import system_clock
from charging.roaming import partner_file, partner_write
from charging.roaming.ocpi.probe import Probed, probe
from charging.roaming.ocpi.transport import Transport
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Partner
from charging.secret import Secret
from console import partnering, registering


def run(home: Path, name: str, *, days: int, is_written: bool) -> dict[str, Any]:
    """Probe a partner; write what was found into its file if that is asked.

    Raises:
        PartnerRefused: if no way of writing the token opens its door.
        PartnerUnavailable: if it does not answer.
        UserError: if its file is not right.
    """
    file = partnering.path(home, name)
    partner = partner_file.read(file)
    token = partner.read_token(os.environ) if partner.token else Secret("")
    with ExitStack() as until_the_end:

        def connect(peer: Partner, ends_with_newline: bool) -> Transport:  # noqa: FBT001 - the probe's own signature
            http = until_the_end.enter_context(guarded_client(peer, name=peer.name))
            return registering.transport(peer, token, http, attempts=2, ends_with_newline=ends_with_newline)

        probed = probe(partner, connect=connect, clock=system_clock, period=timedelta(days=days))
    told = _told(file, probed, is_written=is_written)
    if is_written:
        partner_write.write(file, probed.values)
    return told


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was found, each with its evidence, then what it means for the file."""
    yield f"{result['partner']}: {len(result['findings'])} findings, {len(result['deviations'])} deviations"
    for one in result["findings"]:
        mark = "!" if one.deviation and one.is_so else " "
        yield f"{mark} {one.topic:<12} {one.found}"
        yield f"  {'':<12}   {one.evidence}"
    yield ""
    yield from result["diff"] or ("its file says so already",)
    yield "" if result["is_written"] else "nothing was written: --write writes it into the file"


def _told(file: Path, probed: Probed, *, is_written: bool) -> dict[str, Any]:
    before = file.read_text("utf-8")
    return {
        "partner": probed.partner,
        "findings": list(probed.findings),
        "deviations": list(probed.deviations),
        "values": dict(probed.values),
        "diff": list(partner_write.diff(before, partner_write.changed(before, probed.values), name=file.name)),
        "is_written": is_written,
    }
