"""What a gateway knows is written down by one at a time, also where it is stopped meanwhile."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from charging.ocpp.gateway import desk
from charging.ocpp.gateway.known import Known


def test_who_is_stopped_while_it_writes_down_what_is_known_ends_when_that_is_written(monkeypatch, tmp_path):
    written = []

    def slow(known, file):
        time.sleep(0.2)
        written.append((known, file))

    monkeypatch.setattr(desk, "keep", slow)
    known, file = Known(), tmp_path / "known"

    async def answered(_):
        return known

    async def scenario():
        tables = SimpleNamespace(ask=answered)
        hub = SimpleNamespace(known=None, learn=lambda _: None)
        reading = asyncio.create_task(desk.Desk(hub, tables, gateway="g", snapshot=file).read_routes())
        await asyncio.sleep(0.05)
        assert written == []
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert written == [(known, file)]

    asyncio.run(scenario())
