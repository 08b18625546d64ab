"""One SteVe-like back-office as a process that may be killed and started again: `python -m rehearsal.lone_office`.

Its address is in the environment (REHEARSAL_DATABASE): arguments can be read by everybody on the machine.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path

from charging.clock import system_clock
from rehearsal.back_office import BackOffice
from rehearsal.back_office_rest import Operations
from rehearsal.listening import listen, secret, web
from rehearsal.steve_schema import Generation

REST_USER = "rehome"


async def run(home: Path, name: str) -> None:
    """Let the back-office live until this task is cancelled; it says on standard output when it listens."""
    sockets = listen(home, ["ws", "rest"])
    generation = Generation.CONNECTOR if name == "legacy" else Generation.EVSE
    office = BackOffice(name, database_url=os.environ["REHEARSAL_DATABASE"], generation=generation, clock=system_clock)
    server = web(Operations(office, user=REST_USER, password=secret(home, "rest")))
    await office.open(sockets["ws"])
    serving = asyncio.create_task(server.serve(sockets=[sockets["rest"]]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        await office.close()


def _main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.lone_office", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder where it keeps its ports")
    parser.add_argument("--name", choices=["legacy", "target"], required=True)
    arguments = parser.parse_args(given)
    arguments.home.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    asyncio.run(_until_told(run(arguments.home, arguments.name)))
    return 0


async def _until_told(running: Coroutine[None, None, None]) -> None:
    living = asyncio.create_task(running)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, living.cancel)
    await asyncio.wait([living])
    if not living.cancelled() and (error := living.exception()):
        raise error


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
