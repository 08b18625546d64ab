"""SteVe as a channel: its REST operations reach stations, its database tells what it has heard from them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar

import httpx
import msgspec
import sqlalchemy as sa
import stamina
from sqlalchemy.exc import SQLAlchemyError

from charging.clock import Clock
from charging.errors import BackOfficeUnavailable, SourceError, StationUnreachable
from charging.legacy.steve_schema import SteveSchema, reflect
from charging.migration.diagnostics import Said, Told
from charging.migration.firmware.status import Happened
from charging.migration.ports import Setting, Sighting
from charging.ocpp.channels import steve_diagnostics, steve_firmware, steve_sightings
from charging.ocpp.channels.lanes import Lanes
from charging.secret import Secret

_AT_ONCE = 100
"""How many requests SteVe is sent at once."""
_Decoded = TypeVar("_Decoded")


class _Success(msgspec.Struct, rename="camel"):
    charge_box_id: str
    response: msgspec.Raw = msgspec.Raw(b"null")


class _Error(msgspec.Struct, rename="camel"):
    charge_box_id: str
    error_code: str = ""
    error_description: str | None = None


class _Failure(msgspec.Struct, rename="camel"):
    charge_box_id: str
    exception_message: str | None = None


class _Task(msgspec.Struct, rename="camel"):
    task_finished: bool = False
    success_responses: list[_Success] = []
    error_responses: list[_Error] = []
    exceptions: list[_Failure] = []


class _Key(msgspec.Struct):
    key: str
    value: str | None = None
    readonly: bool | None = None


class _Configuration(msgspec.Struct, rename="camel"):
    configuration_keys: list[_Key] = []


class SteveChannel:
    """One SteVe. Implements `Channel`, `Inspector`, of firmware `Witness`, and of diagnostics `LogSource`."""

    def __init__(self, name: str, *, client: Lanes, engine: sa.Engine, clock: Clock) -> None:
        self.name = name
        self._client = client
        self._engine = engine
        self._clock = clock
        self._schema: SteveSchema | None = None

    async def get_configuration(self, station_id: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Read the keys; those that the station does not know are absent from the answer."""
        return {setting.key: setting.value for setting in await self.settings_of(station_id, keys)}

    async def settings_of(self, station_id: str, keys: Sequence[str]) -> Sequence[Setting]:
        """Read the keys, or with none all that the station lists."""
        body = {"confKeyList": list(keys)}
        try:
            async for attempt in stamina.retry_context(on=_is_passing, attempts=3, timeout=30):
                with attempt:  # reading changes nothing, so it may be tried again
                    task = await self._task("GetConfiguration", station_id, body)
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error
        answer = self._answer(task, station_id)
        if isinstance(answer, _Error):
            raise StationUnreachable(station_id, f"it answered GetConfiguration with {answer.error_code}")
        found = self._decode(answer.response, _Configuration)
        return [
            Setting(key=entry.key, value=entry.value, is_read_only=entry.readonly) for entry in found.configuration_keys
        ]

    async def change_configuration(self, station_id: str, key: str, value: str) -> str:
        """Write one key and return the station's status."""
        body = {"keyType": "CUSTOM", "customConfKey": key, "value": value}
        return await self._order("ChangeConfiguration", station_id, body)

    async def change_availability(
        self, station_id: str, connector_id: int, kind: Literal["Operative", "Inoperative"]
    ) -> str:
        """Put a connector, or with 0 the whole station, in or out of service; return the station's status."""
        body = {"connectorId": connector_id, "availType": kind.upper()}
        return await self._order("ChangeAvailability", station_id, body)

    async def reset(self, station_id: str, kind: Literal["Soft", "Hard"]) -> str:
        """Restart the station and return its status."""
        return await self._order("Reset", station_id, {"resetType": kind.upper()})

    async def trigger(self, station_id: str, message: str) -> str:
        """Ask the station to send a message by itself and return its status."""
        return await self._order("TriggerMessage", station_id, {"triggerMessage": message})

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what SteVe's database knows of each station.

        `heard_at` uses only SteVe's own clock (boots and heartbeats, transactions' events): a StatusNotification
        carries the station's, which may be wrong by years. SteVe keeps no boots and no connections.
        """
        try:
            seen = await asyncio.to_thread(self._look, list(station_ids), now=self._clock())
        except (SQLAlchemyError, SourceError) as error:
            raise BackOfficeUnavailable(self.name, f"its database does not answer ({type(error).__name__})") from error
        return {sighting.station_id: sighting for sighting in seen}

    async def firmware_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Happened]]:
        """Return the last status of each station that has come since an instant. SteVe keeps no earlier one."""
        try:
            return await asyncio.to_thread(self._firmware, list(station_ids), since=since)
        except (SQLAlchemyError, SourceError) as error:
            raise BackOfficeUnavailable(self.name, f"its database does not answer ({type(error).__name__})") from error

    async def fetch_log(self, station_id: str, location: str, *, request_number: int) -> Told:  # noqa: ARG002 - 1.6 numbers none
        """Ask the station to upload its log (OCPP 1.6 GetDiagnostics)."""
        try:
            task = await self._task("GetDiagnostics", station_id, {"location": location})
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error
        answer = self._answer(task, station_id)
        if isinstance(answer, _Error):
            return Told(status=answer.error_code, file_name=None)
        name = None if bytes(answer.response) == b"null" else self._decode(answer.response, str)
        return Told(status="", file_name=name or None)

    async def log_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Said]]:
        """Return the last status of each station's upload that has come since an instant; SteVe keeps no other."""
        try:
            return await asyncio.to_thread(self._logs, list(station_ids), since=since)
        except (SQLAlchemyError, SourceError) as error:
            raise BackOfficeUnavailable(self.name, f"its database does not answer ({type(error).__name__})") from error

    async def _order(self, operation: str, station_id: str, body: Mapping[str, object]) -> str:
        """Give an order once: whether a lost answer was a lost order is for the caller to find out."""
        try:
            task = await self._task(operation, station_id, body)
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error
        answer = self._answer(task, station_id)
        return answer.error_code if isinstance(answer, _Error) else self._decode(answer.response, str)

    async def _task(self, operation: str, station_id: str, body: Mapping[str, object]) -> _Task:
        reply = await self._client.post(f"api/v1/operations/{operation}", {"chargeBoxIdList": [station_id], **body})
        reply.raise_for_status()
        return self._decode(reply.content, _Task)

    def _answer(self, task: _Task, station_id: str) -> _Success | _Error:
        """Return the station's own word; SteVe's saying that there is none means that it cannot be reached."""
        answers: list[_Success | _Error] = [*task.success_responses, *task.error_responses]
        for answer in answers:
            if answer.charge_box_id == station_id:
                return answer
        failures = [each.exception_message or "SteVe says no more" for each in task.exceptions]
        raise StationUnreachable(station_id, "; ".join(failures) or "it did not answer in time")

    def _decode(self, content: bytes | msgspec.Raw, wanted: type[_Decoded]) -> _Decoded:
        try:
            return msgspec.json.decode(content, type=wanted)
        except msgspec.MsgspecError as error:
            raise BackOfficeUnavailable(self.name, f"its answer cannot be understood: {error}") from error

    def _unavailable(self, error: httpx.HTTPError) -> BackOfficeUnavailable:
        if isinstance(error, httpx.HTTPStatusError):
            status = error.response.status_code
            mend = "see that its user and password are right" if status in {401, 403} else "see its log"
            return BackOfficeUnavailable(self.name, f"its API answers with status {status}", mend)
        return BackOfficeUnavailable(self.name, f"its API does not answer ({type(error).__name__})")

    def _look(self, station_ids: Sequence[str], *, now: datetime) -> list[Sighting]:
        self._schema = self._schema or reflect(self._engine, self.name)
        return [
            steve_sightings.sighting(row)
            for row in self._rows(steve_sightings.sightings(self._schema, station_ids, now=now))
        ]

    def _firmware(self, station_ids: Sequence[str], *, since: datetime) -> dict[str, list[Happened]]:
        self._schema = self._schema or reflect(self._engine, self.name)
        rows = self._rows(steve_firmware.statuses(self._schema, station_ids))
        return {row.charge_box_id: steve_firmware.happened(row, since=since) for row in rows}

    def _logs(self, station_ids: Sequence[str], *, since: datetime) -> dict[str, list[Said]]:
        self._schema = self._schema or reflect(self._engine, self.name)
        rows = self._rows(steve_diagnostics.statuses(self._schema, station_ids))
        return {row.charge_box_id: steve_diagnostics.said(row, since=since) for row in rows}

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            if connection.dialect.name in {"mysql", "mariadb"}:
                connection.execute(sa.text("SET time_zone = '+00:00'"))  # else timestamps come in the server's zone
            return connection.execute(query).all()


@asynccontextmanager
async def open_steve(
    name: str, *, base_url: str, login: tuple[str, Secret], database_url: str, clock: Clock
) -> AsyncIterator[SteveChannel]:
    """Open the channel to one SteVe. `base_url` ends before `/api/v1`; `login` is its API user and password."""
    user, password = login
    engine = sa.create_engine(database_url, pool_pre_ping=True)

    def opened(trusted: ssl.SSLContext) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/",
            auth=(user, password.reveal()),
            timeout=httpx.Timeout(60.0, connect=5.0),  # SteVe itself waits for the station, for up to 45 s
            limits=httpx.Limits(max_connections=1),
            verify=trusted,
        )

    lanes = Lanes(opened, most=_AT_ONCE)
    try:
        yield SteveChannel(name, client=lanes, engine=engine, clock=clock)
    finally:
        await lanes.close()
        engine.dispose()


def _is_passing(error: Exception) -> bool:
    """Whether asking again may help: the way to SteVe was cut, or SteVe itself failed."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)
