"""A channel over whatever carries OCPP calls to stations and their answers back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from charging.errors import StationUnreachable
from charging.migration.choosing import generation
from charging.migration.diagnostics import Said, Told
from charging.migration.ports import Setting, Sighting
from charging.ocpp.channels import calls
from charging.ocpp.channels.calls import Asked, Payload
from charging.ocpp.frames import CallError


class Caller(Protocol):
    """What carries calls to stations through one back-office."""

    name: str

    async def protocol(self, station_id: str) -> str | None:
        """Return the sub-protocol that the station speaks here, None where that is not known (taken for 1.6)."""
        ...

    async def call(self, station_id: str, protocol: str | None, asked: Asked) -> Payload | CallError:
        """Send one call, once, and return the station's own answer.

        Raises:
            BackOfficeUnavailable: if the back-office does not do its part.
            StationUnreachable: if the station does not answer; whether it has acted is then unknown.
        """
        ...

    async def base_report(self, station_id: str, protocol: str | None) -> Sequence[Payload]:
        """Ask for GetBaseReport(FullInventory) and return the reportData of all its parts.

        Raises:
            BackOfficeUnavailable: if the back-office does not do its part.
            StationUnreachable: if the station does not answer, or not to the end.
        """
        ...

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what this back-office knows of the stations; the unknown are absent.

        Raises:
            BackOfficeUnavailable: if it cannot say.
        """
        ...

    async def log_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Said]]:
        """Return what stations have said of uploads of their logs since an instant, in order.

        Raises:
            BackOfficeUnavailable: if it cannot say.
        """
        ...


class CallingChannel:
    """One back-office. Implements `charging.migration.ports.Channel`, `Inspector` and, of diagnostics, `LogSource`."""

    def __init__(self, caller: Caller) -> None:
        self.name = caller.name
        self._caller = caller

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys; those that the station does not know are absent from the answer."""
        return {setting.key: setting.value for setting in await self.settings_of(station_id, keys)}

    async def settings_of(self, station_id: str, keys: Sequence[str]) -> Sequence[Setting]:
        """Read the keys, or with none all that the station lists or reports."""
        protocol = await self._caller.protocol(station_id)
        spoken = generation(protocol)
        if spoken == "2" and not keys:
            return calls.reported(await self._caller.base_report(station_id, protocol))
        asked = calls.read_settings(keys, generation=spoken)
        answer = await self._caller.call(station_id, protocol, asked)
        if isinstance(answer, CallError):
            raise StationUnreachable(station_id, f"it answered {asked.action} with {answer.code}")
        try:
            return calls.settings_in(answer, generation=spoken)
        except (KeyError, TypeError, AttributeError) as error:
            raise StationUnreachable(station_id, f"its answer to {asked.action} is none ({error!r})") from error

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key and return the station's status."""
        protocol = await self._caller.protocol(station_id)
        return await self._order(station_id, protocol, calls.write_setting(key, value, generation=generation(protocol)))

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put a connector, or with 0 the whole station, in or out of service; return the station's status."""
        protocol = await self._caller.protocol(station_id)
        asked = calls.availability(connector_id, kind, generation=generation(protocol))
        return await self._order(station_id, protocol, asked)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station and return its status."""
        protocol = await self._caller.protocol(station_id)
        return await self._order(station_id, protocol, calls.reset(kind, generation=generation(protocol)))

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station to send a message by itself and return its status."""
        return await self._order(station_id, await self._caller.protocol(station_id), calls.trigger(message))

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what the back-office knows of each station."""
        return await self._caller.sightings(station_ids)

    async def fetch_log(self, station_id: str, location: str, *, request_number: int) -> Told:
        """Ask the station to upload its log."""
        protocol = await self._caller.protocol(station_id)
        asked = calls.fetch_log(location, request_number=request_number, generation=generation(protocol))
        answer = await self._caller.call(station_id, protocol, asked)
        return Told(status=answer.code, file_name=None) if isinstance(answer, CallError) else calls.log_told(answer)

    async def log_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Said]]:
        """Return what stations have said of uploads since an instant."""
        return await self._caller.log_news(station_ids, since=since)

    async def _order(self, station_id: str, protocol: str | None, asked: Asked) -> str:
        answer = await self._caller.call(station_id, protocol, asked)
        if isinstance(answer, CallError):
            return answer.code
        return calls.status_in(answer, action=asked.action)
