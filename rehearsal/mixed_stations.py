"""Stations of OCPP 1.6 and of 2.0.1 side by side in one process, a tenth of which misbehaves."""

import asyncio
import contextlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from random import Random

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from charging.clock import system_clock
from charging.network import Lane, model
from rehearsal import device_model, frames, wave_plan
from rehearsal.flash import Flash
from rehearsal.many_stations import AGES_SECONDS, DIALLING_AT_ONCE, MISBEHAVIOURS, STRAYS_AFTER, fleet
from rehearsal.station import Station, new_memory
from rehearsal.station_2 import Station2
from rehearsal.truth import Behaviour

NEW_PROTOCOL = "ocpp2.0.1"
_RESTART_SECONDS = 0.3
_CHARGE_SECONDS = 60.0


class Mixed:
    """All of them: every second one is of OCPP 2.0.1. Belongs to one event loop."""

    def __init__(self, seed: int, *, stations: int, as_of: datetime, time_scale: float) -> None:
        half = stations // 2
        self.network, self.how = fleet(
            seed, stations=stations - half, as_of=as_of, misbehave=True, time_scale=time_scale
        )
        names = [f"TWO {number}" for number in range(half)]
        chosen = Random(f"{seed}/misbehave/2").sample(names, half // 10)
        self.how |= {name: MISBEHAVIOURS[number % len(MISBEHAVIOURS)] for number, name in enumerate(chosen)}
        self.new_generation = frozenset(names)
        self.identities = [*(one.station_id for one in self.network.stations), *names]
        self._time_scale = time_scale
        self._old: dict[str, Station] = {}
        self._new: dict[str, Station2] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._flash: Flash | None = None

    async def start(self, home: Path, *, url: str) -> None:
        """Let all dial."""
        self._flash, gate = Flash(home / "flash.sqlite"), asyncio.Semaphore(DIALLING_AT_ONCE)
        memories = {one.station_id: new_memory(one, self.network, url=url) for one in self.network.stations}
        self._flash.fill(memories)
        for truth in self.network.stations:
            self._old[truth.station_id] = Station(
                truth,
                memories[truth.station_id],
                network=self.network,
                flash=self._flash,
                clock=system_clock,
                gate=gate,
                on_charged=lambda _: None,
            )
        known = {str(behaviour) for behaviour in Behaviour}
        for name in sorted(self.new_generation):
            how = self.how.get(name, "good")
            self._new[name] = Station2(
                device_model.new_memory(name, url=url),
                clock=system_clock,
                behaviour=Behaviour(how) if how in known else Behaviour.GOOD,
                restart_seconds=AGES_SECONDS * self._time_scale if how == "resets_for_ages" else _RESTART_SECONDS,
            )
        everybody: dict[str, Station | Station2] = {**self._old, **self._new}
        self._tasks = [asyncio.create_task(one.run()) for one in everybody.values()]
        self._tasks += [asyncio.create_task(self._stray(name)) for name in everybody if name in self.how]

    async def stop(self) -> None:
        """Let all end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._flash is not None:
            self._flash.close()

    def whereabouts(self, name: str) -> str:
        """Return the address at which a station was let in last; nothing for one that is gone."""
        if name in self._new:
            two = self._new[name].memory
            return "" if two.is_gone else two.url(two.active)
        memory = self._old[name].memory
        return "" if memory.is_gone else memory.arrived

    def records(self) -> list[model.Station]:
        """Return what is known of each before it moves."""
        old = [wave_plan.record(truth) for truth in self.network.stations]
        return old + [
            model.Station(
                station_id=name,
                location_id=None,
                vendor="Supplier H",
                model="TwoO",
                serial_number=f"SN-{name}",
                firmware="2.0.0",
                iccid=None,
                imsi=None,
                apn=None,
                ocpp_protocol=NEW_PROTOCOL,
                lane=Lane.LIVE,
                last_seen_at=None,
            )
            for name in sorted(self.new_generation)
        ]

    def told(self) -> int:
        """Return how many stations of OCPP 1.6 have told their charge after the move to its end."""
        return sum(one.memory.is_live_told for one in self._old.values())

    async def charge(self, names: Collection[str]) -> set[str]:
        """Let a driver charge at each of these stations of OCPP 2.0.1; return those that were answered to the end."""
        for name in names:
            await self._new[name].begin_charge()
        for name in names:
            await self._new[name].end_charge()
        waiting = set(names)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CHARGE_SECONDS):
                while waiting := {name for name in waiting if self._new[name].is_charging}:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        return set(names) - waiting

    async def _stray(self, name: str) -> None:
        """Do now and then what a station does that drops its link without a word, or connects twice at once."""
        chance, how = Random(name), self.how[name]
        one = self._new.get(name) or self._old[name]
        while how in {"drops_links", "connects_twice"}:
            await asyncio.sleep(chance.uniform(*STRAYS_AFTER))
            if how == "drops_links":
                one.lose_link()
                continue
            spoken = NEW_PROTOCOL if name in self._new else frames.SUBPROTOCOL
            with contextlib.suppress(OSError, TimeoutError, ValueError, WebSocketException):
                async with connect(one.dialled, subprotocols=[Subprotocol(spoken)], compression=None, proxy=None):
                    await asyncio.sleep(0.1)
