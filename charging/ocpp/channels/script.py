"""The channel `script`: keys are read and written by a maker's tool, everything else goes through the back-office."""

from collections.abc import Mapping, Sequence

from charging.errors import StationUnreachable
from charging.migration.ports import Channel
from charging.ocpp.channels.by_station import Through
from charging.ocpp.channels.tool import VERSION, Question, Tool

PROOF = {"1": "HeartbeatInterval", "2": "OCPPCommCtrlr.HeartbeatInterval"}
"""What every station has (OCPP 1.6 §9.1; OCPP 2.0.1 part 2): by reading it through a back-office it is seen that the
station is connected there. The tool answers wherever the station is."""


class ScriptChannel(Through):
    """One maker's tool beside one back-office. Implements `charging.migration.ports.Channel`."""

    def __init__(self, tool: Tool, office: Channel, *, timeout_seconds: float, generation: str = "1") -> None:
        super().__init__(office)
        self._tool = tool
        self._timeout_seconds, self._proof = timeout_seconds, PROOF[generation]

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Ask the tool for the keys, once the station has answered through the back-office."""
        await self._office.get_configuration(station_id, [self._proof])
        question = Question(version=VERSION, operation="read", station_id=station_id, keys=tuple(keys))
        answer = await self._tool.ask(question, timeout_seconds=self._timeout_seconds)
        if answer.status != "Accepted":
            said = f" ({answer.message})" if answer.message else ""
            raise StationUnreachable(station_id, f"the tool {self._tool.name} did not read it: {answer.status}{said}")
        return {key: answer.values[key] for key in keys if key in answer.values}

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Have the tool write one key, and return its word on it."""
        question = Question(version=VERSION, operation="write", station_id=station_id, key=key, value=value)
        return (await self._tool.ask(question, timeout_seconds=self._timeout_seconds)).status
