"""Which way stations are reached: by the back-office's kind, and by recipe through a maker's tool or our gateway."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from typing import Literal, get_args

from charging import secret
from charging import settings as configuration
from charging.clock import system_clock
from charging.database import connection as database
from charging.errors import SettingsError
from charging.migration.choosing import generation
from charging.migration.ports import Channel
from charging.migration.recipes import Method, Recipe
from charging.ocpp.channels.by_station import ByStation, RouteByAddress
from charging.ocpp.channels.citrineos import CitrineOsChannel, open_citrineos
from charging.ocpp.channels.gateway import ROUTE, open_gateway
from charging.ocpp.channels.script import ScriptChannel
from charging.ocpp.channels.steve import SteveChannel, open_steve
from charging.ocpp.channels.tool import Run, Tool
from charging.settings import Settings
from charging.target_settings import CitrineOs

Name = Literal["legacy", "target"]


def office(settings: Settings, name: Name) -> AbstractAsyncContextManager[SteveChannel | CitrineOsChannel]:
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
    """Open a back-office's channel, and beside it what the stations' recipes (by station id) ask for.

    Method `script` takes the maker's tool, method `gateway` our own gateway, by which its stations are seen, too.
    Where every station is behind the gateway the back-office needs no API.

    Raises:
        SettingsError: if the settings do not describe the back-office, or a tool.
    """
    scripted = {each: recipe for each, recipe in recipes.items() if recipe.method is Method.SCRIPT}
    routed = [each for each, recipe in recipes.items() if recipe.method is Method.GATEWAY]
    tools = {recipe.tool: tool(settings, recipe.tool) for recipe in scripted.values()}
    async with AsyncExitStack() as stack:
        others: dict[str, Channel] = {}
        if routed:
            where = database.address(settings)
            gateway = await stack.enter_async_context(open_gateway(name, address=where, clock=system_clock))
            others |= dict.fromkeys(routed, RouteByAddress(gateway, _names(settings), key=ROUTE))
            if len(routed) == len(recipes):
                yield others[routed[0]]
                return
        direct = await stack.enter_async_context(office(settings, name))
        witnesses = dict(others)
        for each, recipe in scripted.items():
            spoken = generation(recipe.protocol)
            seconds = recipe.tool_seconds
            others[each] = ScriptChannel(tools[recipe.tool], direct, timeout_seconds=seconds, generation=spoken)
        yield ByStation(direct, others, witnesses=witnesses) if others else direct


def address(settings: Settings, name: Name, *, recipes: Mapping[str, Recipe]) -> str:
    """Return what recipes write to lead stations to a back-office: its address, or behind our gateway its name.

    Raises:
        SettingsError: if the settings do not say the address, and a station has to be told it.
    """
    try:
        return dialled(settings, name)
    except SettingsError:
        if recipes and all(recipe.method is Method.GATEWAY for recipe in recipes.values()):
            return name
        raise


def _names(settings: Settings) -> dict[str, str]:
    """Return the name under which the gateway knows each back-office, by the address that stations dial."""
    names: dict[str, str] = {}
    for name in get_args(Name):
        with suppress(SettingsError):
            names[dialled(settings, name)] = name
    return names


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


def _citrineos(table: CitrineOs) -> AbstractAsyncContextManager[CitrineOsChannel]:
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
