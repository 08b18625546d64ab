"""Who holds a gateway's name, and what is seen of a gateway of which a part has ended."""

import asyncio
import contextlib
import threading
from types import SimpleNamespace

import psycopg

from charging.ocpp.gateway.desk import Desk
from charging.ocpp.gateway.notices import Notices
from charging.ocpp.gateway.window import Window
from charging.secret import Secret

LOCK = "SELECT pg_advisory_lock(hashtextextended('gateway g', 0))"
HOLDER = """SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@contextlib.asynccontextmanager
async def listening(world):
    """Listen as gateway g; yield what is told: `back` once it listens, `taken` if it is another's."""
    told = asyncio.Queue()
    notices = Notices(
        lambda: Secret(world.url),
        gateway="g",
        wanted={},
        is_back=lambda: told.put_nowait("back"),
        is_taken=lambda _: told.put_nowait("taken"),
    )
    notices.start()
    try:
        yield told
    finally:
        notices.end()


def quickly(monkeypatch):
    for name, value in (("_AGAIN_SECONDS", 0.02), ("_TRIES", 2), ("_LOOK_SECONDS", 0.05)):
        monkeypatch.setattr(f"charging.ocpp.gateway.notices.{name}", value)


def dial(world):
    return psycopg.connect(world.url.replace("+psycopg", ""), autocommit=True)


def test_a_gateway_whose_name_is_held_from_the_start_is_told_so(world, monkeypatch):
    quickly(monkeypatch)

    async def scenario():
        with dial(world) as other:
            other.execute(LOCK)
            async with listening(world) as told:
                return await asyncio.wait_for(told.get(), 20)

    assert asyncio.run(scenario()) == "taken"


def steal(killer, stale):
    """Give the name to another connection, by ending the one that holds it."""
    (pid,) = killer.execute(HOLDER).fetchone()
    waiting = threading.Thread(target=stale.execute, args=[LOCK])
    waiting.start()
    while not killer.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
        pass
    killer.execute("SELECT pg_terminate_backend(%s)", [pid])
    waiting.join()


def test_a_gateway_that_held_its_name_waits_until_it_is_free_again(world, monkeypatch):
    quickly(monkeypatch)
    warned = threading.Event()
    monkeypatch.setattr("charging.ocpp.gateway.notices._LOG.warning", lambda *_: warned.set())

    async def scenario():
        async with listening(world) as told:
            first = await asyncio.wait_for(told.get(), 20)
            with dial(world) as stale, dial(world) as killer:
                await asyncio.to_thread(steal, killer, stale)
                assert await asyncio.to_thread(warned.wait, 20)
                assert told.empty()
            return first, await asyncio.wait_for(told.get(), 20)

    assert asyncio.run(scenario()) == ("back", "back")


def test_a_gateway_of_which_a_part_has_ended_does_not_live():
    async def scenario():
        part = asyncio.create_task(asyncio.sleep(0), name="desk")
        window = Window(SimpleNamespace(), SimpleNamespace(is_up=True), parts=[part])
        before = window.answer("/healthz")
        await part
        return before, window.answer("/healthz")

    (before, _), (after, text) = asyncio.run(scenario())
    assert (before, after) == (200, 503)
    assert b"desk" in text


def test_the_desk_goes_on_after_an_error_that_nobody_expected(monkeypatch, tmp_path):
    monkeypatch.setattr("charging.ocpp.gateway.desk._BEAT_SECONDS", 0)
    again = asyncio.Event()
    asked = []

    async def ask(question):
        asked.append(question)
        if len(asked) == 1:
            raise LookupError("nobody expected this")
        again.set()
        return [], []

    async def scenario():
        tables = SimpleNamespace(is_up=True, ask=ask)
        desk = Desk(SimpleNamespace(sessions={}), tables, gateway="g", snapshot=tmp_path / "known")
        beating = asyncio.create_task(desk.beat())
        await asyncio.wait_for(again.wait(), 20)
        beating.cancel()

    asyncio.run(scenario())
    assert len(asked) >= 2
