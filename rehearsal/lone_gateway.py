"""A gateway with a plain listener as a process that may be killed: `python -m rehearsal.lone_gateway`.

The tables' address is in the environment (REHEARSAL_DATABASE).
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from charging.clock import system_clock
from charging.ocpp.gateway.options import Options
from charging.ocpp.gateway.program import Door, Opened, Plan, serve
from charging.ocpp.relay.rules import Rules
from charging.secret import Secret


def plan(home: Path, *, port: int, quiet_seconds: float) -> Plan:
    """Return the gateway."""
    address = Secret(os.environ["REHEARSAL_DATABASE"])
    rules = replace(Rules(), quiet=timedelta(seconds=quiet_seconds), office_wait=timedelta(seconds=10))
    return Plan(
        name="gateway-1",
        folder=home / "gateway-1",
        address=lambda: address,
        clock=system_clock,
        options=Options(redial_seconds=(0.2, 2.0), duplicate_seconds=2.0, rules=rules),
        doors=(Door(host="127.0.0.1", port=port, context=None, setting="gateway.plain_text_apn"),),
        metrics_port=0,
        frames_days=30,
    )


def _tell(opened: Opened) -> None:
    sys.stdout.write(f"{opened.ports[0]} {opened.metrics_port}\n")
    sys.stdout.flush()


def _main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.lone_gateway", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of its journal")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--quiet-seconds", type=float, default=0.0, help="how long a move waits after a charge")
    chosen = parser.parse_args(given)
    logging.basicConfig(level=logging.WARNING)
    for noisy in ("rehome.gateway.station", "rehome.gateway.office"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    asyncio.run(serve(plan(chosen.home, port=chosen.port, quiet_seconds=chosen.quiet_seconds), opened=_tell))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
