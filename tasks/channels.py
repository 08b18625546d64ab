"""Which way stations are reached through each back-office: by its kind, and for some recipes by a maker's tool."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Literal

from charging import secret
from charging import settings as configuration
from charging.clock import system_clock
from charging.errors import SettingsError
from charging.migration.choosing import generation
from charging.migration.ports import Channel
from charging.migration.recipes import Method, Recipe
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.citrineos import open_citrineos
from charging.ocpp.channels.script import ByStation, ScriptChannel
from charging.ocpp.channels.steve import SteveChannel, open_steve
from charging.ocpp.channels.tool import Run, Tool
from charging.settings import Settings
from charging.target_settings import CitrineOs

Name = Literal["legacy", "target"]


def office(settings: Settings, name: Name) -> AbstractAsyncContextManager[SteveChannel | CallingChannel]:
    """Return the way to stations through a back-office itself.

    Raises:
        SettingsError: if the settings do not describe it, or a secret is missing.
    """
    if name == "target" and isinstance(settings.target, CitrineOs):
        return _citrineos(settings.target)
    table = settings.back_office(name)
    api = table.rest_api(name)
    return open_steve(
        name,
        base_url=api.address,
        login=(api.user, secret.resolve(api.password, setting=f"{name}.password")),
        database_url=configuration.database_address(table.database, setting=f"{name}.database").reveal(),
        clock=system_clock,
    )


@asynccontextmanager
async def opened(settings: Settings, name: Name, *, recipes: Mapping[str, Recipe]) -> AsyncIterator[Channel]:
    """Open a back-office's channel, with the makers' tools of the stations whose recipe (by station id) asks for one.

    Raises:
        SettingsError: if the settings do not describe the back-office, or a tool.
    """
    tools = {recipe.tool: tool(settings, recipe.tool) for recipe in recipes.values() if recipe.method is Method.SCRIPT}
    async with office(settings, name) as direct:
        scripts: dict[str, Channel] = {
            station_id: ScriptChannel(
                tools[recipe.tool],
                direct,
                timeout_seconds=recipe.tool_seconds,
                generation=generation(recipe.protocol),
            )
            for station_id, recipe in recipes.items()
            if recipe.method is Method.SCRIPT
        }
        yield ByStation(direct, scripts) if scripts else direct


def dialled(settings: Settings, name: Name) -> str:
    """Return the address that stations dial at a back-office, without their identity.

    Raises:
        SettingsError: if the settings do not say it.
    """
    if name == "target" and isinstance(settings.target, CitrineOs):
        return _needed(settings.target.ws, "ws")
    return settings.back_office(name).dialled(name)


def tool(settings: Settings, name: str) -> Tool:
    """Return a maker's tool; what it says is kept below the home, in logs/tools.

    Raises:
        SettingsError: if the settings do not describe it, or a secret is missing.
    """
    if name not in settings.tools:
        raise SettingsError(f"tools.{name}", "is not described", f"add a table [tools.{name}] with its command")
    described = settings.tools[name]
    folder = settings.home / "logs" / "tools"

    def keep(run: Run) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(run) | {"began_at": run.began_at.isoformat()}) + "\n"
        file = os.open(folder / f"{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    return Tool(
        name=name,
        command=described.command,
        clock=system_clock,
        keep=keep,
        secrets={
            variable: secret.resolve(reference, setting=f"tools.{name}.secrets.{variable}")
            for variable, reference in described.secrets.items()
        },
        variables=described.variables,
        folder=settings.home / described.folder if described.folder else settings.home,
    )


def _citrineos(table: CitrineOs) -> AbstractAsyncContextManager[CallingChannel]:
    return open_citrineos(
        "target",
        api=_needed(table.api, "api"),
        graphql=table.graphql,
        tenant=table.tenant,
        token=secret.resolve(table.api_token, setting="target.api_token") if table.api_token else None,
        secret=secret.resolve(table.secret, setting="target.secret") if table.secret else None,
    )


def _needed(value: str | None, key: str) -> str:
    if value is None:
        what = CitrineOs.model_fields[key].description
        raise SettingsError(f"target.{key}", "is missing, and needed for this", f"write it under [target]: {what}")
    return value

