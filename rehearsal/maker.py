"""A maker's own cloud, beside every back-office: its tool reads and writes stations' keys through it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from charging.clock import system_clock
from charging.migration.ports import Channel
from charging.migration.recipes import Method, Recipe
from charging.ocpp.channels.by_station import ByStation
from charging.ocpp.channels.script import ScriptChannel
from charging.ocpp.channels.tool import Question, Run, Tool
from rehearsal import maker_tool
from rehearsal.frames import CallRefused, NoAnswer, Payload

TOOL = "maker"
Obey = Callable[[str, str, Payload], Awaitable[Payload | None]]
"""Have a station do what an action asks for, as over its own line to its maker; None if that line is down."""


def scripted(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Return the recipes with those that write keys through the maker's tool instead of the back-office."""
    return {
        name: replace(recipe, method=Method.SCRIPT, tool=TOOL, tool_seconds=30)
        if recipe.method is Method.CONFIG
        else recipe
        for name, recipe in recipes.items()
    }


def channel(office: Channel, of: Mapping[str, Recipe], *, home: Path, keep: Callable[[Run], None]) -> Channel:
    """Return a back-office's channel with the tool beside it, for the stations whose recipe asks for that.

    `of` has the recipe of each station; `home` is the cloud's.
    """
    tool = Tool(
        name=TOOL,
        command=(sys.executable, "-I", "-S", str(maker_tool.__file__)),
        clock=system_clock,
        keep=keep,
        variables={"MAKER_PORT": (home / "maker.port").read_text()},
    )
    others = {
        station_id: ScriptChannel(tool, office, timeout_seconds=recipe.tool_seconds)
        for station_id, recipe in of.items()
        if recipe.method is Method.SCRIPT
    }
    return ByStation(office, others)


async def open_cloud(home: Path, obey: Obey) -> asyncio.Server:
    """Let the cloud listen; its port is in its home."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = msgspec.json.decode(await reader.readline(), type=Question)
        writer.write(msgspec.json.encode(await _answer(question, obey)) + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(attend, "127.0.0.1", 0, backlog=1_024)
    (home / "maker.port").write_text(str(server.sockets[0].getsockname()[1]))
    return server


async def _answer(question: Question, obey: Obey) -> dict[str, object]:
    try:
        if question.operation == "write":
            told = {"key": question.key, "value": question.value}
            answer = await obey(question.station_id, "ChangeConfiguration", told)
            return {"status": "Unreachable"} if answer is None else {"status": answer["status"]}
        answer = await obey(question.station_id, "GetConfiguration", {"key": list(question.keys)})
    except (CallRefused, NoAnswer) as problem:
        return {"status": "Unreachable", "message": type(problem).__name__}
    if answer is None:
        return {"status": "Unreachable"}
    found = {entry["key"]: entry.get("value") for entry in answer.get("configurationKey", ())}
    return {"status": "Accepted", "values": found}
