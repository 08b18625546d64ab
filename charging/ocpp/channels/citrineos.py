"""CitrineOS as a channel: its message API sends calls, its database tells what came of them.

`POST /ocpp/{1.6|2.0.1}/{module}/{action}?identifier=…&tenantId=…` answers `[{success, payload}]`, and `success` means
that the call was handed on, not that the station has answered. CitrineOS writes every frame that it sends or receives
into the table OCPPMessages; only the station's own answer found there counts.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from charging.errors import BackOfficeUnavailable, StationUnreachable
from charging.migration.choosing import generation
from charging.migration.diagnostics import Said
from charging.migration.firmware.status import Happened
from charging.migration.ports import Sighting
from charging.ocpp.channels.calling import CallingChannel
from charging.ocpp.channels.calls import Asked, Payload
from charging.ocpp.channels.citrineos_records import Records
from charging.ocpp.frames import CallError
from charging.secret import Secret
from charging.targets.citrineos_client import GraphQl

_MODULES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("ChangeAvailability", "ChangeConfiguration", "GetConfiguration", "Reset", "TriggerMessage"),
            *("UpdateFirmware", "SetNetworkProfile"),
        ),
        "configuration",
    ),
    **dict.fromkeys(("GetVariables", "SetVariables"), "monitoring"),
    **dict.fromkeys(("GetBaseReport", "GetDiagnostics", "GetLog"), "reporting"),
}
"""Which of CitrineOS's modules takes which action."""

_SOONER = 10
"""How many times sooner than usual an answer is looked for at first: most stations answer at once."""

_Found = TypeVar("_Found")


class _Confirmation(msgspec.Struct):
    success: bool
    payload: Any = None


class CitrineOsCaller:
    """One CitrineOS. Implements `charging.ocpp.channels.calling.Caller`."""

    def __init__(
        self,
        name: str,
        *,
        http: httpx.AsyncClient,
        records: Records,
        tenant: int,
        patience: timedelta = timedelta(seconds=45),
        look_every: timedelta = timedelta(seconds=0.5),
    ) -> None:
        self.name = name
        self._http, self._records, self._tenant = http, records, tenant
        self._patience, self._look_every = patience.total_seconds(), look_every.total_seconds()
        self._report_numbers = 0
        self._lasts: dict[str, int] = {}

    async def protocol(self, station_id: str) -> str | None:
        """Return what CitrineOS has written down of the station."""
        protocol, self._lasts[station_id] = await asyncio.to_thread(self._records.protocol, station_id)
        return protocol

    async def call(self, station_id: str, protocol: str | None, asked: Asked) -> Payload | CallError:
        """Have one call sent, and wait until the station's answer to it is seen."""
        last = self._lasts.pop(station_id, None)  # it has come with the protocol, if that was asked for just before
        if last is None:
            last = await asyncio.to_thread(self._records.last_message, station_id)
        await self._send(station_id, protocol, asked)
        return await self._seen(
            lambda: self._records.answer(station_id, asked, after=last),
            station_id,
            f"CitrineOS sent {asked.action}, and no answer of the station has come",
        )

    async def base_report(self, station_id: str, protocol: str | None) -> Sequence[Payload]:
        """Ask for everything, and collect the NotifyReport messages until the last has come."""
        last = await asyncio.to_thread(self._records.last_message, station_id)
        self._report_numbers += 1
        number = (last * 1000 + self._report_numbers) % 2**31  # integer; new for every question to this station
        asked = Asked(action="GetBaseReport", payload={"requestId": number, "reportBase": "FullInventory"})
        answer = await self.call(station_id, protocol, asked)
        if isinstance(answer, CallError) or answer.get("status") != "Accepted":
            said = answer.code if isinstance(answer, CallError) else answer.get("status")
            raise StationUnreachable(station_id, f"it answered GetBaseReport with {said}")
        return await self._seen(
            lambda: self._records.report(station_id, number, after=last), station_id, "its report has not ended"
        )

    async def sightings(self, station_ids: Sequence[str]) -> Mapping[str, Sighting]:
        """Return what CitrineOS's database knows of each station, by CitrineOS's clock."""
        return await asyncio.to_thread(self._records.sightings, list(station_ids))

    async def log_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Said]]:
        """Return every status of an upload that CitrineOS has written down since an instant, by its own clock."""
        return await asyncio.to_thread(self._records.log_news, list(station_ids), since=since)

    async def _send(self, station_id: str, protocol: str | None, asked: Asked) -> None:
        """Hand a call over, once: whether a lost answer was a lost order is for the caller to find out."""
        version = "1.6" if generation(protocol) == "1" else "2.0.1"
        action = asked.action[0].lower() + asked.action[1:]
        path = f"ocpp/{version}/{_MODULES[asked.action]}/{action}"
        try:
            reply = await self._http.post(
                path, params={"identifier": station_id, "tenantId": self._tenant}, json=dict(asked.payload)
            )
            reply.raise_for_status()
            confirmations = msgspec.json.decode(reply.content, type=list[_Confirmation])
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            mend = "see that its token is right" if status in {401, 403} else "see its log"
            raise BackOfficeUnavailable(self.name, f"its message API answers with status {status}", mend) from error
        except httpx.HTTPError as error:
            problem = f"its message API does not answer ({type(error).__name__})"
            raise BackOfficeUnavailable(self.name, problem) from error
        except msgspec.MsgspecError as error:
            raise BackOfficeUnavailable(self.name, f"its answer cannot be understood: {error}") from error
        if not confirmations or not all(one.success for one in confirmations):
            why = next((str(one.payload) for one in confirmations if not one.success), "it says nothing")
            raise StationUnreachable(station_id, f"CitrineOS did not send {asked.action}: {why}")

    async def _seen(self, look: Callable[[], _Found | None], station_id: str, otherwise: str) -> _Found:
        until, wait = asyncio.get_running_loop().time() + self._patience, self._look_every / _SOONER
        while True:
            found = await asyncio.to_thread(look)
            if found is not None:
                return found
            if asyncio.get_running_loop().time() >= until:
                raise StationUnreachable(station_id, otherwise)
            await asyncio.sleep(wait)
            wait = min(2 * wait, self._look_every)


class CitrineOsChannel(CallingChannel):
    """One CitrineOS. Implements `Channel`, `Inspector` and, of firmware, `Witness`."""

    def __init__(self, caller: CitrineOsCaller, records: Records) -> None:
        super().__init__(caller)
        self._records = records

    async def firmware_news(self, station_ids: Sequence[str], *, since: datetime) -> Mapping[str, Sequence[Happened]]:
        """Return every status and boot that CitrineOS has written down since an instant, by its own clock."""
        return await asyncio.to_thread(self._records.firmware_news, list(station_ids), since=since)


@asynccontextmanager
async def open_citrineos(
    name: str, *, api: str, graphql: str, tenant: int, token: Secret | None, secret: Secret | None
) -> AsyncIterator[CitrineOsChannel]:
    """Open the channel to one CitrineOS: `api` is the address of its message API, before `/ocpp`."""
    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    async with httpx.AsyncClient(
        base_url=f"{api.rstrip('/')}/", headers=headers, timeout=httpx.Timeout(30.0, connect=5.0)
    ) as http:
        with httpx.Client(timeout=httpx.Timeout(30.0, connect=5.0)) as data:
            records = Records(name, GraphQl(data, graphql, secret=secret), tenant=tenant)
            yield CitrineOsChannel(CitrineOsCaller(name, http=http, records=records, tenant=tenant), records)
