"""The channel `script`: keys are read and written by a maker's tool, everything else goes through the back-office."""

from collections.abc import Mapping, Sequence
from typing import Literal

from charging.errors import StationUnreachable
from charging.migration.ports import Channel, Sighting
from charging.ocpp.channels.tool import VERSION, Question, Tool

PROOF = {"1": "HeartbeatInterval", "2": "OCPPCommCtrlr.HeartbeatInterval"}
"""What every station has (OCPP 1.6 §9.1; OCPP 2.0.1 part 2): by reading it through a back-office it is seen that the
station is connected there. The tool answers wherever the station is."""


class ScriptChannel:
    """One maker's tool beside one back-office. Implements `charging.migration.ports.Channel`."""

    def __init__(self, tool: Tool, office: Channel, *, timeout_seconds: float, generation: str = "1") -> None:
        self._tool, self._office = tool, office
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

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put a connector, or with 0 the whole station, in or out of service, through the back-office."""
        return await self._office.change_availability(station_id, connector_id, kind)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station through the back-office."""
        return await self._office.reset(station_id, kind)

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station for a message through the back-office."""
        return await self._office.trigger(station_id, message)

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what the back-office knows of each station."""
        return await self._office.sightings(station_ids)


class ByStation:
    """Several channels of one back-office, each for the stations that it is named for; one for all the others."""

    def __init__(self, office: Channel, others: Mapping[str, Channel]) -> None:
        self._office, self._others = office, others

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys through the station's channel."""
        return await self._of(station_id).get_configuration(station_id, keys)

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key through the station's channel."""
        return await self._of(station_id).change_configuration(station_id, key, value)

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put a connector or the whole station in or out of service through the station's channel."""
        return await self._of(station_id).change_availability(station_id, connector_id, kind)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station through its channel."""
        return await self._of(station_id).reset(station_id, kind)

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station for a message through its channel."""
        return await self._of(station_id).trigger(station_id, message)

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what the back-office knows of each station, in one look for all of them."""
        return await self._office.sightings(station_ids)

    def _of(self, station_id: str) -> Channel:
        return self._others.get(station_id, self._office)
