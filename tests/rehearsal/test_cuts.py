"""Six links cut while a wave runs: each station is at the one back-office where the engine says, or for a visit."""

import asyncio
import logging
from datetime import UTC, datetime
from random import Random

import pytest

from charging.clock import system_clock
from charging.migration.lifecycle import Stage
from rehearsal import frames, liars
from rehearsal.cuts import Cut, Link, Links
from rehearsal.network import Behaviour

AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """A back-office gives a silent station up as soon as the rehearsal's pace asks; a cut handshake is no news."""
    monkeypatch.setattr(frames, "ANSWER_WITHIN_SECONDS", liars.ANSWER_WITHIN_SECONDS)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)


def test_every_station_is_where_the_engine_says(database_url, target_database_url, tmp_path):
    behaviours = [Behaviour.GOOD, Behaviour.GOOD, Behaviour.RETURNS_TO_LEGACY]
    network, actors = liars.liars(7, each=3, behaviours=behaviours, as_of=AS_OF)
    urls, links = {"legacy": database_url, "target": target_database_url}, Links(Random(1))

    verdicts = asyncio.run(liars.move(network, actors, home=tmp_path, urls=urls, clock=system_clock, links=links))

    for one in verdicts:
        if one.stage is Stage.VERIFIED:
            assert (one.behaviour, one.was_at) == (Behaviour.GOOD, {"target"}), one.reason
        elif one.stage is Stage.ROLLED_BACK:
            assert (one.was_at, one.is_as_installed) == ({"legacy"}, True), one.reason
        else:
            assert (one.stage, bool(one.reason)) == (Stage.TO_SITE, True)
    assert len(links.links) == 6
    assert all(link.carried for link in links.links.values())
    assert links.cuts.total() >= 1


@pytest.mark.parametrize("way", [Cut.FORTH, Cut.BACK])
def test_holds_one_direction_back_until_the_link_is_healed(way):
    async def scenario():
        async def echo(reader, writer):
            writer.write(await reader.readline())

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        link = Link("echo", server.sockets[0].getsockname()[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", await link.open())
        link.sever(way)
        writer.write(b"hello\n")
        answer = asyncio.create_task(reader.readline())
        while not link.held:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        was_answered = answer.done()
        link.heal()
        said = await answer
        await link.close()
        server.close()
        return was_answered, said

    assert asyncio.run(scenario()) == (False, b"hello\n")
