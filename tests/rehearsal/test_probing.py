"""A station of each kind behind a real gateway is probed, and what it does is found in the recorded frames."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed

from charging.clock import system_clock
from charging.database import connection as database
from charging.database import tables
from charging.database.operations import gateway_links, gateway_routes
from charging.database.queries import gateway_flavours
from charging.errors import RouteRefused
from charging.ocpp.flavours.probes import Details, Probe
from charging.ocpp.flavours.recording import Behaviour
from charging.ocpp.gateway import probing
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.known import BackOffice
from charging.ocpp.gateway.options import Options
from charging.ocpp.gateway.program import Door, Plan, serve
from charging.ocpp.relay.rules import Rules
from charging.secret import Secret
from rehearsal.flash import Flash
from rehearsal.station import Station, new_memory

TOKEN = "04A1B2C3D4E5F6"


async def take(link):
    """Answer whatever a station says, as a back office does that has nothing against it."""
    answer = {"status": "Accepted", "interval": 900, "currentTime": "2026-11-20T18:00:00Z"}
    answer |= {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}
    try:
        async for message in link:
            frame = json.loads(message)
            if frame[0] == 2:
                await link.send(json.dumps([3, frame[1], answer]))
    except ConnectionClosed:
        pass


@pytest.fixture
def engine(migrated_url):
    made = database.connect(Secret(migrated_url))
    yield made
    made.dispose()


@pytest.fixture
def held(engine, migrated_url, tmp_path, network, running, eventually):
    """Return an asynchronous context in which a gateway holds a station that has begun to talk."""

    def route(station_id, address):
        change = gateway_routes.Change(by="tester", reason="a test", at=system_clock())
        with engine.begin() as connection:
            gateway_routes.set_back_office(connection, BackOffice(name="csms", address=address), change=change)
            gateway_routes.set_routes(connection, [station_id], "csms", change=change)
            gateway_routes.set_credential(connection, station_id, Credential(is_open=True), change=change)

    def has_introduced_itself():
        with engine.connect() as connection:
            return connection.scalar(sa.select(tables.frame.c.place).where(tables.frame.c.kind == 3).limit(1))

    @asynccontextmanager
    async def opened(truth):
        flash, until = Flash(tmp_path / "flash.sqlite"), asyncio.Event()
        listening = asyncio.get_running_loop().create_future()
        plan = Plan(
            name="gateway",
            folder=tmp_path / "gateway",
            address=lambda: Secret(migrated_url),
            clock=system_clock,
            options=Options(drain_seconds=1.0, rules=replace(Rules(), quiet=timedelta(0))),
            doors=(Door(host="127.0.0.1", port=0, context=None, setting="gateway.plain_text_apn"),),
            metrics_port=0,
            frames_days=30,
        )
        async with serve_websockets(take, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None) as office:
            address = f"ws://127.0.0.1:{office.sockets[0].getsockname()[1]}/csms/{{identity}}"
            await asyncio.to_thread(route, truth.station_id, address)
            gateway = asyncio.create_task(serve(plan, opened=listening.set_result, until=until))
            port = (await listening).ports[0]
            station = Station(
                truth,
                new_memory(truth, network, url=f"ws://127.0.0.1:{port}/ocpp"),
                network=network,
                flash=flash,
                clock=system_clock,
                gate=asyncio.Semaphore(1),
                on_charged=lambda _: None,
            )
            async with running(station):
                await eventually(has_introduced_itself, what="the first answer in the tables")
                yield station
            until.set()
            await gateway
        flash.close()

    return opened


def probed(engine, station_id, probe, **details):
    ready = probing.prepare(engine, station_id, probe, Details(**details), at=system_clock())
    return probing.do(engine, ready, by="tester", reason="a test", clock=system_clock)


async def everything(engine, held, truth):
    """Do each probe in turn; return what was shown, by probe."""
    image = "http://images.example/f.bin?version=9.9"
    async with held(truth):
        return {
            probe: await asyncio.to_thread(probed, engine, truth.station_id, probe, token=TOKEN, image=image)
            for probe in (Probe.LINK, Probe.START, Probe.STOP, Probe.REBOOT, Probe.FIRMWARE)
        }


def test_fills_the_table_by_probes_with_frames_as_proof(engine, held, network, one_of):
    truth = one_of(network, "A", open_session_id=None)

    done = asyncio.run(everything(engine, held, truth))

    assert {probe: one.outcome for probe, one in done.items()} == dict.fromkeys(Probe, "shown")
    shown = {one.behaviour: one.is_followed for each in done.values() for one in each.seen}
    assert shown == dict.fromkeys(set(Behaviour) - {Behaviour.STAYS_FAULTED}, True)
    with engine.connect() as connection:
        kept = gateway_flavours.kept(connection)
        probes = connection.execute(sa.select(tables.flavour_probe).order_by("probe_number")).mappings().all()
        frames = connection.execute(sa.select(tables.frame)).mappings().all()
        orders = connection.execute(sa.select(tables.station_order.c.action)).scalars().all()
    assert [(row["kind"], row["outcome"]) for row in probes] == [(probe, "shown") for probe in done]
    assert orders == ["RemoteStartTransaction", "RemoteStopTransaction", "Reset", "UpdateFirmware"]
    assert {(row.learnt.vendor, row.learnt.model, row.source) for row in kept} == {
        (truth.vendor, truth.model, "probed")
    }
    assert {row.learnt.firmware for row in kept} == {truth.firmware, "9.9"}
    actions = {f"{row['gateway']}/{row['segment']}/{row['place']}": row["action"] for row in frames}
    (start,) = done[Probe.START].seen
    assert [actions[proof] for proof in start.proofs] == ["StartTransaction", "StatusNotification"]


@pytest.mark.parametrize("deaf_to", [pytest.param(0, id="at once"), pytest.param(2, id="told three times")])
def test_sees_what_a_station_does_not_do(engine, held, network, one_of, monkeypatch, deaf_to):
    truth = one_of(network, "C", open_session_id=None)  # boots on no new link, and tells no status there

    async def lose():
        async with held(truth):
            ready = probing.prepare(engine, truth.station_id, Probe.LINK, Details(), at=system_clock())
            done = asyncio.create_task(
                asyncio.to_thread(probing.do, engine, ready, by="tester", reason="a test", clock=skipping)
            )
            return await done

    skipped, unheard = iter([timedelta(0)] * 3), iter([None] * deaf_to)

    def skipping():
        """Two minutes pass as soon as the station is back."""
        with engine.connect() as connection:
            ups = connection.scalar(sa.select(sa.func.count()).where(tables.link_event.c.is_up))
        return system_clock() + (next(skipped, timedelta(minutes=2)) if ups > 1 else timedelta(0))

    def tell(connection, message):
        if next(unheard, message) is not None:
            told(connection, message)

    told = gateway_links.tell
    monkeypatch.setattr(gateway_links, "tell", tell)
    monkeypatch.setattr(probing, "_LOOK_SECONDS", 0.5)
    done = asyncio.run(lose())

    assert done.outcome == "shown"
    assert {one.behaviour: one.is_followed for one in done.seen} == {
        Behaviour.BOOTS_AFTER_LINK_LOSS: False,
        Behaviour.TELLS_AFTER_LINK_LOSS: False,
    }
    with engine.connect() as connection:
        (kept,) = gateway_flavours.kept(connection)
    assert {
        behaviour: (cell.followed, cell.events) for behaviour, cell in kept.learnt.cells.items() if cell.events
    } == {
        Behaviour.BOOTS_AFTER_LINK_LOSS: (0, 1),
        Behaviour.TELLS_AFTER_LINK_LOSS: (0, 1),
    }


def test_does_nothing_to_a_station_that_is_not_there(engine):
    with pytest.raises(RouteRefused, match="it has no link to a gateway now"):
        probing.prepare(engine, "NOBODY", Probe.LINK, Details(), at=system_clock())


def test_ends_no_charge_where_none_is_running(engine, held, network, one_of):
    truth = one_of(network, "A", open_session_id=None)

    async def stop():
        async with held(truth):
            return await asyncio.to_thread(probed, engine, truth.station_id, Probe.STOP)

    with pytest.raises(RouteRefused, match="none is running there"):
        asyncio.run(stop())
