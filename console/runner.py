"""The program that serves every deployment of `prefect.yaml` on this machine, without a work pool or a worker."""

import asyncio
import os
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import Flow
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from charging import settings as configuration

FILE = Path(__file__).parents[1] / "prefect.yaml"
READY = "runner.ready"


async def deployments() -> AsyncIterator[RunnerDeployment]:
    """Yield what `prefect.yaml` describes, so that one file says it for this runner and for a work pool alike."""
    for described in yaml.safe_load(FILE.read_text("utf-8"))["deployments"]:
        yield await _flow(described["entrypoint"]).ato_deployment(
            name=described["name"],
            description=described.get("description"),
            tags=described.get("tags"),
            parameters=described.get("parameters"),
            schedules=[
                Cron(schedule["cron"], timezone=schedule["timezone"], active=schedule.get("active", True))
                for schedule in described.get("schedules", [])
            ],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )


async def serve() -> None:
    """Serve until told to stop."""
    ready = configuration.home_folder() / READY
    ready.unlink(missing_ok=True)
    # Schedules stay on while the runner is away: a night that was missed runs when it is back.
    runner = Runner(name="rehome", pause_on_shutdown=False, query_seconds=2)
    async for deployment in deployments():
        await runner.aadd_deployment(deployment)
    ready.write_text(str(os.getpid()))
    await runner.start()


def _flow(entrypoint: str) -> Flow[..., Any]:
    file, _, name = entrypoint.partition(":")
    module = import_module(file.removesuffix(".py").replace("/", "."))
    found: Flow[..., Any] = getattr(module, name)
    return found


if __name__ == "__main__":
    asyncio.run(serve())
