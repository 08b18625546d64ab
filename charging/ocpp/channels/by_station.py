"""Several channels of one back-office, each for the stations that it is named for."""

from collections.abc import Mapping, Sequence
from typing import Literal

from charging.errors import StationUnreachable
from charging.migration.ports import Channel, Inspector, Setting, Sighting


class Through:
    """A channel that leaves everything to another one; those that do some of it themselves begin here."""

    def __init__(self, office: Channel) -> None:
        self._office = office

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys; those that the station does not know are absent from the answer."""
        return await self._of(station_id).get_configuration(station_id, keys)

    async def settings_of(self, station_id: str, keys: Sequence[str]) -> Sequence[Setting]:
        """Read the keys, or with none all that the station lists."""
        inspector = self._of(station_id)
        if not isinstance(inspector, Inspector):
            raise StationUnreachable(station_id, "nobody can ask it for all that it has through its channel")
        return await inspector.settings_of(station_id, keys)

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key and return the station's status."""
        return await self._of(station_id).change_configuration(station_id, key, value)

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put a connector, or with 0 the whole station, in or out of service; return the station's status."""
        return await self._of(station_id).change_availability(station_id, connector_id, kind)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station and return its status."""
        return await self._of(station_id).reset(station_id, kind)

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station to send a message by itself and return its status."""
        return await self._of(station_id).trigger(station_id, message)

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what the back-office knows of each station, in one look for all of them."""
        return await self._office.sightings(station_ids)

    def _of(self, station_id: str) -> Channel:  # noqa: ARG002 - what follows may choose by it
        return self._office


class ByStation(Through):
    """One channel for some stations, another for others, and the back-office itself for the rest.

    `witnesses` are the stations that are also seen through their own channel; all others are seen by the back-office.
    """

    def __init__(
        self, office: Channel, others: Mapping[str, Channel], *, witnesses: Mapping[str, Channel] | None = None
    ) -> None:
        super().__init__(office)
        self._others, self._witnesses = others, witnesses or {}

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what is known of each station, in one look for each who sees some of them."""
        looks: dict[int, tuple[Channel, list[str]]] = {}
        for station_id in station_ids:
            witness = self._witnesses.get(station_id, self._office)
            looks.setdefault(id(witness), (witness, []))[1].append(station_id)
        seen: dict[str, Sighting] = {}
        for witness, those in looks.values():
            seen |= await witness.sightings(those)
        return seen

    def _of(self, station_id: str) -> Channel:
        return self._others.get(station_id, self._office)


class RouteByAddress(Through):
    """Our gateway, told back-offices' addresses where it knows their names: recipes render addresses."""

    def __init__(self, gateway: Channel, names: Mapping[str, str], *, key: str) -> None:
        super().__init__(gateway)
        self._key = key
        self._names = {address.rstrip("/"): name for address, name in names.items()}
        self._addresses = {name: address for address, name in self._names.items()}

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys; the route as the address of the back-office that it leads to, where that is known."""
        found = dict(await self._office.get_configuration(station_id, keys))
        led_to = found.get(self._key)
        return found if led_to is None else found | {self._key: self._addresses.get(led_to, led_to)}

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key; the route by the name of the back-office whose address is given."""
        told = self._names.get(value.rstrip("/"), value) if key == self._key else value
        return await self._office.change_configuration(station_id, key, told)
